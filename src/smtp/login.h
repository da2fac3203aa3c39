#ifndef SMTP_LOGIN_H
#define SMTP_LOGIN_H

#include "smtp/sasl.h"
#include "smtp/session.h"

/*
 * AUTH (RFC 4954), as the account's `auth` says; nothing to do if it is off.
 *
 * Mechanisms are tried in mechanism_choose's order.  One that cannot start here, or
 * that the server does not want to hear of (504, 538), gives way to the next.
 * A login that is refused is tried once more with the next one if `auth on`
 * chose; of those that the account names each has its one try.  The first
 * refusal is what is reported: the server may count and lock out.
 *
 * The password is fetched when the first mechanism wants one, and wiped.
 */
bool login(struct session *s, struct status *st);

/* What sasl wants to know of a session, but for the password. */
struct sasl_login login_facts(const struct session *s);

#endif
