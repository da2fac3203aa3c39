#ifndef DELIVER_BOUNCE_H
#define DELIVER_BOUNCE_H

#include "config/config.h"
#include "queue/queue.h"

/*
 * Notifications (RFC 3464 in an RFC 3462 multipart/report; RFC 6533 where an
 * address is not ASCII) about a message to its sender, put into the queue like
 * any other mail.
 */
enum bounce_event { BOUNCE_FAILED, BOUNCE_DELAYED, BOUNCE_DELIVERED };

/*
 * The notification about those recipients of e for which `about` is true: the
 * text, the machine-readable part, the message or its header (RET).  Pure: the
 * caller gives time and names.
 */
struct bounce_report {
	const struct queue_entry *entry;
	enum bounce_event event;
	const bool *about;          /* one a recipient */
	const char *reporter;       /* this host's name */
	const char *from;           /* "postmaster@maildomain" */
	const char *id;             /* of the notification */
	time_t now;
};
void bounce_compose(struct message *out, const struct bounce_report *r);

/*
 * Tell the sender of e, once an event: with an id that follows from e's id and
 * the event, so that doing it again after a crash adds nothing.  Not for a null
 * sender, nor where NOTIFY forbids.  At most 20 an hour and sender; the rest
 * are summed up in one.  True if it is in the queue or need not be.
 */
bool bounce_send(struct queue *q, const struct config *c, const struct queue_entry *e,
                 enum bounce_event event, const bool *about, struct status *st);

#endif
