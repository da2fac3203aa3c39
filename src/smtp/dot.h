#ifndef SMTP_DOT_H
#define SMTP_DOT_H

#include <stdbool.h>
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

/*
 * And back: what was received, up to and without the lone dot.  Where lines end
 * is for the caller to say.  `strict`: with CRLF and nothing else; a bare LF or
 * CR is text, so no sender can have another idea of where the data ends than
 * we do.  Otherwise with LF, and the CRs before it are its own.
 */
struct undot {
	bool strict;
	enum { UNDOT_LINE_START, UNDOT_DOT, UNDOT_IN_LINE, UNDOT_AFTER_CR, UNDOT_END } state;
	size_t crs;                /* behind the dot, and not yet known to end the line */
};

void undot_init(struct undot *u, bool strict);
/* How many octets were taken: all, or those up to the end of the data, where `state` is UNDOT_END. */
size_t undot_decode(struct undot *u, struct buf *out, const char *p, size_t n);

#endif
