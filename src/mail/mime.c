#include "mail/mime.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "mail/encode.h"

enum {
	BLOCK = 64 * 1024,
	LINE_KEPT = 8192,            /* of a line of a header; of other lines less would do */
	PART_HEADER_MAX = 256 * 1024,
	BOUNDARY_MAX = 1000,         /* RFC 2046 says 70 */
};

/* --- Content-Type --- */

/* Blanks and comments, which nest. */
static const char *skip(const char *p)
{
	int depth = 0;

	for (; *p != '\0' && (depth > 0 || str_is_space(*p) || *p == '('); p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '(')
			depth++;
		else if (*p == ')' && depth > 0)
			depth--;
	}
	return p;
}

/* A token or a quoted string; what stood there instead of either is left to the caller. */
static const char *take_word(const char *p, struct buf *out)
{
	static const char specials[] = "()<>@,;:\\\"[]?=";

	buf_reset(out);
	if (*p != '"') {
		while (*p > ' ' && *p < 127 && strchr(specials, *p) == NULL)
			buf_putc(out, *p++);
		return p;
	}
	for (p++; *p != '\0' && *p != '"'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		buf_putc(out, *p);
	}
	return *p == '"' ? p + 1 : p;
}

static const char *take_type(const char *p, struct buf *type)
{
	struct buf word;

	buf_init(&word, BOUNDARY_MAX);
	buf_reset(type);
	p = take_word(skip(p), &word);
	buf_puts(type, word.data);
	p = skip(p);
	if (*p == '/') {
		p = take_word(skip(p + 1), &word);
		buf_printf(type, "/%s", word.data);
	}
	for (size_t i = 0; i < type->len; i++)
		type->data[i] = str_lower(type->data[i]);
	buf_release(&word);
	return skip(p);
}

bool mime_type(const char *body, struct buf *type, const char *name, struct buf *value)
{
	const char *p = take_type(body, type);
	struct buf key;
	bool found = false;

	buf_init(&key, BOUNDARY_MAX);
	while (name != NULL && !found && *p == ';') {
		p = skip(take_word(skip(p + 1), &key));
		if (*p != '=')
			continue;
		p = skip(take_word(skip(p + 1), value));
		found = str_iequal(key.data, name);
	}
	buf_release(&key);
	return found;
}

/* --- the scan --- */

/* A multipart that we are in. */
struct level {
	char *boundary;
	bool  digest;                /* its parts are messages unless they say otherwise */
};

struct scan {
	struct mime *mime;
	const struct message *m;
	struct level levels[MIME_DEPTH_MAX];
	size_t depth;
	enum { IN_HEADER, IN_LEAF, IN_BETWEEN } where;
	struct header header;        /* of the part that begins */
	size_t part;                 /* the one that we are in */
	struct buf line;             /* the first octets of the current one */
	uint64_t at, line_at;        /* offsets of the next octet, and of the line's first */
	uint64_t before;             /* where the line before it ended, without its CRLF */
	struct buf utf8;             /* octets of the part that are to be seen together */
	bool too_many;
};

static struct mime_part *part_of(const struct scan *s)
{
	return &s->mime->v[s->part];
}

static bool add_part(struct scan *s)
{
	struct mime *m = s->mime;

	if (m->len == MIME_PARTS_MAX) {
		s->too_many = true;
		return false;
	}
	if (m->len == m->cap) {
		m->cap = m->cap == 0 ? 8 : 2 * m->cap;
		m->v = alloc_array(m->v, m->cap, sizeof(*m->v));
	}
	s->part = m->len++;
	m->v[s->part] = (struct mime_part){ .header = s->at, .body = s->at, .end = s->at, .is_utf8 = true };
	header_release(&s->header);
	s->where = IN_HEADER;
	return true;
}

static bool unfold(const struct header *h, const char *name, struct buf *out)
{
	size_t at = header_find(h, name, 0);

	if (at == h->len)
		return false;
	field_unfold(&h->v[at], out);
	return true;
}

static enum mime_encoding encoding_of(const struct header *h)
{
	static const struct {
		const char *name;
		enum mime_encoding encoding;
	} names[] = {
		{ "7bit", MIME_PLAIN },
		{ "8bit", MIME_PLAIN },
		{ "binary", MIME_PLAIN },
		{ "quoted-printable", MIME_QUOTED_PRINTABLE },
		{ "base64", MIME_BASE64 },
	};
	struct buf body, word;
	enum mime_encoding encoding = MIME_OTHER;

