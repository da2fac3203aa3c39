#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/clock.h"
#include "base/status.h"
#include "mail/envelope.h"
#include "mail/message.h"

/*
 * Mail that was accepted and is not yet delivered: one file a message in
 * SPOOL/queue/, named by its id, complete in itself; mailchute-queue(5) is the
 * format.  What this module says has happened is on the disk.
 *
 * SPOOL/tmp/      files that are being written; nothing was promised for them
 * SPOOL/queue/    accepted mail
 * SPOOL/corrupt/  files that cannot be understood, set aside, never deleted
 * SPOOL/failed/   notifications that could not be delivered themselves
 * SPOOL/accounts/ accounts that wait, see queue/retry.h
 * SPOOL/down      servers that failed lately, see queue/downtime.h
 * SPOOL/senders/  senders who were notified lately, see deliver/ration.h
 */
enum { QUEUE_ID_MAX = 32 };

struct queue {
	char *spool;
	int   spool_fd, queue_fd, tmp_fd;   /* the directories; -1 when closed */
};

/* What is kept beside envelope and message. */
struct queue_info {
	char  *account;      /* the account's name when it was accepted */
	char  *tag;          /* -L, or NULL */
	char  *about;        /* a notification: the id it is about; else NULL.  Its own id is
	                        that, a dash, and info.notices of the time */
	uid_t  uid;          /* whose mail it is */
	time_t arrived;
	time_t next;         /* not tried before; 0: at once */
	unsigned tries;      /* attempts so far */
	bool   held;
	bool   warned;       /* the sender was told of the delay */
	bool   sending;      /* an attempt began whose outcome is not written yet: found so
	                        after a crash, the message may be sent twice */
	bool   doubtful;     /* a server that never answered may have it already */
	unsigned notices;    /* notifications about it so far */
};

/* A message in the queue, open. */
struct queue_entry {
	char  id[QUEUE_ID_MAX + 1];
	int   fd;
	bool  claimed;       /* we hold the lock and may change it */
	struct queue_info info;
	struct envelope   envelope;
	struct message    message;   /* its body stays in the file */
	char  last[256];             /* what the last attempt said, one line */
	off_t *state_at;             /* where the recipients' state bytes stand in the file */
};

void queue_entry_init(struct queue_entry *e);

/*
 * Open the spool.  `create` makes what is missing, 0700, its files 0600; as root
 * the caller works on as the owner of the directory.  EX_CANTCREAT if it cannot
 * be made or belongs to somebody else or is writable by others.
 */
bool queue_open(struct queue *q, const char *spool, bool create, struct status *st);
void queue_close(struct queue *q);

/*
 * Accept a message: written to tmp/, fdatasync, rename, directory synced, then
 * true.  False leaves nothing behind; EX_TEMPFAIL for a full disk, a quota
 * (0: none) or any I/O error.  `id` is the caller's (msgid.h makes them); one
 * that exists already is not written again and counts as accepted.
 * With `claim` not NULL the lock is ours from before the rename on; on success it is
 * filled in, to be released by the caller.
 */
struct queue_limits { uint64_t messages, bytes; };
bool queue_add(struct queue *q, const char *id, const struct queue_info *info,
               const struct envelope *e, const struct message *m,
               const struct queue_limits *limits, struct queue_entry *claim, struct status *st);

/*
 * The same for several messages, which share what makes them durable: each is
 * staged, that is written and promised to nobody, then all are committed, and
 * for each the caller looks whether it was.  To be released, each, whatever
 * came of it; what is not committed is then gone.
 */
struct queue_staged {
	char id[QUEUE_ID_MAX + 1];
	int  fd;                 /* -1: it was there already, or is released */
	bool committed;
	struct status st;        /* why it is not */
};

/* With `claim` the lock is ours: see queue_adopt. */
bool queue_stage(struct queue *q, const char *id, const struct queue_info *info,
                 const struct envelope *e, const struct message *m, bool claim,
                 struct queue_staged *out, struct status *st);
