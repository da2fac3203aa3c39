#ifndef SERVE_ACCEPT_H
#define SERVE_ACCEPT_H

#include "config/config.h"
#include "deliver/parts.h"
#include "queue/queue.h"
#include "route/prepare.h"
#include "serve/peer.h"
#include "serve/policy.h"

/*
 * From a message that is whole to one that is on the disk: what its caller may
 * do, who gets it, the queue.  Many go together: each is staged, all are
 * committed, and then each has its answer.
 */
struct acceptor {
	const struct config *config;
	struct queue  *queue;
	struct policy *policy;
	struct queue_census *census;
	struct aliases *aliases;   /* what is known of the files; or NULL */
};

struct intake {
	/* What is handed over; all borrowed. */
	const struct peer    *peer;
	const struct request *request;
	struct message       *message;

	struct prepared mail;
	struct queue_info   info;
	struct parts parts;
	struct policy_bite  bite;
	bool   full;               /* refused because the queue is */
	bool   attempted;          /* staged with a claim: a first attempt is to follow */
	bool   wait;               /* the caller wants to know what comes of it (-odi) */
	bool   accepted;
	struct status st;          /* why not */
};

void intake_init(struct intake *i, const struct peer *p, const struct request *r, struct message *m);
void intake_release(struct intake *i, struct queue *q);

/* Whether there is room for another message.  `st` asks for a 421 (WAIT_HOST). */
bool accept_has_room(const struct acceptor *a, struct status *st);

/*
 * Deal with the first of them, as many as have BATCH_RECIPIENTS recipients between
 * them, but one at the least: how many that were.  `accepted` or `st` tells, for
 * each, and the log does.  What is accepted is on the disk.
 */
enum { BATCH_RECIPIENTS = 20 * 1000 };
size_t accept_some(const struct acceptor *a, struct intake *const *v, size_t n);

#endif
