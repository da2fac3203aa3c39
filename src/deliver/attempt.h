#ifndef DELIVER_ATTEMPT_H
#define DELIVER_ATTEMPT_H

#include "deliver/deliver.h"
#include "queue/queue.h"

/*
 * One attempt at a message of the queue, for whoever has claimed it: send it,
 * write down what came of it, notify its sender, take it out of the queue or
 * say when to try again.  SPEC.md's table of events, third column.
 *
 * Every step is on the disk before the next one that depends on it, so that a
 * crash at any instruction loses nothing and repeats nothing, but for what SMTP
 * leaves in doubt between the final dot and its outcome.  A message that is
 * found in that state has again=yes in its log lines.
 *
 * An account that waits (queue/retry.h) is not asked, but for the one probe
 * when its time has come; its messages are only looked at: whether they have
 * been waiting too long.
 */
struct attempt {
	struct queue        *queue;
	const struct config *config;
	struct queue_entry  *entry;    /* claimed; its recipients tell what came of each */
	struct link         *link;     /* as deliver's */
	const struct trace  *trace;
	deadline             until;    /* as deliver's */
	bool                 forced;   /* try although the account waits */

	/* Other processes have sessions with the account: that we get none may only mean
	   that the server wants no more of them, and does not make the account wait. */
	bool                 others_work;

	/*
	 * Accepted a moment ago from a caller who waits for the exit code, with
	 * info.sending set in the file already and `owed` for recipients that no
	 * server will see.  Where nothing is left to wait for and something was
	 * refused, the exit code tells it and there is no notification.
	 */
	bool                 submitting;
	bool                 by_mail;     /* there is one all the same (-oem) */
	bool                 keep_only;   /* nobody is asked this time */
	/* Asked once, when a refusal is about to be the answer: whether the caller still
	   waits for one.  If not, there is a notification.  NULL: yes. */
	bool               (*tell)(void *arg);
	void                *arg;

	/* What came of it: */
	time_t next;                   /* kept: when to look again */
	bool   account_waits;          /* nothing can be had of the account now */
	bool   account_works;          /* a server took it, or refused it in particular */
	bool   crowded;                /* kept, to be tried at once over a session of the others */
};

enum attempt_result {
	ATTEMPT_DONE,                  /* out of the queue */
	ATTEMPT_KEPT,
	ATTEMPT_ERROR,                 /* it could not be written down: `st`; it is still in the queue */
};

enum attempt_result attempt(struct attempt *a, struct status *st);

#endif
