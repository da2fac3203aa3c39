#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

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

#endif
