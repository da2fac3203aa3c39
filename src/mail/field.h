#ifndef MAIL_FIELD_H
#define MAIL_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * The header of a message: its fields in order, each the bytes of its lines
 * with CRLF ends.  A field's name ends before the colon; blanks may stand
 * between (RFC 5322, 4.5).
 *
 * A CRLF is put behind whatever is added without one.  `octets` and the fields'
 * offsets are kept right by the functions here; everybody else only reads.
 */
struct field {
	char  *text;       /* all of it, NUL-terminated at `len`; the last bytes are CRLF */
	size_t len, cap;
	size_t name_len;
	size_t body;       /* offset behind the colon */
};

struct header {
	struct field *v;
	size_t len, cap;
	size_t octets;     /* of all fields together */
};

void header_init(struct header *h);
void header_release(struct header *h);

/*
 * Whether a line (its CRLF gone or not) starts a field: printable ASCII but
 * the colon, blanks, a colon.  On success *name_len and *body are set.
 */
bool field_parse(const char *line, size_t n, size_t *name_len, size_t *body);

bool field_is(const struct field *f, const char *name);

/* Append a copy of a whole field, n bytes; false if it is none. */
bool header_add(struct header *h, const char *text, size_t n);
/* A continuation line for the last field, which must be there. */
void header_continue(struct header *h, const char *text, size_t n);
/* One line of a header: it begins a field or continues the last one.  False if it is neither. */
bool header_add_line(struct header *h, const char *line, size_t n);
/* A new field "name: body\r\n" put before the one at `at` (h->len: at the end). */
void header_insert(struct header *h, size_t at, const char *name, const char *body);
/* Other bytes behind the colon, as they are: bring the blank along. */
void header_replace_body(struct header *h, size_t at, const char *body, size_t n);
void header_remove_all(struct header *h, const char *name);
/* The first field of that name at or behind `from`; h->len if there is none. */
size_t header_find(const struct header *h, const char *name, size_t from);

/*
 * The newest block of Resent- fields (RFC 5322, 3.6.6: prepended, so the first):
 * [*first, *end).  It ends where another field stands, or where a Resent- field
 * comes again that an older block must have brought; the same one twice in
 * succession is one block.  False if there is no Resent- field.
 */
bool header_resent(const struct header *h, size_t *first, size_t *end);

/* The body unfolded (RFC 5322, 2.2.3): CRLFs gone, blanks at both ends gone. */
void field_unfold(const struct field *f, struct buf *out);

#endif
