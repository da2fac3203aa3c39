#ifndef DELIVER_BACKGROUND_H
#define DELIVER_BACKGROUND_H

#include "base/strv.h"
#include "config/config.h"
#include "queue/queue.h"

/*
 * What a call leaves to a process of its own: messages that nobody else will try,
 * and what waits for accounts that seem to work.  Nobody waits for that process,
 * and it holds nothing of the caller's: no descriptor, no terminal, no lock, if
 * the caller has released its entry.
 *
 * Of an account one round at a time is enough (retry_round_begin), so many calls
 * do not each read the whole queue.
 */
struct background {
	struct queue        *queue;
	const struct config *config;
	struct strv ids;             /* of messages to be tried now, if they are due */
	struct strv accounts;        /* by name; all that is due, or ... */
	bool forced;                 /* ... of the first one all there is: it waited as a whole, and works */
};

void background_start(const struct background *b);

#endif
