#ifndef DELIVER_FILTER_H
#define DELIVER_FILTER_H

#include "queue/queue.h"

/* Which messages of the queue are meant: those for which everything holds that is not NULL here. */
struct filter {
	const char *id, *recipient, *sender;   /* a part of it, without regard to ASCII case */
	const char *account;                   /* the whole name */
	char *const *ids;                      /* one of these, `n` of them */
	size_t n;
	bool   own;                            /* only `uid`'s */
	uid_t  uid;
};

/* What can be known without opening it. */
bool filter_matches_id(const struct filter *f, const char *id);

/* Recipients count while they wait. */
bool filter_matches(const struct filter *f, const struct queue_entry *e);

#endif
