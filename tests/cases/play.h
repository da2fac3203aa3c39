#ifndef CASES_PLAY_H
#define CASES_PLAY_H

#include <stdbool.h>
#include <stdio.h>

#include "scenario.h"

/* Play a scenario: servers, configuration, the program, its input. */
struct play {
	const char *program;
	const char *certs;          /* directory, see peer/certs.h */
	const char *dir;            /* an empty directory of its own */
	unsigned slowness;          /* of the program: so many times longer may it all take */
};

enum { PLAY_SERVERS = 4 };

/* What came of it.  More lies in the directory: out, err, log, and for each server N a directory sN with what
   peer/record.h says. */
struct outcome {
	bool timed_out;
	int  status;                /* of waitpid(2) */
	double seconds;             /* divided by its slowness */
	long rss_kb;                /* the most memory that was resident */
	bool drained;               /* all of standard input was read */
	unsigned servers;
};

/* Defines $PORT, $PORT2 ..., $DIR, $CERTS, $SHA256, $SPKI in the scenario.  False with words in `why`. */
bool play(const struct play *p, struct scenario *s, struct outcome *out, struct buf *why);

/* What the scenario gives as standard input. */
void play_input(const struct scenario *s, FILE *f);

#endif
