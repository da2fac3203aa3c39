#ifndef DELIVER_RESULT_H
#define DELIVER_RESULT_H

#include "base/buf.h"
#include "mail/envelope.h"

/*
 * What an attempt comes to, by the first column of SPEC.md's table of events:
 * EX_OK if every recipient was sent; EX_TEMPFAIL if one may work later;
 * else the code of the failures (EX_NOUSER for refused recipients, EX_DATAERR
 * where an address could not be parsed).  A login refused or a missing
 * STARTTLS keeps its own code (77, 69).
 *
 * Of several codes the one counts that leaves most open: any wait before any
 * refusal, EX_TEMPFAIL before the other waits; among refusals the one that is
 * nearest to the caller: EX_DATAERR, then EX_NOUSER, then what was said of the
 * message.
 */
int result_exit(const struct envelope *e);
/* The recipient whose code that is; NULL if all were sent. */
const struct recipient *result_worst(const struct envelope *e);

/*
 * One line a failed or waiting recipient, the server's own words in it; where
 * all share one reason, one line for them all.
 */
void result_print(const struct envelope *e, const char *account, struct buf *out);

#endif
