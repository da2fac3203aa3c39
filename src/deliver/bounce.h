#ifndef DELIVER_BOUNCE_H
#define DELIVER_BOUNCE_H

#include "config/config.h"
#include "queue/queue.h"

/*
 * Notifications (RFC 3464 in an RFC 6522 multipart/report; RFC 6533 where an
 * address is not ASCII) about a message to its sender, put into the queue like
 * any other mail.
 */
enum bounce_event { BOUNCE_FAILED, BOUNCE_DELAYED, BOUNCE_DELIVERED };

/*
 * Tell the sender of e what came of those recipients for whom `about` is true,
 * once an event: with an id that follows from e's id and info.notices, so that
 * doing it again after a crash adds nothing.  The caller then saves info.notices
 * one higher; until that is on the disk the notification does not go
 * (queue_may_send).
 *
 * Not for a null sender, nor about a notification, nor where NOTIFY forbids:
 * without one, failures and delays are told.  BOUNCE_DELIVERED goes only where
 * NOTIFY asked; the caller knows whether the server has promised to tell itself.
 * At most RATION_MOST an hour and sender, the rest is summed up in one.
 *
 * True if it is in the queue, or in the list for the summary, or need not be.
 */
bool bounce_send(struct queue *q, const struct config *c, const struct queue_entry *e,
                 enum bounce_event event, const bool *about, struct status *st);

/*
 * Queue the summaries whose hour is over, and forget the senders without one.
 * For whoever runs the queue: before a run, and now and then while it goes on.
 * False if one could not be queued; it is left for the next time.
 */
bool bounce_sum_up(struct queue *q, const struct config *c, time_t now, struct status *st);

/*
 * The texts.  Pure but for the message that is read: the caller gives time and
 * names.  False, EX_TEMPFAIL, if the result is large and cannot be stored.
 *
 * `out` was initialised; its lines have at most 998 octets.  What the original,
 * its envelope or a server says can end none of them.  Of the original comes the
 * header, cut to BOUNCE_HEADER_MOST; with RETURN_FULL, in a failure, all of it
 * unless it has over BOUNCE_MESSAGE_MOST octets or over-long lines.
 */
enum { BOUNCE_HEADER_MOST = 64 * 1024, BOUNCE_MESSAGE_MOST = 1024 * 1024 };

struct bounce_report {
	const struct queue_entry *entry;
	enum bounce_event event;
	const bool *about;          /* one a recipient */
	const char *reporter;       /* this host's name */
	const char *from;           /* "postmaster@maildomain" */
	const char *id;             /* of the notification */
	time_t now;
	const char *remote;         /* the server that spoke; NULL: not known */
	enum dsn_return ret;
	time_t until;               /* when it is given up; 0: never */
	bool relayed;               /* delivered: to a server on the way, not yet to the mailbox */
};
bool bounce_compose(struct message *out, const struct bounce_report *r, struct status *st);

/* The same on one line, for a summary.  The caller frees it. */
char *bounce_line(const struct bounce_report *r);

struct bounce_summary {
	const char *to, *reporter, *from, *id;
	time_t now;
	char *const *lines;         /* of bounce_line */
	size_t len;
	unsigned more;              /* notifications of which no line was kept */
};
bool bounce_compose_summary(struct message *out, const struct bounce_summary *s, struct status *st);

#endif
