#include "mail/field.h"

#include "base/alloc.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

void header_init(struct header *h)
{
	*h = (struct header){ 0 };
}

void header_release(struct header *h)
{
	for (size_t i = 0; i < h->len; i++)
		free(h->v[i].text);
	free(h->v);
	header_init(h);
}

bool field_parse(const char *line, size_t n, size_t *name_len, size_t *body)
{
	size_t name = 0, colon;

	while (name < n && line[name] > ' ' && line[name] < 127 && line[name] != ':')
		name++;
	for (colon = name; colon < n && str_is_blank(line[colon]);)
		colon++;
	if (name == 0 || colon == n || line[colon] != ':')
		return false;
	*name_len = name;
	*body = colon + 1;
	return true;
}

bool field_is(const struct field *f, const char *name)
{
	return f->name_len == strlen(name) && str_iequaln(f->text, name, f->name_len);
}

/* n bytes, and a CRLF unless they end in one. */
static void append(struct field *f, const char *text, size_t n)
{
	bool ended = n >= 2 && memcmp(text + n - 2, "\r\n", 2) == 0;
	size_t need = f->len + n + sizeof("\r\n");

	if (need > f->cap) {
		f->cap = need > f->cap * 2 ? need : f->cap * 2;
		f->text = alloc_array(f->text, f->cap, 1);
	}
	memcpy(f->text + f->len, text, n);
	f->len += n;
	if (!ended) {
		memcpy(f->text + f->len, "\r\n", 2);
		f->len += 2;
	}
	f->text[f->len] = '\0';
}

/* Make a place for a field before the one at `at`. */
static struct field *make_room(struct header *h, size_t at)
{
	if (h->len == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 32;
		h->v = alloc_array(h->v, h->cap, sizeof(*h->v));
	}
	memmove(&h->v[at + 1], &h->v[at], (h->len - at) * sizeof(*h->v));
	h->v[at] = (struct field){ 0 };
	h->len++;
	return &h->v[at];
}

bool header_add(struct header *h, const char *text, size_t n)
{
	size_t name_len, body;
	struct field *f;

	if (!field_parse(text, n, &name_len, &body))
		return false;
	f = make_room(h, h->len);
	f->name_len = name_len;
	f->body = body;
	append(f, text, n);
	h->octets += f->len;
	return true;
}

void header_continue(struct header *h, const char *text, size_t n)
{
	struct field *f = &h->v[h->len - 1];

	h->octets -= f->len;
	append(f, text, n);
	h->octets += f->len;
}

bool header_add_line(struct header *h, const char *line, size_t n)
{
	if (h->len == 0 || !str_is_blank(*line))
		return header_add(h, line, n);
	header_continue(h, line, n);
	return true;
}

void header_insert(struct header *h, size_t at, const char *name, const char *body)
{
	struct field *f = make_room(h, at);
	char *text = alloc_printf("%s: %s", name, body);

	f->name_len = strlen(name);
	f->body = f->name_len + 1;
	append(f, text, strlen(text));
	h->octets += f->len;
	free(text);
}

void header_replace_body(struct header *h, size_t at, const char *body, size_t n)
{
	struct field *f = &h->v[at];

	h->octets -= f->len;
	f->len = f->body;
	append(f, body, n);
	h->octets += f->len;
}

void header_remove_all(struct header *h, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->len; i++) {
		if (!field_is(&h->v[i], name)) {
			h->v[kept++] = h->v[i];
			continue;
		}
		h->octets -= h->v[i].len;
		free(h->v[i].text);
	}
	h->len = kept;
}

size_t header_find(const struct header *h, const char *name, size_t from)
{
	while (from < h->len && !field_is(&h->v[from], name))
		from++;
	return from;
}

static bool is_resent(const struct field *f)
{
	return f->name_len > strlen("Resent-") && str_istarts(f->text, "Resent-");
}

/* A bit for each field that a block has once; 0 for others. */
static unsigned resent_kind(const struct field *f)
{
	static const char *const kinds[] = {
		"Resent-Date", "Resent-From", "Resent-Sender", "Resent-To",
		"Resent-Cc", "Resent-Bcc", "Resent-Message-ID", "Resent-Reply-To",
	};

	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (field_is(f, kinds[i]))
			return 1U << i;
	return 0;
}

bool header_resent(const struct header *h, size_t *first, size_t *end)
{
	unsigned seen = 0, kind, last = 0;
	size_t i = 0;

	while (i < h->len && !is_resent(&h->v[i]))
		i++;
	for (*first = i; i < h->len && is_resent(&h->v[i]); i++, last = kind) {
		kind = resent_kind(&h->v[i]);
		if ((seen & kind) != 0 && kind != last)
			break;
		seen |= kind;
	}
	*end = i;
	return *first < h->len;
}

void field_unfold(const struct field *f, struct buf *out)
{
	size_t from = f->body, end = f->len;

	while (from < end && str_is_space(f->text[from]))
		from++;
	while (end > from && str_is_space(f->text[end - 1]))
		end--;
	for (; from < end; from++)
		if (f->text[from] != '\r' && f->text[from] != '\n')
			buf_putc(out, f->text[from]);
}
