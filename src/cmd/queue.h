#ifndef CMD_QUEUE_H
#define CMD_QUEUE_H

#include "cmd/command.h"

/*
 * `mailchute queue [list|show|hold|release|delete|retry] [ID...]`.
 *
 * Every ID is gone through; the exit code is that of the first that failed:
 * EX_USAGE for an id that is not in the queue, EX_TEMPFAIL for a message that is
 * being sent, EX_NOPERM where the queue is another user's.
 */
int queue_command(const struct call *call);

#endif
