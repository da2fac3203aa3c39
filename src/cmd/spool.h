#ifndef CMD_SPOOL_H
#define CMD_SPOOL_H

#include "config/config.h"
#include "queue/queue.h"

/* The configuration and the queue that it names, for the commands that look at it. */
struct spool {
	struct config config;
	struct queue  queue;
	bool          there;      /* false: nothing was ever kept, `queue` is closed */
};

/* For whom a command looks at the queue.  NULL is whoever runs it, who may do what the files allow. */
struct viewer {
	uid_t uid;
	bool  is_operator;        /* sees and touches all mail, not only its own */
};
bool spool_may(const struct viewer *v, const struct queue_entry *e);

/*
 * Open what is there and make nothing.  It is its owner's and root's alone:
 * EX_NOPERM for everybody else.
 */
bool spool_open(struct spool *s, const char *config, struct status *st);
void spool_close(struct spool *s);

#endif
