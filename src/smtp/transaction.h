#ifndef SMTP_TRANSACTION_H
#define SMTP_TRANSACTION_H

#include "mail/envelope.h"
#include "mail/message.h"
#include "smtp/session.h"

/* Called after each transaction, before the next one begins: what came of it can be written down. */
struct transaction_watch {
	void (*over)(void *arg, const struct session *s);
	void  *arg;
};

/*
 * Send a message to the waiting recipients of an envelope: MAIL, RCPT ...,
 * DATA or BDAT, pipelined where the server offers it, in as many transactions
 * as RCPT limits ask for (100 recipients, or LIMITS RCPTMAX; 452 after the
 * first accepted one sends the rest in another).
 *
 * DATA travels with MAIL and RCPT when pipelined (RFC 2920, 3.1).  Where CHUNKING
 * is offered BDAT (RFC 3030) is used instead: it costs no round trip more, one
 * less without PIPELINING, and counted octets leave no server an end of data to
 * misread.  But BDAT waits until a recipient was accepted.  The RFC lets it go
 * along with them; a server that then refuses them and does not drain the chunk,
 * as it must, would take the message for commands.
 *
 * Every recipient's state and status say what came of it, whatever happens: a
 * recipient refused at RCPT is EX_NOUSER, a message refused EX_UNAVAILABLE, both
 * final; 4xx makes it wait.  True if the session is still good for another
 * message; else `st` says what broke, and recipients without an answer are still
 * WAITING with that status.  If the connection broke between the end of the data
 * and its reply, that status has wait MESSAGE rather than HOST: another host
 * must not be asked at once, since this one may have the message.
 */
bool transaction_send(struct session *s, struct envelope *e, const struct message *m,
                      const struct transaction_watch *watch, struct status *st);

/* Give a status to a recipient: final if nothing can be waited for. */
void transaction_settle(struct recipient *r, const struct status *st);

#endif
