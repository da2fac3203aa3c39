#include "check/inspection.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/str.h"
#include "mail/date.h"
#include "smtp/session.h"

/*
 * Somebody waits for the answer, and a server that is as slow as `timeout`
 * allows is not well.
 */
enum { HOST_MS = 30 * 1000, STEP_MS = 10 * 1000, PROBE_MS = 10 * 1000 };

enum { CLOCK_OFF_BY = 5 * 60, SECRET_MAX = 1 << 16 };

/* One host of an account. */
struct server {
	struct inspection *n;
	const struct account *account;
	struct account as;         /* the same with what is ours here; borrows everything */
	const struct smarthost *host;
	char *where;               /* "account NAME, HOST:PORT" */
	char *greeting;            /* NULL: none was heard */
};

static void add(struct server *v, enum severity severity, const char *remedy, const char *what, ...)
	__attribute__((format(printf, 4, 5)));

static void add(struct server *v, enum severity severity, const char *remedy, const char *what, ...)
{
	va_list ap;

	va_start(ap, what);
	findings_vadd(v->n->findings, severity, v->where, remedy, what, ap);
	va_end(ap);
}

/* --- a server that does not let us in --- */

/* Ways to speak to a port other than the account's, and what says so. */
static const struct way {
	bool at_once;
	const char *remedy;
} ways[] = {
	{ true, "set tls_starttls off (and tls on): this port speaks TLS at once" },
	{ false, "set tls_starttls on (and tls on): this port speaks TLS after STARTTLS" },
};

static bool is_way(const struct server *v, const struct way *w)
{
	return v->account->tls && v->host->tls_at_once == w->at_once;
}

/* Nothing of ours is said: whose certificate it is does not matter. */
static bool answers(const struct server *v, const struct way *w)
{
	struct smarthost host = *v->host;
	struct account as = v->as;
	struct session s;
	struct status st;
	bool ok;

	host.tls_at_once = w->at_once;
	as.tls = true;
	as.tls_certcheck = false;
	as.tls_fingerprint = as.auth = (struct strv){ 0 };
	as.tls_cert_file = as.tls_key_file = NULL;
	ok = session_open(&s, v->n->config, &as, &host, NULL, deadline_in(PROBE_MS), &st);
	session_close(&s);
	return ok;
}

static const char *better_way(const struct server *v)
{
	for (size_t i = 0; i < COUNT_OF(ways); i++)
		if (!is_way(v, &ways[i]) && answers(v, &ways[i]))
			return ways[i].remedy;
	return NULL;
}

/* Where the connection stood and TLS did not, it may want another way. */
static void add_failure(struct server *v, bool in_the_clear, struct status *st)
{
	const char *way = in_the_clear ? better_way(v) : NULL;

	if (way != NULL)
		status_advise(st, way);
	else if (st->remedy == NULL)
		status_advise(st, "ask who runs the server, or see what it says: mailchute serverinfo");
	findings_add_status(v->n->findings, v->where, st);
}

/* --- one that does --- */

static void check_sender(struct server *v, struct session *s)
{
	char *sender = account_sender(v->account, getuid());
	struct status st;

	if (sender == NULL || strchr(sender, '@') == NULL || !str_is_ascii(sender, strlen(sender)))
		goto out;
	if (session_ask(s, &st, "MAIL FROM:<%s>", sender)) {
		if (session_answered(s, 2))
			goto out;
		session_refused(s, WAIT_MESSAGE, EX_UNAVAILABLE, &st);
	}
	add(v, FINDING_WRONG, "set `from` to an address that this login may send as",
	    "the server does not take mail from %s: %s", sender, st.text);
out:
	free(sender);
}

static void check_dates(struct server *v, const struct session *s)
{
	struct buf end;
	time_t left = s->tls.expires - time(NULL);

	if (s->tls.expires == 0 || left > TLS_RENEWAL || left < 0)
		return;
	buf_init(&end, 100);
	clock_print(s->tls.expires, &end);
	add(v, FINDING_NOTE, "who runs the server should renew it", "its certificate expires on %s, in %ld days",
	    end.data, (long)(left / CLOCK_DAY));
	buf_release(&end);
}

