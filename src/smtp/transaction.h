#ifndef SMTP_TRANSACTION_H
#define SMTP_TRANSACTION_H

#include "mail/envelope.h"
#include "mail/message.h"
#include "smtp/session.h"

/*
 * Send a message to the waiting recipients of an envelope: MAIL, RCPT ...,
 * DATA or BDAT, pipelined where the server offers it, in as many transactions
 * as RCPT limits ask for (100 recipients, or LIMITS RCPTMAX; 452 after the
 * first accepted one sends the rest in another).
 *
 * Every recipient's state and status say what came of it, whatever happens.
 * True if the session is still good for another message; else `st` says what
 * broke, and recipients without an answer are still WAITING with that status.
 */
bool transaction_send(struct session *s, struct envelope *e, const struct message *m,
                      struct status *st);

#endif
