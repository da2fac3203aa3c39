#ifndef QUEUE_WATCH_H
#define QUEUE_WATCH_H

#include "queue/queue.h"

/*
 * Word of what arrives in the queue, and of what somebody asks to be looked at
 * again: queue_add's rename, and a change of a file's attributes (its time:
 * what happens in the file while it is delivered is no news to anyone).
 */

/* A descriptor that becomes readable; -1 where the system has no such thing. */
int watch_open(const struct queue *q);

/* Call `news` for each; false if some were missed: list the queue anew. */
bool watch_read(int fd, void (*news)(void *arg, const char *id), void *arg);

/*
 * Have a claimed entry looked at again, when it has been changed.  The claim ends
 * here: who comes at once must not find it taken, and put it off for that.
 */
bool watch_tell(struct queue_entry *e, struct status *st);

#endif
