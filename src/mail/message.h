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
 * line ends, dots not doubled).  A body of up to BODY_IN_MEMORY octets is in
 * memory; of a larger one the first part is in an unlinked file and only the
 * rest, as much again at the most, in memory.  Read it with a message_source.
 */
enum { HEADER_MAX = 16 * 1024 * 1024, BODY_IN_MEMORY = 1024 * 1024 - 1 };

struct message_options {
	bool     dots_are_text;    /* -i: a lone dot does not end the message */
	uint64_t max_octets;       /* 0 is none; more is EX_DATAERR, after draining */
	size_t   in_memory;        /* instead of BODY_IN_MEMORY; 0: that */
};

struct message {
	struct header header;
	int        fd;             /* the body's first octets, -1 if there is no file */
	uint64_t   fd_at;          /* where in the file they start */
	struct buf body;           /* its last ones: all of it without a file */
	uint64_t   body_octets;
	bool       header_8bit, body_8bit;
	uint64_t   longest_line;   /* of the body, without CRLF */
	uint64_t   nuls, lone_crs; /* dropped, and turned into blanks */
};

void message_init(struct message *m);
void message_release(struct message *m);

/*
 * Read from fd to its end, without a time limit and without seeking, through a
 * parser (mail/parser.h).  EX_IOERR if it cannot be read, else what the parser
 * found wrong, after reading all there is.  A message that ended with a lone
 * dot is read on as well, unless it comes from a terminal.
 */
bool message_read(struct message *m, int fd, const struct message_options *o, struct status *st);

/*
 * A message that stands in wire form in a file, `octets` long from `at` on: its
 * header is read, its body stays there.  Takes fd.  False if it cannot be read
 * or its header is none, errno 0 for that.
 */
bool message_open(struct message *m, int fd, uint64_t at, uint64_t octets);

/* Append to the body what is wire form already; false and errno if it cannot be stored. */
bool message_add_body(struct message *m, const char *p, size_t n);

/* Octets on the wire: header, blank line, body. */
uint64_t message_octets(const struct message *m);

/* Octets of memory that it takes, about: many small fields take more than their text. */
size_t message_held(const struct message *m);

/*
 * The bytes of the message in wire form, in order.  Rewind by starting anew;
 * several sources of one message do not disturb each other.  The message must
 * not change meanwhile.
 */
struct message_source {
	const struct message *m;
	enum { SOURCE_HEADER, SOURCE_BLANK_LINE, SOURCE_BODY } part;
	size_t   field;            /* the next octet is this one's, in the header */
	uint64_t offset;           /* into the field, the blank line or the body */
};

void message_start(struct message_source *s, const struct message *m);
/* Up to n bytes; 0 at the end, -1 with errno if the file cannot be read. */
long message_next(struct message_source *s, void *out, size_t n);

/* All of it to a descriptor; false and errno if it cannot be read or written. */
bool message_write(const struct message *m, int fd);

#endif
