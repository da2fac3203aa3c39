#ifndef CMD_SEND_H
#define CMD_SEND_H

#include "cmd/command.h"

/*
 * `mailchute send --to LIST ...`: a message made from a text and files, sent the
 * way that sendmail would send it: to the daemon if there is one, else by this
 * process.  The exit code is sendmail's.
 */
int send_command(const struct call *call);

#endif
