#ifndef SMTP_INCOMING_H
#define SMTP_INCOMING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "base/strv.h"
#include "mail/message.h"
#include "mail/parser.h"
#include "mail/request.h"

/*
 * A transaction from the server's side: the envelope from MAIL on, the message
 * from DATA or the first BDAT on.
 */
struct incoming {
	bool open;                          /* there was a MAIL */
	struct request request;
	struct strv texts;                  /* that the request borrows */
	struct strv recipients;
	struct request_dsn *dsn;            /* of each of them */
	size_t octets;                      /* in all of them */

	bool started;                       /* the message is being read */
	struct message message;
	struct parser parser;
};

void incoming_init(struct incoming *t);
void incoming_reset(struct incoming *t);        /* back to the state after incoming_init */

/* A copy that the request may borrow; NULL of NULL. */
const char *incoming_keep(struct incoming *t, const char *text);

/* Whether another recipient of so many octets is not too much. */
bool incoming_has_room(const struct incoming *t, size_t octets);
void incoming_add(struct incoming *t, const char *text, const struct request_dsn *dsn);
/* Those that were added, or -t's. */
bool incoming_has_recipients(const struct incoming *t);

/* The message comes now, if it has not begun already: feed it to `parser`. */
void incoming_start(struct incoming *t, const struct message_options *how);
/* It is whole, and the request complete; as parser_end() if not. */
bool incoming_end(struct incoming *t, struct status *st);

/* Octets of memory that it takes, about. */
size_t incoming_held(const struct incoming *t);

#endif
