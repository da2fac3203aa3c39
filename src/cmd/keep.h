#ifndef CMD_KEEP_H
#define CMD_KEEP_H

#include "base/trace.h"
#include "config/config.h"
#include "mail/message.h"
#include "route/prepare.h"

/*
 * A message by way of the queue: first it is on the disk, then ...
 *
 * KEEP_TRIED, for a caller who waits: it is tried for `try_for`, unless its
 * account waits already; what could not be delivered stays.  Refused for good,
 * it is taken out again.  When it was sent, what else waits for the account is
 * tried in the background.
 *
 * KEEP_SENDING: it is delivered by a process of its own, with what else is due
 * for the account.
 *
 * KEEP_ONLY: nobody is asked now.
 */
enum keep_then { KEEP_TRIED, KEEP_SENDING, KEEP_ONLY };

/*
 * Who is told of what was refused for good, if nothing is left to wait for: the
 * caller, by our result; the sender, by a notification (-oem); or the sender if
 * somebody got the message and else the caller, who takes one answer for all (SMTP).
 */
enum keep_told { TELL_CALLER, TELL_SENDER, TELL_SENDER_IF_SENT };

struct keep {
	const struct config  *config;
	const char *tag;              /* -L, or NULL */
	const struct trace *trace;    /* -v, or NULL */
	enum keep_then then;
	enum keep_told told;
};

/*
 * True: it was accepted.  What came of each recipient is in the envelope, and
 * `kept` says whether the message is still in the queue.  False: nothing of it is
 * kept; EX_CANTCREAT without a spool, EX_TEMPFAIL for a full disk or queue.
 *
 * Of a mail with parts this is so of the first.  The others are kept, and tried
 * by a process of their own.
 */
bool keep_message(const struct keep *k, const struct message *m, struct prepared *mail, bool *kept,
                  struct status *st);

#endif
