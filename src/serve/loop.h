#ifndef SERVE_LOOP_H
#define SERVE_LOOP_H

#include <stddef.h>

#include "base/clock.h"

/*
 * One turn of an event loop: say which descriptors to look at and until when,
 * wait, and have those called that something has come of.  Nobody may be freed
 * by a call, since more may be called in the same turn.
 */
struct loop {
	struct pollfd *polls;
	struct loop_watch *v;
	size_t len, cap;
	deadline until;
};

void loop_init(struct loop *l);
void loop_release(struct loop *l);

/* `events` as poll(2)'s; an error or hangup calls, too. */
void loop_watch(struct loop *l, int fd, short events, void (*ready)(void *arg, short events), void *arg);
/* Wait no longer than that. */
void loop_until(struct loop *l, deadline until);

/* Wait and call; then it is empty, for the next turn. */
void loop_turn(struct loop *l);

#endif
