#ifndef SMTP_REFUSAL_H
#define SMTP_REFUSAL_H

#include "base/status.h"

/*
 * How a server says no: the code of its reply and the enhanced one (RFC 2034,
 * RFC 3463) that stands in front of the text.
 */
struct refusal {
	int sysexit;               /* of the failure that is refused so */
	int code;
	char enhanced[sizeof("5.999.999")];
};

/*
 * For a failure.  What another server said of the message is passed on as it
 * was, with its own codes; what only speaks of its session with us is not.
 */
struct refusal refusal_of(const struct status *st);

#endif
