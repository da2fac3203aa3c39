#ifndef CMD_RUNQ_H
#define CMD_RUNQ_H

#include <stddef.h>

#include "cmd/command.h"
#include "cmd/options.h"

/*
 * One run over the queue, now, whatever its messages' next attempt says, and
 * wait for its end.  EX_OK if the queue could be run, whatever came of the
 * messages; EX_TEMPFAIL if a signal ended it.
 */

/* sendmail -q, -qI, -qR, -qS, runq */
struct viewer;
int runq_options(const struct options *o, const struct viewer *viewer);

/* mailchute queue flush [ID...]: `n` of them, 0 is all. */
int runq_flush(const struct call *call, char *const *ids, size_t n);

#endif
