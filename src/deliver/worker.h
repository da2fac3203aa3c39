#ifndef DELIVER_WORKER_H
#define DELIVER_WORKER_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "base/clock.h"
#include "base/trace.h"
#include "config/config.h"
#include "queue/queue.h"

/*
 * A process that delivers what it is given, one message at a time, over one
 * session that it keeps.  It ends when the other end of its socket is closed,
 * after the message that it has in hand.  It gives up what it does not need (confine.h).
 */
struct worker {
	pid_t pid;
	int   fd;                        /* -1: not started */
	char  id[QUEUE_ID_MAX + 1];      /* what it has in hand; "": nothing */
	deadline idle_until;             /* then it may go */
};

struct worker_work {
	struct queue        *queue;
	const struct config *config;
	const struct trace  *trace;
};

enum worker_result {
	WORKER_GONE,                     /* out of the queue, or not ours to deliver (held) */
	WORKER_KEPT,                     /* until `next` */
	WORKER_BUSY,                     /* somebody else has it */
};

struct worker_answer {
	enum worker_result result;
	time_t next;
	bool   account_waits, account_works, crowded;   /* as an attempt's */
};

/*
 * Fork one for an account (NULL: of one that the configuration has no more).
 * `forget` runs in the child: to close what is not for it, the sockets of other
 * workers above all.  False: errno.
 */
bool worker_start(struct worker *w, const struct worker_work *work, const struct account *account,
                  void (*forget)(void *arg), void *arg);
/* `forced` and `others_work` as an attempt's. */
bool worker_give(struct worker *w, const char *id, bool forced, bool others_work);
/* After its descriptor became readable.  False: it has died. */
bool worker_answer(struct worker *w, struct worker_answer *out);

/* Let it finish; then wait for it, and kill it when the deadline has passed. */
void worker_dismiss(struct worker *w);
void worker_wait(struct worker *w, deadline until);

#endif
