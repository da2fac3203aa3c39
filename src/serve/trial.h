#ifndef SERVE_TRIAL_H
#define SERVE_TRIAL_H

#include <sys/types.h>

#include "base/buf.h"
#include "config/config.h"
#include "queue/queue.h"
#include "serve/loop.h"

/*
 * First attempts whose callers wait for what comes of them (-odi), each by a
 * process of its own, TRIALS_MAX at once.
 *
 * The message is on the disk and claimed before it starts.  At TRIAL_MS the
 * caller is told that it was accepted.  Who decides what the caller is told is
 * settled by one shared octet: we write there before we say "accepted", the
 * process before it takes a refused message out of the queue; who comes second
 * yields, and if that is the process the refusal becomes a notification.
 */
enum { TRIALS_MAX = 20, TRIAL_MS = 30 * 1000, TRIAL_TEXT_MAX = 64 * 1024 };

struct trial {
	pid_t pid;                   /* 0: free */
	int   fd;                    /* its words, to their end */
	char  id[QUEUE_ID_MAX + 1];
	deadline until;
	struct buf answer;
	_Atomic unsigned char *told;
	void *waits;                 /* for the answer; NULL: nobody any more */
};

/*
 * Says what came of it.  `sysexit` 0 is accepted, and `text` says why the message
 * is kept, "" if it is not; else `text` has a line a recipient.
 */
typedef void trial_over(void *waits, const char *id, int sysexit, const char *text);

struct trials {
	struct trial v[TRIALS_MAX];
	unsigned char _Atomic *told;
	trial_over *over;
	struct queue *queue;
};

bool trials_init(struct trials *t, struct queue *q, trial_over *over);

struct trial_start {
	const struct config *config;
	struct queue_entry  *entry;  /* claimed; the process has the lock then, too */
	struct envelope     *envelope;
	bool   by_mail;
	void (*forget)(void *arg);   /* in the new process: close what is not for it */
	void  *arg;
	void  *waits;
};

/* NULL if there are too many, or no process is to be had: nobody is asked then. */
struct trial *trial_start(struct trials *t, const struct trial_start *s);

/* The caller went away: it counts as accepted, and refusals become a notification. */
void trial_leave(struct trial *t);

void trials_watch(struct trials *t, struct loop *l);
/* Those whose time has come; `all`, when we end: nobody waits any longer. */
void trials_expire(struct trials *t, bool all);

#endif
