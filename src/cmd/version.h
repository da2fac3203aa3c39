#ifndef CMD_VERSION_H
#define CMD_VERSION_H

#include "cmd/command.h"

/* `mailchute version`: ours, the libraries', the paths compiled in. */
int version_command(const struct call *call);

/* The same, for `sendmail -bV`. */
int version_print(void);

#endif
