#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/status.h"

/*
 * A UTF-8 domain as A-labels (IDNA 2008 with TR46, libidn2), lower case; the
 * caller frees it.  ASCII, address literals too, stays as it is.
 * NULL with EX_DATAERR.
 */
char *resolve_alabel(const char *name, struct status *st);

/* Whether it could be one in lower case: such letters, digits, `-`, `_` and dots. */
bool resolve_is_host_name(const char *name);

/* Where a host can be reached, in the order of RFC 6724.  A value: nothing to free. */
enum { RESOLVE_MAX = 32 };

struct endpoint {
	struct sockaddr_storage sa;
	socklen_t len;
};

struct resolved {
	size_t n;
	struct endpoint at[RESOLVE_MAX];
};

/*
 * All addresses of a host: a name, IPv4, IPv6 or [IPv6]; numbers ask nobody.
 * An unknown name is EX_TEMPFAIL with wait HOST: "DNS" is among what may work
 * later.  No process, EX_OSERR.
 */
bool resolve_host(const char *host, unsigned short port, deadline until, struct resolved *out,
                  struct status *st);

/* An address that is a number (or [IPv6]), without asking anybody; false if it is none. */
bool resolve_number(const char *host, unsigned short port, struct endpoint *out);

/* "192.0.2.1" or "[2001:db8::1]". */
void resolve_print(const struct endpoint *e, struct buf *out);

#endif
