#ifndef CMD_SERVE_H
#define CMD_SERVE_H

#include "cmd/command.h"

/* mailchute serve: serve/serve.h, in the foreground. */
int serve_command(const struct call *call);

#endif
