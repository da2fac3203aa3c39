#ifndef MAIL_PARSER_H
#define MAIL_PARSER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/status.h"
#include "mail/message.h"

/*
 * Bytes in, in pieces of any size, a message out.  It does what SPEC.md says
 * under "What happens to a message":
 *
 * - Every LF, with the CRs before it, becomes one CRLF; any other CR a blank;
 *   NUL is dropped, before anything else is looked at.  Text behind the last
 *   LF gets one.
 * - A lone dot ends the message and a leading dot in front of another goes,
 *   unless dots_are_text.
 * - `From ` and `>From ` lines at the top are dropped if a field follows.
 * - The header ends with an empty line, which is not kept, or with a line that
 *   is neither field nor continuation: that one is the body's first.
 *
 * Lines may be of any length.  Feeding never fails visibly: after a failure, or
 * the lone dot, the rest is thrown away.  Ask once, at the end.
 */
struct parser {
	struct message        *message;
	struct message_options options;
	struct buf field;          /* the field being read; its last line at `line` */
	size_t     line;
	struct buf postmarks;      /* `From ` lines that wait for a field */
	size_t     crs;            /* seen, and not yet known to end the line */
	uint64_t   line_octets;    /* of this line so far, in the body */
	bool       at_line_start;
	bool       dot;            /* the line is a dot so far */
	bool       settled;        /* this header line belongs to a field */
	bool       in_body;
	bool       done;
	struct status failure;     /* EX_OK: none */
};

void parser_init(struct parser *p, struct message *m, const struct message_options *o);
/* Octets of memory that it and the message take, about. */
size_t parser_held(const struct parser *p);
void parser_feed(struct parser *p, const char *bytes, size_t n);

/*
 * No more is coming.  EX_DATAERR if the message is larger than allowed or its
 * header larger than HEADER_MAX, EX_TEMPFAIL if it could not be stored.  Frees
 * what is the parser's own, either way.
 */
bool parser_end(struct parser *p, struct status *st);

#endif
