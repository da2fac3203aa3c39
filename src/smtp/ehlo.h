#ifndef SMTP_EHLO_H
#define SMTP_EHLO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strv.h"

/* What a server offers in its reply to EHLO (RFC 5321, 4.1.1.1). */
struct ehlo {
	bool pipelining, size, eightbitmime, smtputf8, dsn, enhancedstatuscodes,
	     chunking, binarymime, starttls, auth, limits;
	uint64_t max_size;          /* 0: none said */
	unsigned rcpt_max;          /* LIMITS RCPTMAX (RFC 9422); 0: none said */
	struct strv mechanisms;     /* AUTH, also of the old "AUTH=" line; each once */
};

void ehlo_init(struct ehlo *e);
void ehlo_release(struct ehlo *e);

/*
 * From the text of the reply, lines parted by LF; the first is the greeting.
 * What was parsed before is forgotten; junk is skipped, and no server can make
 * us remember more than a few dozen mechanisms.  A number that is too large to
 * keep is the largest.
 */
void ehlo_parse(struct ehlo *e, const char *text);

#endif
