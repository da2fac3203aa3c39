#ifndef CMD_SERVERINFO_H
#define CMD_SERVERINFO_H

#include "cmd/command.h"

/*
 * `mailchute serverinfo [ACCOUNT]`: what each server of an account says of
 * itself: addresses, greeting, certificate, capabilities, and which login would
 * be used.  No password is read and nothing is sent that a stranger may not see.
 * EX_OK, or the exit code of the first server that could not be asked; one
 * whose certificate does not verify is shown all the same, with what is wrong.
 */
int serverinfo_command(const struct call *call);

#endif
