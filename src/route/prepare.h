#ifndef ROUTE_PREPARE_H
#define ROUTE_PREPARE_H

#include <stdbool.h>

#include "base/status.h"
#include "base/trace.h"
#include "config/config.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/msgid.h"
#include "mail/request.h"
#include "route/aliases.h"
#include "route/route.h"

/*
 * From what was handed over to what can be sent or queued: who gets it, from
 * whom and by which account, and a header that is complete.  The same for a
 * message that one process delivers, one that comes by SMTP and one that the
 * daemon takes.
 */
struct prepared {
	char id[MSGID_SIZE];       /* under which it is logged and kept */
	struct envelope envelope;
	struct route    route;
	bool held;                 /* allow_to keeps it from its recipients: it may be queued, not sent */
	struct prepared *next;     /* the same message to others: from a list's owner, by the account
	                              `local`, or held; NULL */
	struct strv complaints;    /* about files of aliases that were read for it */
	const struct trace *trace; /* for -v -v: what was decided; or NULL */
	struct aliases *aliases;   /* borrowed, of whoever prepares many; NULL: one for this one */
};

/* Gives it its id: a refusal is logged under one, too. */
void prepared_init(struct prepared *p);
void prepared_release(struct prepared *p);       /* and what is `next` */

/*
 * EX_USAGE without any recipient, EX_DATAERR for what can never be sent,
 * EX_UNAVAILABLE for a message that goes round in circles, EX_CONFIG if no
 * account is for it, as aliases_begin() if aliases cannot be read.  Recipients
 * that are no addresses are FAILED, in the first envelope, the others WAITING;
 * the first one has some of these if there are any, and is held only if all are.
 * `m` is changed: see message_complete(), mapping.h and staging.h.
 */
bool prepare(struct prepared *p, const struct config *c, const struct caller *who,
             const struct request *r, struct message *m, struct status *st);

#endif
