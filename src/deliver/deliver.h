#ifndef DELIVER_DELIVER_H
#define DELIVER_DELIVER_H

#include "base/trace.h"
#include "config/config.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "queue/downtime.h"
#include "smtp/session.h"

/*
 * A session that is kept from one message of an account to the next.  Empty
 * (all zero) to begin with; link_close says QUIT if there is anyone to hear it.
 */
struct link {
	struct session session;
	bool open;
};

void link_close(struct link *l);

/* Which way a message went, as far as it came: of the host that was asked last. */
struct passage {
	char host[1024];                 /* or the path of a socket or a maildir; "": none was asked */
	char address[64];                /* "192.0.2.1"; "": not connected */
	unsigned short port;
	char tls[16], cipher[64];        /* "": without */
	char auth[32];                   /* "": without */
};

/*
 * One attempt to send a message through an account: into its `maildir` (see
 * maildir.h), or by its hosts in turn until one has dealt with every recipient or
 * nothing more can be learnt.  Each recipient's state and status say what came of it.
 *
 * The next host is asked after what concerns the host alone (wait HOST): no
 * connection, no TLS, no SMTP, a greeting 5xx, 421, a connection lost.  It is not
 * asked after what concerns the account or the message: a login that was refused
 * would be refused again, and count towards a lockout; STARTTLS or a mechanism
 * that is missing asks for a person; a refusal or a 4xx is an answer.  If no host
 * would have it, the status says what each did; it is the message that waits then,
 * and not the hosts, if one of them let us in and hung up over it.  With 421 a host
 * says that it would have hung up over any message.  Of several servers those that
 * failed lately come last.
 *
 * With a link the session that it holds is used first, and the one that was
 * used last is left in it if it is good for another message.  A session that
 * has grown old and breaks costs the message nothing: the hosts are asked anew.
 */
struct delivery {
	const struct config  *config;
	const struct account *account;
	struct envelope      *envelope;
	const struct message *message;
	const struct trace   *trace;     /* -v, or NULL */
	struct link          *link;      /* NULL: a session of its own */
	struct downtime      *downtime;  /* which servers failed lately; NULL: nothing is known of that */
	deadline              until;     /* for all of it; 0: none.  Running out after a server
	                                    let us in is no fault of the host */

	/* Called after each transaction: recipients that are no longer WAITING can be
	   written down.  `dsn`: the server has taken over the notifications for them. */
	void (*over)(void *arg, bool dsn);
	void  *arg;

	struct passage       *passage;   /* to be filled in; or NULL */

	/* For the log. */
	bool        log;
	const char *id, *tag;            /* -L, or NULL */
	uid_t       uid;
	unsigned    tries;               /* this one included */
	int64_t     waited;              /* milliseconds before this attempt */
	bool        again;               /* an attempt was cut off before its outcome was written down */
};

void deliver(const struct delivery *d);

#endif
