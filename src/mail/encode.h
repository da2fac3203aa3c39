#ifndef MAIL_ENCODE_H
#define MAIL_ENCODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * The two encodings of MIME that make lines of at most 76 octets, all of them
 * ASCII (RFC 2045, 6.7 and 6.8).  Octets go in in pieces of any size, and what
 * comes out is appended to `out`.  Start with all members zero.
 */
struct encoder {
	size_t column;
	unsigned char held[3];     /* base64: octets that make no group of three yet */
	size_t held_len;
	char blank;                /* quoted-printable: a blank that may be the line's last, or 0 */
	bool cr;                   /* ... and a CR whose LF is to come */
};

/* Text: CRLF stays a line's end. */
void quoted_printable_add(struct encoder *e, struct buf *out, const char *p, size_t n);
void quoted_printable_end(struct encoder *e, struct buf *out);

/* Anything; ends in a CRLF if there was anything. */
void base64_add(struct encoder *e, struct buf *out, const char *p, size_t n);
void base64_end(struct encoder *e, struct buf *out);

/* Whether quoted-printable must write the octet as =XX. */
bool quoted_printable_escapes(char c);

#endif
