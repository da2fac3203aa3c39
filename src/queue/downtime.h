#ifndef QUEUE_DOWNTIME_H
#define QUEUE_DOWNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/buf.h"
#include "queue/queue.h"

/*
 * Servers that failed lately, so that whoever has several tries those last for a
 * while.  It changes nothing but their order: what is known may be lost, or come
 * too late, without harm.
 *
 * With a queue it is kept in SPOOL/down, a line a server, which is read anew before
 * each change, replaced as a whole, and worth no sync.  Lines that make no sense and
 * times that are further away than anybody would set them count for nothing.
 */
enum { DOWN_SECONDS = 600, DOWN_MOST = 64, DOWN_NAME_MAX = 280 };

struct downtime {
	struct queue *queue;        /* NULL: only this process knows */
	struct down {
		char   server[DOWN_NAME_MAX];   /* "NAME:PORT" */
		time_t until;
	} v[DOWN_MOST];             /* the newest last */
	size_t len;
};

/* What others have learnt, too, if there is a queue. */
void downtime_refresh(struct downtime *d, time_t now);

bool downtime_has(const struct downtime *d, const char *server, time_t now);
void downtime_failed(struct downtime *d, const char *server, time_t now);
void downtime_works(struct downtime *d, const char *server, time_t now);

/* The lines. */
void downtime_parse(struct downtime *d, const char *text, size_t n, time_t now);
void downtime_print(const struct downtime *d, struct buf *out);

#endif
