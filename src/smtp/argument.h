#ifndef SMTP_ARGUMENT_H
#define SMTP_ARGUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "mail/request.h"

/*
 * What a client says in MAIL and RCPT: the address and the parameters of the
 * extensions that we offer (RFC 1870, 3461, 6152, 6531).
 *
 * Lenient where nothing can go wrong: blanks behind the colon, an address with
 * UTF-8 but without SMTPUTF8 (the envelope sees to it), a route (dropped), a
 * bare name.  An address without < and > is refused.
 */
struct argument {
	char *address;             /* as SMTP writes it; "" is the null sender */
	uint64_t size;             /* 0: not said */
	enum body_type body;
	bool smtputf8;
	enum dsn_return ret;
	char *envid;               /* decoded; NULL: none */
	unsigned notify;           /* 0: not said */
	char *orcpt;               /* as it was said, its form checked; NULL: none */
};

/*
 * Pure.  `text` stands behind "MAIL " or "RCPT ".  The result is the refusal,
 * "501 5.5.4 ...", or NULL.  Release `out` either way.
 */
const char *argument_mail(struct argument *out, const char *text);
const char *argument_rcpt(struct argument *out, const char *text);
void argument_release(struct argument *a);

#endif
