#ifndef MAIL_ENVELOPE_H
#define MAIL_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* Who sends to whom, and what came of each recipient (RFC 5321, 3.3). */
enum recipient_state {
	RECIPIENT_WAITING,     /* not tried, or to be tried again: status says why */
	RECIPIENT_SENT,        /* the server took it: status.text is its last reply */
	RECIPIENT_FAILED,      /* refused for good */
};

struct recipient {
	char *address;         /* as it goes on the wire: A-label domain; of one that is no
	                          address (and FAILED for that): what was found instead */
	char *given;           /* as the caller wrote it: for errors and ORCPT */
	unsigned notify;       /* set of dsn_notify; 0: what the envelope says */
	char *orcpt;           /* as a client gave it to ORCPT, "rfc822;" and xtext; NULL: not said */
	char *sender;          /* of a mailing list: mail to this one comes from here; else NULL */
	bool local;            /* it goes through the account `local` */
	enum recipient_state state;
	bool owed;             /* and the sender is yet to be notified of that: see queue.h */
	struct status status;
};

enum dsn_notify { NOTIFY_NEVER = 1, NOTIFY_SUCCESS = 2, NOTIFY_FAILURE = 4, NOTIFY_DELAY = 8 };
enum dsn_return { RETURN_DEFAULT, RETURN_FULL, RETURN_HEADERS };

struct envelope {
	char *sender;          /* wire form; "" is the null sender */
	struct recipient *v;
	size_t len, cap;
	void *known;           /* the addresses in v, a tree of tsearch(3) */
	unsigned notify;       /* set of dsn_notify; 0: not asked */
	enum dsn_return ret;
	char *envid;           /* plain text, not xtext; NULL if none */
	bool smtputf8;         /* a local part or the caller needs it */
};

void envelope_init(struct envelope *e);
void envelope_release(struct envelope *e);
void envelope_set_sender(struct envelope *e, const char *sender);

/*
 * Addresses in wire form, each once: false if it was there.  A local part that
 * is not ASCII sets `smtputf8`.  Recipients are never taken away again.
 */
bool envelope_add(struct envelope *e, const char *address, const char *given);
/* A recipient that was refused before any server saw it; `address` may be none. */
void envelope_add_failed(struct envelope *e, const char *address, const char *given,
                         const struct status *why);

/* What was asked for this one of its recipients, of the account if nothing was: a set of dsn_notify, or 0. */
unsigned envelope_notify(const struct envelope *e, const struct recipient *r, unsigned account);

size_t envelope_count(const struct envelope *e, enum recipient_state state);

#endif
