#ifndef SMTP_OAUTH_H
#define SMTP_OAUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/status.h"

/*
 * The messages with which an OAuth 2.0 token logs in: XOAUTH2, which Google and
 * Microsoft began with, and OAUTHBEARER (RFC 7628).  Pure.
 */
struct oauth_login {
	const char *user;
	const char *token;
	size_t token_len;
	const char *host;           /* or NULL */
	unsigned short port;        /* 0: not said */
};

/*
 * Append the client's message.  EX_CONFIG and wait ACCOUNT for a user or token
 * that would break out of it.  The caller wipes `out`.
 */
bool oauth_xoauth2(const struct oauth_login *l, struct buf *out, struct status *st);
bool oauth_bearer(const struct oauth_login *l, struct buf *out, struct status *st);

/*
 * The server's error (RFC 7628, 3.2.2: JSON with a "status") in words, fit for a
 * terminal; as it is if it is none.
 */
void oauth_error(const char *json, size_t n, struct buf *out);

#endif
