#ifndef SMTP_EHLO_H
#define SMTP_EHLO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strv.h"

/* What a server offers in its reply to EHLO (RFC 5321, 4.1.1.1). */
struct ehlo {
	bool pipelining, size, eightbitmime, smtputf8, dsn, enhancedstatuscodes,
	     chunking, binarymime, starttls, auth;
	uint64_t max_size;          /* 0: none said */
	unsigned rcpt_max;          /* LIMITS RCPTMAX (RFC 9422); 0: none said */
	struct strv mechanisms;     /* AUTH, also of the old "AUTH=" line; each once */
};

void ehlo_init(struct ehlo *e);
void ehlo_release(struct ehlo *e);

/* From the text of the reply, lines parted by LF; the first is the greeting.  Pure; junk is skipped. */
void ehlo_parse(struct ehlo *e, const char *text);

#endif
