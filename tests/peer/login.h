#ifndef PEER_LOGIN_H
#define PEER_LOGIN_H

#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "base/buf.h"
#include "behaviour.h"

/* The server's side of AUTH: PLAIN, LOGIN, CRAM-MD5, DIGEST-MD5, SCRAM and EXTERNAL by GNU SASL, XOAUTH2 and
   OAUTHBEARER by hand, NTLM by ntlm_server.  The dialogue carries the messages. */
struct login_context {
	const struct behaviour *behaviour;
	gnutls_session_t tls;            /* for channel bindings; NULL in clear text */
	bool client_verified;            /* with a certificate of ours: for EXTERNAL */
};

enum login_result {
	LOGIN_MORE,         /* send `out` after 334 and give the answer to login_step */
	LOGIN_GOOD,
	LOGIN_BAD,
};

struct login;

/* NULL if we do not have the mechanism. */
struct login *login_new(const struct login_context *c, const char *mechanism);
void login_free(struct login *l);

/* `in` is what the client sent, in base64; NULL for AUTH without an initial response. */
enum login_result login_step(struct login *l, const char *in, struct buf *out);

/* Why NTLM was refused, if it was; else NULL. */
const char *login_why(const struct login *l);

/* Whether the password crosses the line as it is. */
bool login_is_plain(const char *mechanism);

#endif
