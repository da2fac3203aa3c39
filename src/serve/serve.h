#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include <stdbool.h>

#include "base/status.h"
#include "serve/errand.h"

/*
 * The daemon: takes mail from its sockets and delivers the queue, until SIGTERM
 * or SIGINT.  SIGHUP makes it read its configuration again; one that is wrong is
 * logged and changes nothing.
 *
 * It is two processes and more.  The one that was started receives: an event
 * loop over all callers (receive.h).  It forks the one that runs the queue
 * (deliver/run.h), which forks workers; that one hears of new mail from the
 * directory itself, so the two share nothing but the disk, and what breaks one
 * leaves the other its work.  Should the runner die it is started again.
 *
 * Started as root it opens sockets and log and then becomes `run_as`, by default
 * mailchute, if that user exists and no -C was given.
 *
 * One daemon a spool: a lock on SPOOL/serve.lock, which the receiver alone holds.
 */
struct serve_options {
	const char *file;            /* -C; NULL without */
	errand_function *run;        /* XRUN's commands */
};

/*
 * EX_TEMPFAIL if another one serves the spool or the socket; EX_CONFIG if the
 * configuration is wrong, or says `deliver now`.
 */
bool serve(const struct serve_options *o, struct status *st);

#endif
