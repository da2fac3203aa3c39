#ifndef NET_ASIDE_H
#define NET_ASIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/status.h"

/*
 * Questions to the name service, which can block for minutes and cannot be
 * interrupted: they are asked by a forked child that is killed at the deadline.
 * A thread would cost less, but one that is late can only be left behind, inside
 * the name service's modules, in a process that goes on to fork and exit.
 *
 * `ask` runs in the child and fills in the answer, which is `size` octets without
 * pointers.  False: EX_TEMPFAIL with wait HOST if it was late or died, EX_OSERR if
 * there is no process to be had.
 */
bool aside(void (*ask)(const void *question, void *answer), const void *question, void *answer,
           size_t size, deadline until, struct status *st);

#endif
