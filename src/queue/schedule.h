#ifndef QUEUE_SCHEDULE_H
#define QUEUE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue/queue.h"

/*
 * What waits, by the time of its next attempt; of the same time the older id
 * first.  Under 100 octets a message: a heap of these.
 */
struct schedule_entry {
	int64_t next;
	char    id[QUEUE_ID_MAX + 1];
};

struct schedule {
	struct schedule_entry *v;
	size_t len, cap;
};

void schedule_release(struct schedule *s);        /* empty again; all zero is empty too */

void schedule_add(struct schedule *s, const char *id, int64_t next);
/* The first one; NULL if there is none. */
const struct schedule_entry *schedule_first(const struct schedule *s);
/* Take the first one out.  There must be one. */
struct schedule_entry schedule_take(struct schedule *s);
/* Take that one out; false if it is not there.  Looks at all of them. */
bool schedule_remove(struct schedule *s, const char *id);

#endif
