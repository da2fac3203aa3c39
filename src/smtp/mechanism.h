#ifndef SMTP_MECHANISM_H
#define SMTP_MECHANISM_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/status.h"
#include "base/strv.h"
#include "net/tls.h"

/*
 * The login mechanisms that mailchute knows, and the choice among those that a
 * server offers.  smtp/sasl.h makes their messages.
 */
enum mechanism_trait {
	/* Who may ask for it, and where. */
	MECH_BY_NAME     = 1 << 0, /* never chosen by `auth on` */
	MECH_REVEALS     = 1 << 1, /* shows the secret, or nearly: a protected line only */
	MECH_STANDS_OPEN = 1 << 2, /* `auth on` may use it on an open line, too */
	MECH_CERTIFICATE = 1 << 3, /* the line's client certificate is the login */
	MECH_BINDING     = 1 << 4, /* proves that both ends see the same TLS session */
	/* What it needs and how it goes. */
	MECH_USER        = 1 << 5,
	MECH_PASSWORD    = 1 << 6,
	MECH_TOKEN       = 1 << 7, /* the password is an OAuth 2.0 token */
	MECH_FIRST       = 1 << 8, /* the client speaks first ... */
	MECH_INITIAL     = 1 << 9, /* ... and may do so in the AUTH command */
	MECH_PROOF       = 1 << 10, /* 235 alone is not enough: the server proves itself */
	MECH_GUESSABLE   = 1 << 11, /* what the server says is enough to try passwords at leisure */
};

struct mechanism {
	const char *name;     /* in the configuration */
	const char *wire;     /* in AUTH, where every one but NTLMV1 has the same name */
	unsigned traits;
};

struct sasl_login;            /* smtp/sasl.h: who logs in, over which line */

/* By its name in the configuration, in any case; NULL if mailchute does not know it. */
const struct mechanism *mechanism_find(const char *name);
/* The names of all, strongest first, NULL-ended: the order of `auth on`. */
const char *const *mechanism_names(void);

/* Of a mechanism that may be unknown, which has its own name on the wire and no trait. */
const char *mechanism_wire_name(const char *name);
bool mechanism_has(const char *name, enum mechanism_trait trait);

/*
 * Mechanisms to try, in this order, into `order`: those of `wanted`, in its
 * order ("ON": the preference list, strongest first), that the server offers
 * and that may be used on this line.  If none is left it fails with
 * EX_UNAVAILABLE and wait ACCOUNT, saying for each that was passed over why.
 * User and password are not looked at: sasl_start does.
 */
bool mechanism_choose(const struct strv *wanted, const struct strv *offered,
                      const struct sasl_login *login, struct strv *order, struct status *st);

/*
 * Why a mechanism cannot be used with this server on this line, in a few words;
 * NULL if it can.  `by_name`: the configuration names it, rather than `auth on`.
 */
const char *mechanism_objection(const char *name, bool by_name, const struct strv *offered,
                                const struct sasl_login *login);

/*
 * The binding to use with SCRAM: tls-unique where there is one, which is up to
 * TLS 1.2 (RFC 5929), else tls-exporter (RFC 9266).  False if the line has none.
 */
bool mechanism_binding(const struct sasl_login *login, enum tls_binding *kind, struct buf *data);

#endif
