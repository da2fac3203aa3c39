#ifndef CMD_MAILQ_H
#define CMD_MAILQ_H

#include "base/buf.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "queue/queue.h"

/*
 * `mailq`, `sendmail -bp`, `mailchute queue [list [--json]]`: what waits.  Each
 * message is printed as it is found, so a long queue streams.  It is for people
 * and for the scripts that read Postfix's mailq.
 *
 * EX_OK, also where nothing was ever kept; EX_SOFTWARE if a file of the queue
 * cannot be understood.
 */
struct viewer;
int mailq_options(const struct options *o);
int mailq_list(const char *config, const struct viewer *viewer, bool json);

/* What is printed, pure.  `sending`: somebody is at it. */
extern const char mailq_heading[];
void mailq_row(struct buf *out, const struct queue_entry *e, bool sending);
void mailq_total(struct buf *out, uint64_t messages, uint64_t octets);

/*
 * The same as an object on one line:
 *
 *	{"id":"...","state":"waiting","size":1022,"arrived":1796000000,"next":1796000060,
 *	 "tries":1,"account":"default","uid":1000,"sender":"alice@example.org","last":"...",
 *	 "recipients":[{"address":"bob@example.org","state":"waiting"}]}
 *
 * Times are seconds since 1970, `next` is 0 where nothing need be waited for.  A
 * message is "waiting", "sending" or "held", a recipient "waiting", "sent" or "failed".
 * `tag` and `about` (the id that a notification is about) where there are any.
 */
void mailq_json(struct buf *out, const struct queue_entry *e, bool sending);

/* "waiting", "sending", "held"; "waiting", "sent", "failed". */
const char *mailq_state(const struct queue_entry *e, bool sending);
const char *mailq_recipient_state(const struct recipient *r);

#endif
