#ifndef DELIVER_OUTCOME_H
#define DELIVER_OUTCOME_H

#include "deliver/bounce.h"

/*
 * What came of a recipient, as a notification tells it: in whose words, and with
 * which status code of RFC 3463.  That is the server's own where it gave one, else
 * it is derived from its reply, else from the failure that was ours; its class is
 * that of the event (RFC 3464, 2.3.4).
 */
struct outcome {
	const char *words;         /* one line, of whoever refused; of the report's entry */
	bool        server;        /* a mail server's reply, from its code on */
	char        status[16];
};

/* Of the i-th recipient. */
struct outcome outcome_of(const struct bounce_report *r, size_t i);

/* What the sender can do about a failure with that status: a sentence. */
const char *outcome_advice(const char *status);

#endif
