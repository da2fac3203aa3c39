#ifndef DELIVER_RATION_H
#define DELIVER_RATION_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "base/buf.h"
#include "base/status.h"
#include "base/strv.h"
#include "queue/queue.h"

/*
 * How many notifications a sender had within the hour, and a list of those that
 * were too many.  A file a sender in SPOOL/senders/, its name made of the
 * sender's address, which the first line has whole:
 *
 *	since 1795505000 sent 20 more 000000 alice@example.org
 *	ID <tab> UID <tab> ACCOUNT <tab> TEXT
 *
 * Lines are appended; one without its line end was cut off by a crash and does
 * not count.  Over RATION_LIST_MOST octets only `more` counts on.
 *
 * One process at a time is in there: a lock on the directory, which dies with
 * its owner.
 */
enum { RATION_MOST = 20, RATION_HOUR = 3600, RATION_LIST_MOST = 1024 * 1024 };

struct ration {
	struct queue *q;
	int      lock;         /* the directory */
	int      fd;           /* the file */
	char    *file, *sender;
	time_t   since;        /* when the hour began; 0: never yet */
	unsigned sent, more;
	struct buf list;       /* whole lines */
};

/*
 * Open a sender's, or that of a name from ration_files(), and lock.  A new one
 * is made if need be.  Close it either way.
 */
bool ration_open(struct ration *r, struct queue *q, const char *sender, struct status *st);
bool ration_open_file(struct ration *r, struct queue *q, const char *file, struct status *st);
void ration_close(struct ration *r);

void ration_files(struct queue *q, struct strv *names);

/* Whether an id is in the list. */
bool ration_has(const struct ration *r, const char *id);

bool ration_is_over(const struct ration *r, time_t now);

/* Count one more.  False: the hour's are used up; nothing was counted. */
bool ration_take(struct ration *r, time_t now);

/*
 * Add to the list, in the place of a line with that id if there is one; on the
 * disk when it returns true.  Control characters in the text become blanks.
 */
bool ration_add(struct ration *r, const char *id, uid_t uid, const char *account, const char *text,
                struct status *st);

/* The first `n` octets of the list, and `more`, are dealt with: a new hour begins. */
bool ration_drop(struct ration *r, size_t n, time_t now, struct status *st);

/* Forget the sender. */
void ration_remove(struct ration *r);

#endif
