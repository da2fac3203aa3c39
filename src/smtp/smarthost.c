#include "smtp/smarthost.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "config/config.h"
#include "net/resolve.h"
#include "net/srv.h"

static const char srv[] = "srv:";

void smarthosts_init(struct smarthosts *s)
{
	*s = (struct smarthosts){ .len = 0 };
}

void smarthosts_release(struct smarthosts *s)
{
	for (size_t i = 0; i < s->len; i++) {
		free(s->v[i].host);
		free(s->v[i].tls_name);
	}
	free(s->v);
	smarthosts_init(s);
}

size_t smarthosts_entries(const struct account *a)
{
	return a->socket != NULL ? 1 : a->hosts.len;
}

/* Takes the host. */
static void add(struct smarthosts *s, char *host, unsigned short port, bool tls_at_once, const char *tls_name)
{
	s->v = alloc_array(s->v, s->len + 1, sizeof(*s->v));
	s->v[s->len++] = (struct smarthost){
		.host = host,
		.port = port,
		.tls_at_once = tls_at_once,
		.tls_name = alloc_copy(tls_name),
	};
}

/* The records say port and way of TLS, whatever the account does. */
static bool add_domain(struct smarthosts *s, const struct account *a, const char *domain, deadline until,
                       struct status *st)
{
	char *ascii = resolve_alabel(domain, st);
	struct srv_servers found;
	bool ok = ascii != NULL && srv_lookup(ascii, !a->tls, until, &found, st);

	for (size_t i = 0; ok && i < found.n; i++)
		add(s, alloc_copy(found.v[i].host), found.v[i].port, found.v[i].at_once,
		    srv_reference(ascii, found.v[i].host));
	free(ascii);
	return ok || status_during(st, "srv:%s", domain);
}

static bool add_host(struct smarthosts *s, const struct account *a, const char *name, unsigned short port,
                     struct status *st)
{
	char *host = resolve_alabel(name, st);

	if (host == NULL)
		return false;
	add(s, host, port, !a->tls_starttls, host);
	return true;
}

bool smarthosts_add(struct smarthosts *s, const struct account *a, size_t entry, deadline until,
                    struct status *st)
{
	unsigned short port;
	char *name;
	bool ok;

	if (a->socket != NULL) {
		add(s, alloc_copy(a->socket), 0, false, "localhost");
		return true;
	}
	if (entry >= a->hosts.len)
		return status_fail(st, EX_CONFIG, "account %s has no `host`", a->name);
	account_host(a, entry, &name, &port);
	if (str_istarts(name, srv))
		ok = add_domain(s, a, name + strlen(srv), until, st);
	else
		ok = add_host(s, a, name, port, st);
	free(name);
	if (!ok && st->wait == WAIT_NOTHING) /* no message was concerned yet */
		st->wait = WAIT_ACCOUNT;
	return ok;
}
