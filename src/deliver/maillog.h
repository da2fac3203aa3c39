#ifndef DELIVER_MAILLOG_H
#define DELIVER_MAILLOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/log.h"
#include "base/strv.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/request.h"
#include "queue/queue.h"

/*
 * The log lines of an attempt: one a recipient, `sent`, `deferred` or `failed`,
 * its fields always in the order of SPEC.md, those that are not known left out:
 * there is no tls= for a connection in clear text, no auth= without a login.
 */
struct maillog {
	const char *id;
	uid_t       uid;
	const char *account;
	const char *host;        /* the last one that was asked */
	const char *tls, *auth;  /* "" or NULL: none */
	uint64_t    size;
	unsigned    tries;
	int64_t     delay;       /* milliseconds since the message was accepted */
	bool        again;       /* it may be sent for the second time */
	const char *tag;         /* -L, or NULL */
};

/* "uid=1000", and "uid=tcp" for CALLER_UNKNOWN. */
void maillog_uid(struct log_event *e, uid_t uid);

void maillog_recipient(const struct maillog *m, const char *sender, const struct recipient *r);

/* Octets that no server would take were changed on reading, but not without a word: sends `e`, or drops it if none were. */
void maillog_changes(struct log_event *e, const struct message *m);

/* That the message waits for whoever releases it, a line a recipient. */
void maillog_held(const char *id, const struct queue_info *info, const struct envelope *e);

/* What is wrong with files of aliases, a line each. */
void maillog_aliases(const char *id, const struct strv *complaints);

#endif
