#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include <stdbool.h>

#include "base/status.h"

/*
 * The daemon: delivers the queue, what is there and what arrives, until SIGTERM
 * or SIGINT.  SIGHUP makes it read its configuration again; one that is wrong is
 * logged and changes nothing.
 *
 * Started as root it becomes `run_as`, by default mailchute, if that user exists
 * and no `file` (-C; NULL without) was given.
 */
bool serve(const char *file, struct status *st);

#endif
