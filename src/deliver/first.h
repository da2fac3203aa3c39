#ifndef DELIVER_FIRST_H
#define DELIVER_FIRST_H

#include "base/clock.h"
#include "base/trace.h"
#include "config/config.h"
#include "queue/queue.h"

/*
 * The first attempt at a message that was accepted a moment ago, while its
 * caller still waits and the words that were said of its recipients are still
 * known: what is refused for good is told by the caller's answer, and then the
 * message is not kept.
 */
struct first {
	struct queue        *queue;
	const struct config *config;
	struct queue_entry  *entry;      /* claimed, with info.sending set */
	struct envelope     *envelope;   /* its outcome comes here, with words */
	const struct trace  *trace;      /* -v, or NULL */
	deadline             until;      /* 0: none */
	bool keep_only;                  /* nobody is asked now: only what is owed already is told */
	bool by_mail;                    /* refusals are told by a notification all the same */
	bool (*tell)(void *arg);         /* see struct attempt; NULL: the caller waits */
	void *arg;
};

/* Whether the message is still in the queue.  Whatever goes wrong, it was accepted. */
bool first_attempt(const struct first *f);

/*
 * Marks recipients that no server will see, being no addresses: their sender is
 * yet to be told.  Whether there are any: info.sending must then be set before
 * the message is written, and a first attempt made.
 */
bool first_owes(struct envelope *e);

/* The log's "accepted"; `program` (NULL) and `pid` (0) are the caller's, where that is not ourselves. */
void first_log(const char *id, const struct queue_info *info, const char *program, pid_t pid,
               const struct envelope *e, const struct message *m);

#endif
