#ifndef CMD_DOOR_H
#define CMD_DOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/status.h"
#include "base/trace.h"
#include "net/stream.h"
#include "smtp/reply.h"

/*
 * The daemon's socket, from a caller's side: a plain client of SMTP, for what
 * smtp/session.h would bring libraries with it.
 */
struct door {
	struct stream stream;
	struct reply  reply;         /* the last one */
	const struct trace *trace;   /* NULL: silent */
	int64_t  step_ms;            /* for each wait */

	/* What it announced: */
	char    *host;               /* its name */
	bool     ignore_dots;
	uint64_t max_message;        /* 0: no limit */
};

enum { DOOR_STEP_MS = 30 * 1000 };

/* Compiled in: a caller must not choose whom to trust. */
#define DOOR_SOCKET RUNSTATEDIR "/mailchute/submit"

/*
 * Connect, greeting, EHLO.  False: no daemon that would serve us is there, and
 * `st` says why.  Close it either way.
 */
bool door_open(struct door *d, const char *socket, int64_t step_ms, const struct trace *trace,
               struct status *st);
/* QUIT if anybody listens; nobody waits for what they say. */
void door_close(struct door *d);

/* A command line, which goes out with the next flush. */
bool door_say(struct door *d, const struct buf *line, struct status *st);
bool door_flush(struct door *d, struct status *st);
/* Into d->reply, after a flush. */
bool door_hear(struct door *d, int64_t ms, struct status *st);

/* 421 and no exit code of its own: the daemon goes, or has no room for this connection. */
bool door_is_closing(const struct door *d);

#endif
