#ifndef CMD_POST_H
#define CMD_POST_H

#include "base/trace.h"
#include "cmd/keep.h"
#include "config/config.h"
#include "deliver/deliver.h"
#include "mail/message.h"
#include "mail/request.h"
#include "queue/downtime.h"
#include "route/prepare.h"

/*
 * The way of a message that one process has read: see who gets it, complete it,
 * deliver it or keep it, as `deliver` and the request say.  What comes of it is
 * logged, and told to nobody.
 */
struct post {
	const struct config *config;
	const struct request *request;
	struct message *message;
	const struct trace *trace;     /* -v, or NULL */
	bool now;                      /* as if the configuration said `deliver now` */
	/* NULL, or told of each part that was sent at once, which way it went. */
	void (*went)(void *arg, const struct prepared *part, const struct passage *p);
	void *arg;
	struct downtime *downtime;     /* where nothing is kept: what earlier messages learnt; or NULL */
	enum keep_told told;           /* where there is a queue; nobody is told by mail if the sender is null */

	/* What came of it: */
	struct prepared mail;
	bool tried;                    /* a server was asked, unless the account waits */
	bool queued;                   /* it went through the queue */
	bool kept;                     /* and is still there */
};

/* Gives it its id; the rest of it stays. */
void post_init(struct post *p);
void post_release(struct post *p);

/*
 * False: it is refused as a whole, which is for the caller to log.  True:
 * p->mail.envelope tells of each recipient, and so do its parts' where nothing
 * is kept.  Where it is, the parts beside the first are not waited for, and who
 * was refused is told by mail.
 */
bool post(struct post *p, struct status *st);

/* The part that was waited for whose outcome leaves most open, else the first that failed; NULL if all were sent. */
const struct prepared *post_worst(const struct post *p);

void post_log_rejected(const struct post *p, const struct status *st);

/*
 * Load the configuration (NULL: the usual one) for a process that serves a
 * caller: opens the log, too, and leaves the caller's directory.
 */
bool post_configure(struct config *c, const char *file, struct status *st);

#endif
