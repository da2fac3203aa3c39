#ifndef CMD_SUBMIT_H
#define CMD_SUBMIT_H

#include <stdbool.h>

#include "cmd/options.h"

/*
 * The way of a message in one process: read the configuration, read the
 * message to its end, see who gets it, complete it, deliver it or keep it, as
 * `deliver` and -od say.  The result is the exit code: EX_OK too for what could
 * not be delivered yet and is safe in the queue.
 *
 * Success is silent.  A failure is printed on stderr behind `program`, unless
 * -oeq; it is logged; and what is left of the input is read before we return,
 * so a caller who writes first and looks afterwards gets to see it.
 */
struct submission {
	const struct options *options;
	const char *program;     /* "sendmail" */
	int  input;              /* the message; stays open */
	bool commit;             /* its end is the word to send: process_commit() */
	bool now;                /* as if the configuration said `deliver now` */
};

int submit(const struct submission *s);

#endif
