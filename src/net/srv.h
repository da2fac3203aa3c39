#ifndef NET_SRV_H
#define NET_SRV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/status.h"

/*
 * The servers to which a domain's users submit mail, as its SRV records in DNS
 * say (RFC 2782): _submissions._tcp, with TLS at once, and _submission._tcp, with
 * STARTTLS (RFC 6186).  TLS at once comes first (RFC 8314, 3.3).
 *
 * DNS is believed as to where to connect, but not as to whom to trust: see
 * srv_reference().
 */
enum { SRV_MAX = 32, SRV_NAME_MAX = 255 };

struct srv_server {
	char host[SRV_NAME_MAX + 1];       /* a host name in lower case */
	unsigned short port;
	unsigned short priority, weight;
	bool at_once;                      /* TLS, without STARTTLS */
};

/* Values, nothing to free. */
struct srv {
	struct srv_server v[SRV_MAX];
	size_t n;
	bool refused;                      /* "." was named: the service is not to be had */
};

/*
 * The records in a DNS answer, at most SRV_MAX, in the order that they have there;
 * what is no host name or has no port is passed over.  False: it is no answer, or says
 * that the name server could not give one.
 */
bool srv_parse(struct srv *out, const unsigned char *answer, size_t n);

/*
 * In the order in which they are to be tried: by priority, and by lot among equals,
 * more often first the more weight they have (RFC 2782).  `chance` gives 32 bits.
 */
void srv_order(struct srv *s, uint32_t (*chance)(void));

/*
 * Ask DNS for both services of a domain, in A-labels; with `clear`, for who goes
 * without TLS, for the second alone.  All servers in order, at least one.  False, with wait HOST: EX_TEMPFAIL if
 * there is no answer or no such record, EX_CONFIG if the domain says that it has
 * no such service.
 */
struct srv_servers {
	struct srv_server v[2 * SRV_MAX];
	size_t n;
};
bool srv_lookup(const char *domain, bool clear, deadline until, struct srv_servers *out,
                struct status *st);

/*
 * Whom the certificate of a server must name.  Who can forge a DNS answer must not
 * choose that: so it is the server's name only if that is in the domain which the
 * configuration names, else the domain itself (RFC 6186, 6; RFC 6125, 6).
 */
const char *srv_reference(const char *domain, const char *host);

#endif
