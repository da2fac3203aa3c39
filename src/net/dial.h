#ifndef NET_DIAL_H
#define NET_DIAL_H

#include "base/clock.h"
#include "base/trace.h"
#include "net/stream.h"

/* Whom to reach, and how. */
struct dial {
	const char *host;
	unsigned short port;
	const char *socket;        /* a Unix socket instead of host and port; or NULL */
	const char *source_ip;     /* or NULL; addresses of the other family are passed over */
	const char *proxy_host;    /* SOCKS5 (RFC 1928), names resolved by the proxy; or NULL */
	unsigned short proxy_port;
	const struct trace *trace; /* for -v -v; or NULL */
	deadline until;            /* for all addresses together, DNS and the proxy's work too */
};

/*
 * Connect to the first address that answers; families take turns, and the next
 * address is tried after a quarter of a second while the earlier ones are still
 * trying (RFC 8305).  EX_TEMPFAIL with wait HOST, saying host, port and what
 * each address answered; EX_CONFIG for a source_ip that is none.
 */
bool dial(const struct dial *d, struct stream *out, struct status *st);

#endif