void queue_commit(struct queue *q, struct queue_staged *const *v, size_t n);
/* Open what was committed with `claim`; if it cannot be, it is taken out again. */
bool queue_adopt(struct queue *q, struct queue_staged *s, struct queue_entry *claim, struct status *st);
/*
 * Of n that are one message's parts: whether all were committed.  If not, or with
 * queue_take_back(), those that were are taken out again.
 */
bool queue_settle(struct queue *q, struct queue_staged *parts, size_t n, struct status *st);
void queue_take_back(struct queue *q, struct queue_staged *parts, size_t n);
void queue_staged_release(struct queue *q, struct queue_staged *s);

/* How much there is; zero without looking where there is no limit that asks. */
struct queue_usage { uint64_t messages, bytes; };
bool queue_count(struct queue *q, const struct queue_limits *limits, struct queue_usage *out, struct status *st);
/*
 * The same for who asks often: a count is good for fifty times as long as it took,
 * and what he adds himself he adds to `usage`.  So a long queue is seldom counted,
 * a short one every time.  All zero to begin with, and when the limits change.
 */
struct queue_census {
	struct queue_usage usage;
	deadline good_until;
};
bool queue_census(struct queue *q, const struct queue_limits *limits, struct queue_census *c, struct status *st);
/* Whether one more of so many octets may come; `limits` may be NULL. */
bool queue_has_room(const struct queue_limits *limits, const struct queue_usage *u, uint64_t octets, struct status *st);

/*
 * Open an entry to deliver or change it.  The lock is on the open file
 * description: a child inherits it and it dies with its last holder.
 * QUEUE_BUSY: somebody else has it; QUEUE_GONE: it is no longer there;
 * QUEUE_BAD: it was moved to corrupt/ (st says why).
 */
enum queue_result { QUEUE_OK, QUEUE_BUSY, QUEUE_GONE, QUEUE_BAD, QUEUE_ERROR };
enum queue_result queue_claim(struct queue *q, const char *id, struct queue_entry *out, struct status *st);
/* The same to look only, without the lock. */
enum queue_result queue_look(struct queue *q, const char *id, struct queue_entry *out, struct status *st);
/* Whether somebody holds the lock of an entry that was looked at. */
bool queue_is_busy(const struct queue_entry *e);
/* Close it; the lock goes with the last descriptor of it. */
void queue_release(struct queue_entry *e);

/*
 * Changes to a claimed entry, on the disk when they return true.  One byte a
 * recipient: what it will be is in e->envelope already; only those are written
 * for which `which` is true, with one sync for all.
 *
 * A recipient's `owed` and info.sending go together.  While an attempt runs it
 * says that a notification about this outcome is still owed to the sender.  The
 * write that clears `sending` and counts the notices settles all of them at
 * once; the next attempt clears the flags before it sets `sending` again.
 */
bool queue_save_recipients(struct queue_entry *e, const bool *which, struct status *st);
/* What is in the file's first sector: tries, next, held, warned, sending, notices and `last`. */
bool queue_save_attempt(struct queue_entry *e, struct status *st);
bool queue_remove(struct queue *q, struct queue_entry *e, struct status *st);
/* Out of the queue into failed/, kept for the operator; on the disk when it returns true. */
bool queue_set_failed(struct queue *q, struct queue_entry *e, struct status *st);

/*
 * Whether a notification may go yet: not while the message that it is about
 * has not written down that it was made, or a crash would make it again.
 */
bool queue_may_send(struct queue *q, const struct queue_entry *notification);

/* Unlink what killed processes left in tmp/ over an hour ago. */
void queue_tidy(struct queue *q);

/*
 * Every id, one at a time so that a long queue streams; in no order.  What has
 * no id's name is passed over.
 */
struct queue_list;
struct queue_list *queue_list(struct queue *q, struct status *st);
const char *queue_list_next(struct queue_list *l);   /* NULL at the end; valid until the next call */
void queue_list_free(struct queue_list *l);

#endif
