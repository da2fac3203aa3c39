#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "mail/field.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
	if (!condition)
		abort();
}

/* Lines into the header as the reader of a message would put them. */
static void add_lines(struct header *h, const char *text, size_t n)
{
	while (n > 0) {
		const char *end = memchr(text, '\n', n);
		size_t line = end ? (size_t)(end - text) + 1 : n;

		header_add_line(h, text, line);
		text += line;
		n -= line;
	}
}

static void check(const struct header *h)
{
	size_t octets = 0, first, end;
	struct buf body;

	buf_init(&body, SIZE_MAX / 2);
	for (size_t i = 0; i < h->len; i++) {
		const struct field *f = &h->v[i];

		must(f->text[f->len] == '\0' && memcmp(f->text + f->len - 2, "\r\n", 2) == 0);
		must(f->text[f->body - 1] == ':' && f->name_len < f->body && f->body <= f->len - 2);
		field_unfold(f, &body);
		must(memchr(body.data, '\n', body.len) == NULL);
		buf_reset(&body);
		octets += f->len;
	}
	must(octets == h->octets);
	must(header_resent(h, &first, &end) == (first < h->len) && first <= end && end <= h->len);
	buf_release(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct header h;

	header_init(&h);
	add_lines(&h, (const char *)data, size);
	check(&h);
	if (h.len > 1) {
		header_replace_body(&h, h.len / 2, (const char *)data, size % 50);
		header_insert(&h, h.len / 2, "Date", "x");
		header_remove_all(&h, "To");
		check(&h);
	}
	header_release(&h);
	return 0;
}
