#ifndef NET_CREDENTIALS_H
#define NET_CREDENTIALS_H

#include <gnutls/gnutls.h>

#include "net/tls.h"

/*
 * What we bring to a handshake: whom we trust, and a client certificate if there
 * is one.  For net/tls alone.
 *
 * They are loaded for every connection, so that a renewed file holds from the next
 * one on.  The system's store of 144 authorities takes some 8 ms of CPU time, after
 * 25 ms for the first in a process: less than the round trips of a connection, and
 * a connection is kept while there is mail for it.
 */

/*
 * False: EX_CONFIG, with the file that cannot be used.  Either way the caller
 * frees `out`.
 */
bool credentials_load(gnutls_certificate_credentials_t *out, const struct tls_config *c, struct status *st);

#endif
