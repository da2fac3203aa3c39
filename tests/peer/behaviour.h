#ifndef PEER_BEHAVIOUR_H
#define PEER_BEHAVIOUR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/strv.h"

/*
 * What the peer is and does.  A behaviour is text, a line a wish:
 *
 *   protocol smtp|lmtp
 *   listen ADDRESS             127.0.0.1, ::1, or /PATH of a Unix socket
 *   tls starttls|now|off       default starttls
 *   certificate NAME           of certs.h; default good
 *   client-certificate ask|require
 *   priorities STRING          GnuTLS priorities, for old protocols
 *   offer KEYWORD [TEXT]       an EHLO line; before TLS and after
 *   offer-clear, offer-tls     the same, only before TLS, only after it
 *   withhold KEYWORD           not this one (PIPELINING, SIZE, 8BITMIME and
 *                              ENHANCEDSTATUSCODES are offered unasked)
 *   auth MECHANISM...          offer these after TLS
 *   auth-clear MECHANISM...    offer these before it
 *   must-auth                  530 to MAIL without a login
 *   strict                     refuse what the rules of strict.h do not allow
 *   user NAME PASSWORD         who may log in; the password is all behind one blank
 *   token TOKEN                what XOAUTH2 and OAUTHBEARER take
 *   ntlm WORD...               rules of ntlm_server.h; `supported`: say so, as Exchange does
 *   lines lf                   replies end in LF alone
 *   pace N                     no more than N octets at a time
 *   socks5                     SOCKS5 before SMTP, any destination
 *   at STAGE [N] ACTION        misbehave, see below
 *
 * `at` lines of one stage run in their order, in place of the usual reply.
 * N is the how-manieth time in the peer's life; at `tls` how many octets of the
 * handshake we send before, at `body` how many octets of the message we read
 * before.  Actions: reply TEXT (\n parts lines), raw TEXT (every octet as it is),
 * usual, close, reset, silence, garbage, endless.
 *
 * What a stage brings about happens if the first octet said is 2 or 3.
 */
enum stage {
	STAGE_GREETING,
	STAGE_EHLO,
	STAGE_EHLO_TLS,
	STAGE_HELO,
	STAGE_STARTTLS,
	STAGE_TLS,
	STAGE_AUTH,
	STAGE_AUTH_STEP,
	STAGE_AUTH_END,
	STAGE_MAIL,
	STAGE_RCPT,
	STAGE_DATA,
	STAGE_BODY,
	STAGE_BDAT,
	STAGE_DOT,
	STAGE_RSET,
	STAGE_NOOP,
	STAGE_QUIT,
	STAGE_COUNT
};

enum act { ACT_REPLY, ACT_RAW, ACT_USUAL, ACT_CLOSE, ACT_RESET, ACT_SILENCE, ACT_GARBAGE, ACT_ENDLESS };

struct action {
	enum stage stage;
	size_t number;              /* 0: always */
	enum act act;
	char *text;                 /* what to say, NULs and all */
	size_t len;
};

enum tls_mode { TLS_STARTTLS, TLS_NOW, TLS_OFF };
enum protocol { PROTOCOL_SMTP, PROTOCOL_LMTP };
enum line_end { LINES_CRLF, LINES_LF };
enum client_certificate { CLIENT_NONE, CLIENT_ASK, CLIENT_REQUIRE };

struct behaviour {
	bool must_auth, strict, socks5;
	int protocol, tls, client_certificate, lines;   /* of the enums above */
	char *listen, *certificate, *priorities;
	struct strv offer, offer_clear, offer_tls, withhold, auth, auth_clear, ntlm;
	char *user, *password, *token;
	size_t pace;                /* 0: all at once */
	struct action *actions;
	size_t len, cap;
};

void behaviour_init(struct behaviour *b);
void behaviour_release(struct behaviour *b);

/* One line; false with words in `why` if it is none of the above.  Blank lines and # are skipped. */
bool behaviour_line(struct behaviour *b, const char *line, struct buf *why);

#endif
