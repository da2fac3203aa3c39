#ifndef MAIL_MESSAGE_H
#define MAIL_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/status.h"
#include "mail/field.h"

/*
 * A message as it was read: the header as fields, the body in wire form (CRLF
 * line ends, dots not doubled), in memory while it is small and else in an
 * unlinked file.  Memory does not grow with the body.
 */
struct message_options {
	bool     dots_are_text;    /* -i: a lone dot does not end the message */
	uint64_t max_octets;       /* 0 is none; more is EX_DATAERR, after draining */
};

struct message {
	struct header header;
	struct buf body;           /* while it is small; see message_source */
	int      fd;               /* the rest of it, -1 if there is none */
	uint64_t body_octets;
	bool     header_8bit, body_8bit;
	size_t   longest_line;     /* of the body, without CRLF */
	uint64_t nuls, lone_crs;   /* dropped, and turned into blanks */
};

void message_init(struct message *m);
void message_release(struct message *m);

/*
 * Read from fd to its end, without a time limit and without seeking.  SPEC.md,
 * "What happens to a message", says what becomes of line ends, dots, `From `
 * lines and what is no field.  EX_IOERR (74) if it cannot be read, EX_DATAERR
 * if it is larger than allowed or its header larger than HEADER_MAX (fd is
 * drained all the same), EX_TEMPFAIL if it cannot be stored.
 */
enum { HEADER_MAX = 16 * 1024 * 1024 };
bool message_read(struct message *m, int fd, const struct message_options *o, struct status *st);

/* Octets on the wire: header, blank line, body. */
uint64_t message_octets(const struct message *m);

/*
 * The bytes of the message in wire form, in order.  Rewind by starting anew;
 * several sources of one message do not disturb each other.
 */
struct message_source {
	const struct message *m;
	size_t   field;
	uint64_t offset;
	bool     in_body, after_header;
};

void message_start(struct message_source *s, const struct message *m);
/* Up to n bytes; 0 at the end, -1 with errno if the file cannot be read. */
long message_next(struct message_source *s, void *out, size_t n);

#endif
