#ifndef SMTP_SASL_H
#define SMTP_SASL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/status.h"
#include "base/strv.h"
#include "net/stream.h"

/*
 * The only module that knows GNU SASL.  It chooses mechanisms and makes their
 * messages; the session carries them:
 *
 *	sasl_choose(&account->auth, &ehlo->mechanisms, &login, &order, st)
 *	for each of `order`:
 *		x = sasl_start(mechanism, &login, st)      NULL: the next one
 *		sasl_initial(x, &line, &has, st)
 *		-> AUTH sasl_wire_name(mechanism) [line]
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

/*
 * Mechanisms to try, in this order, into `order`: those of `wanted`, in its
 * order ("ON": the preference list, strongest first), that the server offers
 * and that may be used on this line.  If none is left it fails with
 * EX_UNAVAILABLE and wait ACCOUNT, saying for each that was passed over why.
 * User and password are not looked at: sasl_start does.
 */
bool sasl_choose(const struct strv *wanted, const struct strv *offered,
                 const struct sasl_login *login, struct strv *order, struct status *st);

/*
 * Why a mechanism cannot be used with this server on this line, in a few words;
 * NULL if it can.  `by_name`: the configuration names it, rather than `auth on`.
 */
const char *sasl_objection(const char *mechanism, bool by_name, const struct strv *offered,
                           const struct sasl_login *login);

/* Whether mailchute knows the mechanism at all; for configuration errors. */
bool sasl_knows(const char *mechanism);
/* All it knows, strongest first, NULL-ended. */
const char *const *sasl_mechanisms(void);
/* What AUTH calls it: NTLMV1 is NTLM there, every other has its own name. */
const char *sasl_wire_name(const char *mechanism);
/* EXTERNAL and GSSAPI need none: no reason to fail for want of one. */
bool sasl_needs_password(const char *mechanism);
/* A refusal by this mechanism may be an expired token: EX_TEMPFAIL rather than EX_NOPERM. */
bool sasl_is_token(const char *mechanism);

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
