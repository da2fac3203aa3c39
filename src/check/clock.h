#ifndef CHECK_CLOCK_H
#define CHECK_CLOCK_H

#include <stdbool.h>
#include <time.h>

#include "base/buf.h"

/* What others say of the time, to be held against this machine's clock. */

/* What to do about a clock that is wrong. */
extern const char clock_remedy[];

/* "2026-11-24 14:09 UTC". */
void clock_print(time_t when, struct buf *out);

/*
 * The date in a server's greeting, as Exim, sendmail and Exchange have one
 * (RFC 5322, 3.3, wherever it stands in the line).  False if there is none.
 */
bool clock_read(const char *greeting, time_t *out);

#endif
