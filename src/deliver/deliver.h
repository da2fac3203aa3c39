#ifndef DELIVER_DELIVER_H
#define DELIVER_DELIVER_H

#include "base/trace.h"
#include "config/config.h"
#include "mail/envelope.h"
#include "mail/message.h"

/*
 * One attempt to send a message through an account: its hosts in turn until
 * one has dealt with every recipient or nothing more can be learnt.  Each
 * recipient's state and status say what came of it.
 *
 * The next host is asked after what concerns the host alone (wait HOST): no
 * connection, no TLS, no SMTP, a greeting 5xx, 421, a connection lost.  It is not
 * asked after what concerns the account or the message: a login that was refused
 * would be refused again, and count towards a lockout; STARTTLS or a mechanism
 * that is missing asks for a person; a refusal or a 4xx is an answer.  If no host
 * would have it, the status says what each did.
 */
struct delivery {
	const struct config  *config;
	const struct account *account;
	struct envelope      *envelope;
	const struct message *message;
	const struct trace   *trace;     /* -v, or NULL */
	const char           *tag;       /* -L, or NULL */
	const char           *id;        /* for the log */
	bool                  log;
};

void deliver(const struct delivery *d);

#endif
