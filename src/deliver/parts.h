#ifndef DELIVER_PARTS_H
#define DELIVER_PARTS_H

#include "config/config.h"
#include "mail/message.h"
#include "queue/queue.h"
#include "route/prepare.h"

/*
 * A message on its way into the queue.  It may have several parts (struct
 * prepared), each a file of its own: all of them are kept or none.
 */
struct parts {
	struct queue_staged *v;      /* one for each, the message's own first */
	size_t len;
};

struct queue_limits parts_limits(const struct settings *s);

/*
 * Whether the queue has room for all of them, each of so many octets.  If so
 * `usage` counts them.
 */
bool parts_fit(const struct prepared *mail, uint64_t octets, const struct queue_limits *limits,
               struct queue_usage *usage, struct status *st);

/*
 * queue_stage() for each.  `info` is what they share: the account is each
 * part's, `held` adds to each part's, and `sending` is the first one's, which is
 * then claimed.
 */
bool parts_stage(struct parts *p, struct queue *q, const struct prepared *mail, const struct queue_info *info,
                 const struct message *m, struct status *st);

/* queue_commit() for the parts of n messages; ask queue_settle() for each message then. */
void parts_commit(struct queue *q, struct parts *const *v, size_t n);

/* The log's "accepted" for each, see first_log(), and "held" for those that allow_to keeps back. */
void parts_log(const struct prepared *mail, const struct queue_info *info, const char *program, pid_t pid,
               const struct message *m);

void parts_release(struct parts *p, struct queue *q);

#endif
