#ifndef CMD_CHECK_H
#define CMD_CHECK_H

#include "cmd/command.h"

/*
 * `mailchute check [--json]`: the configuration in force, without secrets, and
 * what is wrong with it.  EX_OK, or EX_CONFIG with findings.
 */
int check_command(const struct call *call);

#endif
