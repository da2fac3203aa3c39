#ifndef SMTP_SMARTHOST_H
#define SMTP_SMARTHOST_H

#include "base/clock.h"
#include "base/status.h"
#include "config/settings.h"

/*
 * The servers that an account's `host`, or `socket`, stands for: for a name that
 * one, for srv:DOMAIN what DNS says (net/srv.h), each with its port and its way of
 * TLS.
 */
struct smarthost {
	char *host;               /* A-labels; the path of a Unix socket */
	unsigned short port;      /* 0: a Unix socket */
	bool tls_at_once;         /* if there is TLS */
	char *tls_name;           /* whom its certificate must name, if nothing overrides it */
};

struct smarthosts {
	struct smarthost *v;
	size_t len;
};

void smarthosts_init(struct smarthosts *s);
void smarthosts_release(struct smarthosts *s);

/* How many entries there are: its hosts, or the socket. */
size_t smarthosts_entries(const struct account *a);

/*
 * Those of one entry, in order, at least one.  False, and nothing added: as
 * srv_lookup() has it; EX_CONFIG for a name that is none and where there is no host.
 */
bool smarthosts_add(struct smarthosts *s, const struct account *a, size_t entry, deadline until,
                    struct status *st);

#endif
