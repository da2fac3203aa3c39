#ifndef SMTP_DOT_H
#define SMTP_DOT_H

#include <stddef.h>

#include "base/buf.h"

/*
 * Dot-stuffing (RFC 5321, 4.5.2) of a message that is CRLF throughout: bytes in,
 * in pieces of any size, bytes out.
 */
struct dot {
	enum { DOT_LINE_START, DOT_IN_LINE, DOT_AFTER_CR } state;
};

void dot_init(struct dot *d);
void dot_encode(struct dot *d, struct buf *out, const char *p, size_t n);
/* The end of the data: a CRLF if the last line lacks one, then the lone dot. */
void dot_finish(struct dot *d, struct buf *out);

#endif
