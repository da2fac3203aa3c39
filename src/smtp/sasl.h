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
 * messages; the session carries them.
 */
struct sasl_login {
	const char *user, *password;     /* either may be NULL */
	size_t password_len;
	const char *ntlm_domain;         /* or NULL */
	const char *host;                /* the server's name, for GSSAPI, DIGEST-MD5, NTLM's target */
	const struct stream *stream;     /* for channel bindings; NULL outside TLS */
	bool client_certificate;         /* one was sent: EXTERNAL can work */
	bool protected_line;             /* TLS or a Unix socket */
};

/*
 * Mechanisms to try, best first, into `order`: those of `wanted` ("ON": of the
 * preference list, strongest first) that the server offers, that we have and
 * that may be used on this line.  If none is left it fails with EX_UNAVAILABLE
 * and wait ACCOUNT, saying for each that was passed over why.
 */
bool sasl_choose(const struct strv *wanted, const struct strv *offered,
                 const struct sasl_login *login, struct strv *order, struct status *st);

/* Whether mailchute knows the mechanism at all; for configuration errors. */
bool sasl_knows(const char *mechanism);
/* All it knows, strongest first, NULL-ended. */
const char *const *sasl_mechanisms(void);

/* One exchange. */
struct sasl;

/* NULL with a status if the mechanism cannot start (no ticket, say): try the next. */
struct sasl *sasl_start(const char *mechanism, const struct sasl_login *login, struct status *st);
void sasl_free(struct sasl *x);

/* The initial response in base64 ("=" for an empty one) if the mechanism sends one with AUTH; else *has is false. */
bool sasl_initial(struct sasl *x, struct buf *out, bool *has, struct status *st);
/* The answer in base64 to a 334's text.  The caller wipes `out`. */
bool sasl_step(struct sasl *x, const char *challenge, struct buf *out, struct status *st);
/* After 235: whether the server proved itself where the mechanism asks that (SCRAM). */
bool sasl_finished(const struct sasl *x);
/* A refusal by this mechanism may be an expired token: EX_TEMPFAIL rather than EX_NOPERM. */
bool sasl_is_token(const char *mechanism);

#endif
