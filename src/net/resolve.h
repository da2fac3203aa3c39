#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <netdb.h>
#include <stdbool.h>

#include "base/status.h"

/* `name` as A-labels (IDNA 2008 with TR46, libidn2), lower case; the caller frees it.  ASCII stays as it is.
   NULL with EX_DATAERR. */
char *resolve_alabel(const char *name, struct status *st);

/*
 * All addresses of a host (name, IPv4, IPv6, [IPv6]), in the order of RFC 6724,
 * freed with freeaddrinfo.  An unknown name is EX_TEMPFAIL with wait HOST:
 * "DNS" is among what may work later.
 */
bool resolve_host(const char *host, unsigned short port, struct addrinfo **out, struct status *st);

#endif
