#ifndef NET_DIAL_H
#define NET_DIAL_H

#include "base/clock.h"
#include "net/stream.h"

struct dial {
	const char *host;
	unsigned short port;
	const char *socket;        /* a Unix socket instead of host and port; or NULL */
	const char *source_ip;     /* or NULL */
	const char *proxy_host;    /* SOCKS5 (RFC 1928), names resolved by the proxy; or NULL */
	unsigned short proxy_port;
	deadline until;            /* for all addresses together */
};

/*
 * Connect to the first address that answers; the next one is tried in parallel
 * after a short while (RFC 8305).  EX_TEMPFAIL with wait HOST, the last
 * address's error in the text.
 */
bool dial(const struct dial *d, struct stream *out, struct status *st);

#endif
