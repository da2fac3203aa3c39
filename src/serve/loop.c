#include "serve/loop.h"

#include <poll.h>
#include <stdlib.h>

#include "base/alloc.h"

struct loop_watch {
	void (*ready)(void *arg, short events);
	void *arg;
};

static void empty(struct loop *l)
{
	l->len = 0;
	l->until = DEADLINE_NEVER;
}

void loop_init(struct loop *l)
{
	*l = (struct loop){ 0 };
	empty(l);
}

void loop_release(struct loop *l)
{
	free(l->polls);
	free(l->v);
	loop_init(l);
}

void loop_watch(struct loop *l, int fd, short events, void (*ready)(void *arg, short events), void *arg)
{
	if (l->len == l->cap) {
		l->cap = l->cap != 0 ? 2 * l->cap : 64;
		l->polls = alloc_array(l->polls, l->cap, sizeof(*l->polls));
		l->v = alloc_array(l->v, l->cap, sizeof(*l->v));
	}
	l->polls[l->len] = (struct pollfd){ .fd = fd, .events = events };
	l->v[l->len++] = (struct loop_watch){ .ready = ready, .arg = arg };
}

void loop_until(struct loop *l, deadline until)
{
	l->until = deadline_min(l->until, until);
}

void loop_turn(struct loop *l)
{
	int n = poll(l->polls, l->len, deadline_poll(l->until));

	for (size_t i = 0; n > 0 && i < l->len; i++)
		if (l->polls[i].revents != 0)
			l->v[i].ready(l->v[i].arg, l->polls[i].revents);
	empty(l);
}
