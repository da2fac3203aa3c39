#ifndef MAIL_COMPOSE_H
#define MAIL_COMPOSE_H

#include <stdbool.h>

#include "base/status.h"
#include "base/strv.h"

/*
 * A message made from its parts: text, and files that go with it (RFC 2045,
 * RFC 2183, RFC 2231).  What every message gets anyway (Date, Message-ID, a From
 * that is missing) is not added here.
 */
struct composition {
	const char *from;          /* NULL: whoever sends it */
	struct strv to, cc, bcc;   /* lists of addresses */
	const char *subject;       /* UTF-8; NULL: none */
	int   text;                /* a descriptor that is read to its end; -1: no text */
	struct strv files;         /* paths */
};

/*
 * Write it to `fd`, which is at its start then.  EX_DATAERR for an address that
 * is none, a control character in the subject or a file that cannot be read,
 * EX_IOERR if the text cannot, EX_TEMPFAIL if the message cannot be stored.
 */
bool compose(const struct composition *c, int fd, struct status *st);

/* The media type that a file's name tells of: "application/pdf"; "application/octet-stream" for any other. */
const char *compose_type(const char *name);

#endif
