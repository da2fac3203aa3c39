#ifndef NET_CREDENTIALS_H
#define NET_CREDENTIALS_H

#include <gnutls/gnutls.h>

#include "net/tls.h"

/*
 * What we bring to a handshake: whom we trust, and a client certificate if there
 * is one.  For net/tls alone.
 */

/*
 * False: EX_CONFIG, with the file that cannot be used.  Either way the caller
 * frees `out`.
 */
bool credentials_load(gnutls_certificate_credentials_t *out, const struct tls_config *c, struct status *st);

#endif
