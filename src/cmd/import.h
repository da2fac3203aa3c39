#ifndef CMD_IMPORT_H
#define CMD_IMPORT_H

#include "cmd/command.h"

/*
 * `mailchute import [FILE]`: another program's configuration as one of ours, on
 * stdout.  Without FILE the first that this machine has and that names a server.
 */
int import_command(const struct call *call);

#endif