	buf_init(&body, BOUNDARY_MAX);
	buf_init(&word, BOUNDARY_MAX);
	if (!unfold(h, "Content-Transfer-Encoding", &body))
		encoding = MIME_PLAIN;
	else
		take_word(skip(body.data), &word);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (str_iequal(word.data, names[i].name))
			encoding = names[i].encoding;
	buf_release(&word);
	buf_release(&body);
	return encoding;
}

/* What nobody may touch: RFC 1847 for the multiparts, and messages that are not whole ones. */
static bool is_sealed(const char *type)
{
	static const char *const sealed[] = {
		"multipart/signed", "multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime",
		"message/partial", "message/external-body", "message/delivery-status",
		"message/disposition-notification", "message/global",
	};

	for (size_t i = 0; i < COUNT_OF(sealed); i++)
		if (strcmp(type, sealed[i]) == 0)
			return true;
	return false;
}

/* Signed by a server on its way. */
static bool has_signature(const struct header *h)
{
	static const char *const names[] = { "DKIM-Signature", "ARC-Message-Signature", "DomainKey-Signature" };

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (header_find(h, names[i], 0) < h->len)
			return true;
	return false;
}

static void enter_multipart(struct scan *s, const char *type, const char *boundary)
{
	s->levels[s->depth++] = (struct level){
		.boundary = alloc_copy(boundary),
		.digest = strcmp(type, "multipart/digest") == 0,
	};
	part_of(s)->is_container = true;
	s->where = IN_BETWEEN;
}

/* Its header is whole: what is it? */
static void classify(struct scan *s, const struct header *h)
{
	struct mime_part *p = part_of(s);
	bool digest = s->depth > 0 && s->levels[s->depth - 1].digest && !p->is_message;
	struct buf body, type, boundary;

	buf_init(&body, LINE_KEPT);
	buf_init(&type, BOUNDARY_MAX);
	buf_init(&boundary, BOUNDARY_MAX);
	p->body = s->at;
	p->has_type = unfold(h, "Content-Type", &body);
	p->encoding = encoding_of(h);
	if (!p->has_type)
		buf_puts(&body, digest ? "message/rfc822" : "text/plain");
	s->where = IN_LEAF;
	if (!mime_type(body.data, &type, "boundary", &boundary))
		buf_reset(&boundary);
	p->is_text = str_starts(type.data, "text/");
	p->is_sealed = p->is_sealed || is_sealed(type.data) || (p->is_message && has_signature(h)) || !buf_ok(&body);
	if (p->is_sealed)
		;
	else if (str_starts(type.data, "multipart/") && boundary.len > 0 && s->depth < MIME_DEPTH_MAX)
		enter_multipart(s, type.data, boundary.data);
	else if (strcmp(type.data, "message/rfc822") == 0 && p->encoding == MIME_PLAIN) {
		p->is_container = true;
		if (add_part(s))
			part_of(s)->is_message = true;
	} else if (str_starts(type.data, "multipart/") || str_starts(type.data, "message/"))
		p->is_sealed = true;
	buf_release(&boundary);
	buf_release(&type);
	buf_release(&body);
}

/* Which multipart's boundary the line is: its index, or `depth`; `last` for the closing one. */
static size_t find_boundary(const struct scan *s, bool *last)
{
	const char *line = s->line.data;
	size_t len = s->line.len;

	if (!str_starts(line, "--"))
		return s->depth;
	while (len > 0 && str_is_space(line[len - 1]))
		len--;
	for (size_t i = s->depth; i-- > 0;) {
		size_t n = strlen(s->levels[i].boundary);

		if (len < n + 2 || memcmp(line + 2, s->levels[i].boundary, n) != 0)
			continue;
		*last = len == n + 4 && memcmp(line + n + 2, "--", 2) == 0;
		if (*last || len == n + 2)
			return i;
	}
	return s->depth;
}

static void leave(struct scan *s, size_t depth)
{
	while (s->depth > depth)
		free(s->levels[--s->depth].boundary);
}

