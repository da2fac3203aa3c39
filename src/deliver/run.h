#ifndef DELIVER_RUN_H
#define DELIVER_RUN_H

#include "deliver/filter.h"
#include "deliver/worker.h"

/*
 * Delivering the queue: messages are read from its directory, and those that
 * are due go to worker processes, up to an account's `connections` at once,
 * paced by its `rate`.  The first ones are on their way before the rest has been
 * read.  Several runs may go on at once: a message belongs to whoever claims it.
 *
 * An account gets its second worker once the first has shown that it works: one
 * that is down, or refuses our password, is asked once and not four times.
 *
 * SIGHUP, SIGINT and SIGTERM end a run: the workers have eight seconds to finish
 * what they have in hand.
 */
struct run {
	struct queue        *queue;
	const struct config *config;
	const struct filter *filter;     /* NULL: every message */
	const struct trace  *trace;
	bool forced;                     /* whatever the next attempt's time says; not what is held */
	time_t since;                    /* pass over files that have not changed since then; 0: none */
	time_t *next;                    /* NULL, or told: when the first of what is left is due */
	bool stay;                       /* go on: wait for what becomes due and what arrives */
};

/*
 * `signal` is the one that ended it, 0 if there was nothing left to do.  False if
 * the queue cannot be read or no process can be started.
 */
bool run_queue(const struct run *r, int *signal, struct status *st);

#endif