static void check_clock(struct server *v)
{
	time_t theirs, ours = time(NULL);
	long off;

	if (v->greeting == NULL || !date_find(v->greeting, &theirs))
		return;
	off = (long)(ours - theirs);
	if (labs(off) > CLOCK_OFF_BY)
		add(v, FINDING_WRONG, clock_remedy, "by the server's clock ours is %ld minutes %s", labs(off) / 60,
		    off > 0 ? "fast" : "slow");
}

static void check_offer(struct server *v, const struct session *s)
{
	if (!v->account->tls && v->account->socket == NULL && s->ehlo.starttls)
		add(v, FINDING_NOTE, "set tls on", "the server offers STARTTLS, and it is not used");
}

static void add_success(struct server *v, const struct session *s)
{
	add(v, FINDING_OK, "", "%s%s%s; %s%s", s->tls.version[0] != '\0' ? s->tls.version : "no TLS",
	    s->tls.version[0] != '\0' ? ", " : "", s->tls.cipher, s->auth[0] != '\0' ? "logged in with " : "no login",
	    s->auth);
}

/* --- asking --- */

static void keep_greeting(void *arg, char direction, const char *text)
{
	struct server *v = arg;

	if (direction == TRACE_RECEIVED && v->greeting == NULL)
		v->greeting = alloc_copy(text);
}

static void look_at(struct server *v, struct session *s)
{
	check_dates(v, s);
	check_offer(v, s);
	check_sender(v, s);
	add_success(v, s);
}

static void ask(struct server *v)
{
	struct trace trace = { .line = keep_greeting, .arg = v };
	struct session s;
	struct status st;
	bool ok, in_the_clear;

	ok = session_open(&s, v->n->config, &v->as, v->host, &trace, deadline_in(HOST_MS), &st);
	if (ok)
		look_at(v, &s);
	in_the_clear = s.connected && !s.tls_begun && v->account->socket == NULL;
	session_close(&s); /* before another way is tried: some servers take one connection at a time */
	if (!ok)
		add_failure(v, in_the_clear, &st);
	check_clock(v);
}

/* What inspect_accounts() has told of is not told of again: then we do not log in. */
static bool lacks_password(const struct inspection *n, const struct account *a, const char *host)
{
	struct buf secret;
	struct status st;
	bool lacks;

	if (a->passwordeval != NULL || a->auth.len == 0)
		return false;
	buf_init(&secret, SECRET_MAX);
	lacks = !secret_get(n->config, a, host, &secret, &st) && !strv_has(&a->auth, "EXTERNAL")
	        && !strv_has(&a->auth, "GSSAPI");
	buf_wipe(&secret);
	return lacks;
}

static void inspect_host(struct inspection *n, const struct account *a, const struct smarthost *host)
{
	struct server v = { .n = n, .account = a, .as = *a, .host = host };

	v.where = host->port != 0
	          ? alloc_printf("account %s, %s:%u", a->name, host->host, (unsigned)host->port)
	          : alloc_printf("account %s, %s", a->name, host->host);
	if (a->timeout == 0 || a->timeout > STEP_MS)
		v.as.timeout = STEP_MS;
	if (a->connect_timeout == 0 || a->connect_timeout > STEP_MS)
		v.as.connect_timeout = STEP_MS;
	if (lacks_password(n, a, host->port != 0 ? host->host : "localhost"))
		v.as.auth = (struct strv){ 0 };
	ask(&v);
	free(v.greeting);
	free(v.where);
}

/* A name that stands for no server. */
static void add_unnamed(struct inspection *n, const char *where, struct status *st)
{
	if (st->remedy == NULL)
		status_advise(st, "name the server with `host`, or see what DNS says: dig SRV _submissions._tcp.DOMAIN");
	findings_add_status(n->findings, where, st);
}

static void inspect_hosts(struct inspection *n, const struct account *a)
{
	char *where = alloc_printf("account %s", a->name);
	struct smarthosts all;
	struct status st;

	smarthosts_init(&all);
	for (size_t i = 0; i < smarthosts_entries(a); i++)
		if (!smarthosts_add(&all, a, i, deadline_in(STEP_MS), &st))
			add_unnamed(n, where, &st);
	for (size_t i = 0; i < all.len; i++)
		inspect_host(n, a, &all.v[i]);
	smarthosts_release(&all);
	free(where);
}

void inspect_servers(struct inspection *n)
{
	const struct config *c = n->config;

	for (size_t i = 0; i < c->len; i++)
		if (c->v[i].maildir == NULL && !account_is_copy(c, i))
			inspect_hosts(n, &c->v[i]);
}