/* The CRLF before a boundary belongs to it (RFC 2046, 5.1.1). */
static void end_part(struct scan *s, uint64_t end)
{
	struct mime_part *p = part_of(s);

	p->is_utf8 = p->is_utf8 && str_is_utf8(s->utf8.data, s->utf8.len);
	buf_reset(&s->utf8);
	p->end = end > p->body ? end : p->body;
}

static void take_boundary(struct scan *s, size_t level, bool last)
{
	if (s->where == IN_HEADER)
		classify(s, &s->header); /* a part without any body */
	if (s->where == IN_LEAF)
		end_part(s, s->before);
	leave(s, level + !last);
	s->where = IN_BETWEEN;
	if (!last)
		add_part(s);
}

static void take_header_line(struct scan *s)
{
	const char *line = s->line.data;
	size_t n = s->line.len;

	if (n == 2 && *line == '\r')
		classify(s, &s->header);
	else if (s->header.octets > PART_HEADER_MAX || !buf_ok(&s->line))
		part_of(s)->is_sealed = true;
	else if (!header_add_line(&s->header, line, n))
		part_of(s)->is_sealed = true; /* no header that could be written again */
}

/* The current line is whole, `s->at` stands behind it. */
static void end_line(struct scan *s)
{
	bool last = false;
	size_t level = find_boundary(s, &last);
	struct mime_part *p = part_of(s);
	uint64_t len = s->at - s->line_at - 2;

	if (level < s->depth)
		take_boundary(s, level, last);
	else if (s->where == IN_HEADER)
		take_header_line(s);
	else if (s->where == IN_LEAF && len > p->longest_line)
		p->longest_line = len;
	s->before = s->at - 2;
	s->line_at = s->at;
	buf_reset(&s->line);
}

/* UTF-8 is looked at in pieces that end with a line. */
static void see_utf8(struct scan *s, const char *p, size_t n)
{
	struct mime_part *part = part_of(s);

	if (!part->has_8bit || !part->is_utf8)
		return;
	buf_add(&s->utf8, p, n);
	if (p[n - 1] != '\n')
		return;
	part->is_utf8 = str_is_utf8(s->utf8.data, s->utf8.len) && buf_ok(&s->utf8);
	buf_reset(&s->utf8);
}

/* Octets of one line, without a break before its end. */
static void take(struct scan *s, const char *p, size_t n)
{
	struct mime_part *part = part_of(s);

	buf_add(&s->line, p, n);
	s->at += n;
	if (s->where == IN_LEAF) {
		part->has_8bit |= !str_is_ascii(p, n);
		see_utf8(s, p, n);
		part->octets += n;
		for (size_t i = 0; i < n; i++)
			part->escaped += quoted_printable_escapes(p[i]) && p[i] != '\r' && p[i] != '\n';
	}
	if (p[n - 1] == '\n')
		end_line(s);
}

static bool scan_body(struct scan *s)
{
	struct message_source source = { .m = s->m, .part = SOURCE_BODY };
	char *block = alloc(BLOCK);
	long n = 0;

	while (!s->too_many && (n = message_next(&source, block, BLOCK)) > 0)
		for (char *p = block, *end = block + n; p < end && !s->too_many;) {
			char *lf = memchr(p, '\n', (size_t)(end - p));
			size_t some = (size_t)((lf != NULL ? lf + 1 : end) - p);

			take(s, p, some);
			p += some;
		}
	free(block);
	if (s->too_many)
		errno = 0;
	return n >= 0 && !s->too_many;
}

bool mime_scan(struct mime *out, const struct message *m)
{
	struct scan s = { .mime = out, .m = m };
	bool ok;

	*out = (struct mime){ 0 };
	header_init(&s.header);
	buf_init(&s.line, LINE_KEPT);
	buf_init(&s.utf8, 2 * BLOCK);
	add_part(&s);
	out->v[0].is_top = out->v[0].is_message = true;
	classify(&s, &m->header);
	ok = scan_body(&s);
	if (ok && s.where == IN_HEADER)
		classify(&s, &s.header);
	if (ok && s.where == IN_LEAF)
		end_part(&s, s.at);
	leave(&s, 0);
	buf_release(&s.utf8);
	buf_release(&s.line);
	header_release(&s.header);
	if (!ok)
		mime_release(out);
	return ok;
}

void mime_release(struct mime *m)
{
	free(m->v);
	*m = (struct mime){ 0 };
}
