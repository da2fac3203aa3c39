#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include "base/status.h"
#include "base/trace.h"
#include "config/config.h"
#include "net/stream.h"
#include "net/tls.h"
#include "smtp/ehlo.h"
#include "smtp/reply.h"
#include "smtp/smarthost.h"

/*
 * A connection to one host of an account, from the greeting to QUIT (RFC 5321;
 * LMTP, RFC 2033): EHLO or HELO, STARTTLS, AUTH.  Each step has a deadline of
 * the account's `timeout`.
 *
 * A Unix socket counts as a protected line: TLS is neither asked for nor used
 * on it.
 */
struct session {
	const struct config  *config;
	const struct account *account;
	const struct trace   *trace;       /* NULL: silent */
	char *host;                        /* A-labels; the path of a Unix socket */
	unsigned short port;
	bool tls_at_once;
	char *tls_name;                    /* whom its certificate must name */
	char *name;                        /* what we call ourselves in EHLO */
	struct stream stream;
	struct ehlo   ehlo;
	struct reply  reply;               /* the last one */
	struct buf    line;
	const struct buf *secrets[2];      /* never shown, should the server repeat them; or NULL */
	bool hide_challenges;              /* nor is the text of its 334 */
	char auth[32];                     /* the mechanism that logged in; "" if none */
	struct tls_info tls;               /* version "" without TLS */
	bool connected;
	bool tls_begun;                    /* whether it came about or not */
	bool usable;                       /* no protocol error, timeout or 421 so far */
	bool broken;                       /* nothing can be sent any more: ... */
	struct status broken_by;
	bool open_transaction;             /* RSET has to precede the next MAIL */
	deadline until;                    /* for all of it, besides each step's; a later message may
	                                      set another; 0: none */
};

/*
 * Connect to a server of the account and log in.  False leaves a session that
 * only needs session_close; SPEC.md's table of events says which status:
 * connection, TLS, certificate: EX_TEMPFAIL, HOST; STARTTLS or mechanism missing:
 * EX_UNAVAILABLE, ACCOUNT; login refused: EX_NOPERM, ACCOUNT (a token: EX_TEMPFAIL);
 * greeting or EHLO 5xx: EX_TEMPFAIL, HOST; no SMTP at all: EX_PROTOCOL, HOST; what
 * our own configuration lacks: EX_CONFIG, ACCOUNT.  It is never the message's fault.
 */
bool session_open(struct session *s, const struct config *c, const struct account *a,
                  const struct smarthost *host, const struct trace *trace, deadline until,
                  struct status *st);
/* QUIT if the server still listens, a short while at most; frees all. */
void session_close(struct session *s);

/*
 * Every command leaves through here, so none can smuggle in a second one: a
 * control octet in it is EX_DATAERR, as is a line that no server could take.
 * It is buffered until session_reply, which also tells if the connection broke:
 * the server may have said why.
 */
bool session_command(struct session *s, struct status *st, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same, sent at once and wiped, and the trace shows only the first `shown` octets. */
bool session_secret(struct session *s, const char *line, size_t shown, struct status *st);
/* Octets of a message, buffered likewise.  False: the connection broke, ask session_reply. */
bool session_data(struct session *s, const char *p, size_t n);
/* Whether the server speaks (or hung up) though it was not its turn yet. */
bool session_interrupted(struct session *s);

/*
 * Flush, then read the next reply into s->reply.  What the server said before
 * the connection broke is read first.  A 421 fails, with wait HOST.
 */
bool session_reply(struct session *s, struct status *st);
/* A command and its reply, for where nothing is pipelined. */
#define session_ask(s, st, ...) (session_command((s), (st), __VA_ARGS__) && session_reply((s), (st)))

/* The address at the other end, "192.0.2.1" or "[2001:db8::1]"; "" if there is none (a Unix socket). */
void session_address(const struct session *s, char *to, size_t size);

/* Whether the last reply is of this class (2, 3 ...). */
bool session_answered(const struct session *s, int class);
/*
 * Make a failure of the last reply: 4xx is EX_TEMPFAIL, 5xx is `final`, `wait`
 * waits.  Another code has no place there: EX_PROTOCOL, HOST, and the session is
 * not usable any more.
 */
bool session_refused(struct session *s, enum status_wait wait, int final, struct status *st);

/* A line of our own for -v. */
void session_note(const struct session *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
