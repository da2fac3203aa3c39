#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include "base/status.h"
#include "base/trace.h"
#include "config/config.h"
#include "net/stream.h"
#include "net/tls.h"
#include "smtp/ehlo.h"
#include "smtp/reply.h"

/*
 * A connection to one host of an account, from the greeting to QUIT (RFC 5321;
 * LMTP, RFC 2033): EHLO or HELO, STARTTLS, AUTH.  Each step has a deadline of
 * the account's `timeout`.
 */
struct session {
	const struct config  *config;
	const struct account *account;
	const struct trace   *trace;       /* NULL: silent */
	char *host;
	unsigned short port;
	struct stream stream;
	struct ehlo   ehlo;
	struct reply  reply;               /* the last one */
	struct buf    line;
	char auth[32];                     /* the mechanism that logged in; "" if none */
	struct tls_info tls;               /* version "" without TLS */
	bool usable;                       /* no protocol error, timeout or 421 so far */
};

/*
 * Connect to hosts.v[i] of the account and log in.  False leaves a session that
 * only needs session_close; SPEC.md's table of events says which status:
 * connection, TLS, certificate: EX_TEMPFAIL, HOST; STARTTLS or mechanism missing:
 * EX_UNAVAILABLE, ACCOUNT; login refused: EX_NOPERM, ACCOUNT (a token: EX_TEMPFAIL);
 * greeting 5xx: EX_TEMPFAIL, HOST; no SMTP at all: EX_PROTOCOL, HOST.
 */
bool session_open(struct session *s, const struct config *c, const struct account *a,
                  size_t host, const struct trace *trace, struct status *st);
/* QUIT if the server still listens, a short while at most; frees all. */
void session_close(struct session *s);

/*
 * Every command leaves through here, so none can smuggle in a second one: a
 * control octet in it is EX_DATAERR.  It is buffered until session_reply.
 */
bool session_command(struct session *s, struct status *st, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same, but the trace shows only the first `shown` octets. */
bool session_secret(struct session *s, const char *line, size_t shown, struct status *st);
/* Flush, then read the next reply into s->reply.  A 421 fails, with wait HOST, unless a final 5xx belongs here. */
bool session_reply(struct session *s, struct status *st);

#endif
