#ifndef SMTP_SASL_H
#define SMTP_SASL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/status.h"
#include "net/stream.h"

/*
 * The only module that knows GNU SASL.  It makes the messages of the mechanisms
 * that smtp/mechanism.h chooses; smtp/login.h carries them:
 *
 *	mechanism_choose(&account->auth, &ehlo->mechanisms, &login, &order, st)
 *	for each of `order`:
 *		x = sasl_start(mechanism, &login, st)      NULL: the next one
 *		sasl_initial(x, &line, &has, st)
 *		-> AUTH mechanism_wire_name(mechanism) [line]
 *		<- 334 text     sasl_step(x, text, &line, st)   false: -> "*"
 *		-> line
 *		<- 235          sasl_finished(x), or the server did not prove itself
 *		<- 5xx          the reply's words, and sasl_server_error(x)
 *		sasl_free(x)
 */
struct sasl_login {
	const char *user, *password;     /* UTF-8; either may be NULL */
	size_t password_len;
	const char *ntlm_domain;         /* or NULL */
	const char *host;                /* the server's name, for GSSAPI, DIGEST-MD5, NTLM's target */
	unsigned short port;             /* for OAUTHBEARER; 0: not said */
	const struct stream *stream;     /* for channel bindings; NULL outside TLS */
	bool client_certificate;         /* one was sent: EXTERNAL can work */
	bool protected_line;             /* TLS or a Unix socket */
};

/* One exchange. */
struct sasl;

/*
 * `login` is borrowed until sasl_free.  NULL with a status if the mechanism
 * cannot start (no ticket, no password, a user name it cannot carry): try the next.
 */
struct sasl *sasl_start(const char *mechanism, const struct sasl_login *login, struct status *st);
void sasl_free(struct sasl *x);

/*
 * The initial response in base64 ("=" for an empty one) if the mechanism sends
 * one with AUTH and it fits the command line (RFC 4954, 4); else *has is false,
 * and the first 334 asks for it.  The caller wipes `out`.
 */
bool sasl_initial(struct sasl *x, struct buf *out, bool *has, struct status *st);
/* The answer in base64, which may be empty, to a 334's text.  The caller wipes `out`. */
bool sasl_step(struct sasl *x, const char *challenge, struct buf *out, struct status *st);
/*
 * After 235: whether that may be.  The server proved itself where the mechanism
 * asks that (SCRAM), and had said nothing against us.
 */
bool sasl_finished(const struct sasl *x);
/* What the server said against us inside the exchange (SCRAM's e=, a token's error), printable, or "". */
const char *sasl_server_error(const struct sasl *x);

/* The library's version. */
const char *sasl_library(void);

#endif
