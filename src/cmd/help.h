#ifndef CMD_HELP_H
#define CMD_HELP_H

#include <stdio.h>

#include "cmd/command.h"

/* `mailchute help [COMMAND]`. */
int help_command(const struct call *call);

/* One line a command. */
void help_list(FILE *out);

#endif
