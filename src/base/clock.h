#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "base/buf.h"

/*
 * Deadlines are absolute, in milliseconds of the monotonic clock, and are
 * passed down: every wait below takes one and none starts its own.
 */
typedef int64_t deadline;

#define DEADLINE_NEVER INT64_MAX

/* Milliseconds of the monotonic clock, for durations. */
int64_t clock_now(void);

/* So many milliseconds from now; 0 or less (a timeout that is "off") is never. */
deadline deadline_in(int64_t ms);

/* The earlier of two. */
deadline deadline_min(deadline a, deadline b);

/* For poll(2): -1 for never, 0 when it has passed. */
int deadline_poll(deadline d);

enum { CLOCK_DAY = 24 * 60 * 60 };  /* in seconds */

/* A time of day for people: "2026-11-24 14:09 UTC". */
void clock_print(time_t when, struct buf *out);

#endif
