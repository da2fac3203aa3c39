#ifndef CONFIG_COMMAND_H
#define CONFIG_COMMAND_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/status.h"

/*
 * The first line that `/bin/sh -c COMMAND` writes, without its line end, into
 * `out`, which the caller wipes.  The command has /dev/null as stdin, our
 * stderr, HOME from the passwd file if the environment has none, and 30 s;
 * then its process group is killed.  A command that fails, is killed, takes too
 * long or writes nothing is EX_CONFIG; the text does not show the command,
 * which may hold a secret.
 */
bool command_run(const char *command, struct buf *out, struct status *st);

#endif
