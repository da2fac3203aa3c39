#ifndef QUEUE_RETRY_H
#define QUEUE_RETRY_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "config/settings.h"
#include "queue/queue.h"

/* Seconds to the next attempt after so many: retry_min doubled each time up to retry_max, ±25 % by `chance`, 32 bits. */
int64_t retry_wait(const struct settings *s, unsigned tries, uint32_t chance);

/* 32 bits of chance for retry_wait. */
uint32_t retry_chance(void);

bool retry_is_expired(const struct settings *s, time_t arrived, time_t now);
bool retry_wants_warning(const struct settings *s, time_t arrived, time_t now);

/*
 * An account that waits as a whole: login refused, no STARTTLS, host down.  Its
 * state is a small file in SPOOL/accounts/, so that every process knows it and
 * new mail does not reset the clock.  When `next` has come one attempt, the
 * probe, claims the account (a lock that dies with its owner); the others wait
 * for what it learns.
 */
struct retry_account {
	unsigned tries;
	time_t   next;             /* 0: not waiting */
	char     why[256];
};

void retry_account_load(struct queue *q, const char *account, struct retry_account *out);
/* True the first time in a row: worth a log line. */
bool retry_account_failed(struct queue *q, const char *account, const struct settings *s, const char *why, time_t now);
void retry_account_works(struct queue *q, const char *account);
/* Claim the right to probe; -1 if somebody else does.  Close the descriptor when done. */
int retry_account_probe(struct queue *q, const char *account);

/*
 * A round: all that is due for an account is tried once, by a process that nobody
 * waits for.  One at a time is enough; who comes while it goes on leaves word,
 * and it goes round again.  What a round has found is kept, so that the next one
 * need not open every file of a long queue.
 */
struct retry_round {
	int    fd;                 /* the lock */
	time_t since, next;        /* what has not changed `since` is not due before `next`; 0: not known */
};

/* False: another one is going on, and is told. */
bool retry_round_begin(struct queue *q, const char *account, struct retry_round *out);
/* It began then and has seen all.  True: somebody has come meanwhile. */
bool retry_round_end(struct retry_round *r, time_t began, time_t next);
/* It has not seen all. */
void retry_round_leave(struct retry_round *r);

#endif
