#ifndef NET_CERTIFICATE_H
#define NET_CERTIFICATE_H

#include <gnutls/gnutls.h>

#include "net/tls.h"

/*
 * The server's certificate: is it one to accept, and if not, what is wrong with
 * it and what could be done?  For net/tls alone, which asks while it shakes
 * hands.
 */

/* Do fingerprints decide, in place of chain and name? */
bool certificate_is_pinned(const struct tls_config *c);

/*
 * Judge what the server showed as that of `name` (A-labels, no dot at the end).
 * False: EX_TEMPFAIL with wait HOST, the fingerprint in its text, to compare or
 * to pin.
 */
bool certificate_accept(gnutls_session_t session, const struct tls_config *c, const char *name,
                        struct status *st);

/* Fingerprints and end of what it showed; "" and 0 if that was nothing. */
void certificate_describe(gnutls_session_t session, struct tls_info *out);

/* All that it showed, see tls_show(). */
void certificate_show(gnutls_session_t session, void (*each)(void *arg, const struct tls_certificate *c),
                      void *arg);

#endif
