#include "cmd/serverinfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/str.h"
#include "cmd/sheet.h"
#include "config/config.h"
#include "net/dial.h"
#include "net/resolve.h"
#include "smtp/login.h"
#include "smtp/mechanism.h"
#include "smtp/session.h"

enum { ADDRESS_MS = 5000 };

/* --- showing --- */

/* The server's first words, which the session forgets, are the first that it is heard to say. */
static void keep_greeting(void *arg, char direction, const char *text)
{
	char **greeting = arg;

	if (direction == TRACE_RECEIVED && *greeting == NULL)
		*greeting = alloc_copy(text);
}

/* "192.0.2.1", and what it says to a connection of its own. */
static void show_address(const struct account *a, const char *label, const struct endpoint *e,
                         unsigned short port, const char *used)
{
	struct dial to = { .port = port, .source_ip = a->source_ip, .until = deadline_in(ADDRESS_MS) };
	struct stream stream;
	struct status st;
	struct buf text;

	buf_init(&text, 100);
	resolve_print(e, &text);
	to.host = text.data;
	if (strcmp(text.data, used) == 0) {
		sheet_row(label, "%s (connected)", text.data);
	} else if (dial(&to, &stream, &st)) {
		sheet_row(label, "%s (answers)", text.data);
		stream_close(&stream);
	} else {
		sheet_painted(label, PAINT_BAD, "%s", st.text);
	}
	buf_release(&text);
}

/* All of a host's.  `used` is the one that we are connected to, or "". */
static void show_addresses(const struct account *a, const char *host, unsigned short port, const char *used)
{
	const char *label = "Addresses:";
	struct resolved all;
	struct status st;

	if (a->socket != NULL)
		return;
	if (a->proxy_host != NULL)
		sheet_row(label, "looked up by the proxy %s:%u", a->proxy_host, (unsigned)a->proxy_port);
	else if (!resolve_host(host, port, deadline_in(a->connect_timeout), &all, &st))
		sheet_painted(label, PAINT_BAD, "%s", st.text);
	else
		for (size_t i = 0; i < all.n; i++, label = "")
			show_address(a, label, &all.at[i], port, used);
}

static void show_peer(const struct session *s)
{
	char used[64];

	session_address(s, used, sizeof(used));
	show_addresses(s->account, s->host, s->port, used);
}

/* How long a certificate has been, or will be, what it is. */
static void show_dates(const struct tls_certificate *c)
{
	time_t now = time(NULL);
	struct buf from, until;

	buf_init(&from, 100);
	buf_init(&until, 100);
	clock_print(c->from, &from);
	clock_print(c->until, &until);
	if (now < c->from)
		sheet_painted("", PAINT_BAD, "from %s, in %ld days, to %s", from.data, (long)((c->from - now) / CLOCK_DAY),
		              until.data);
	else if (now > c->until)
		sheet_painted("", PAINT_BAD, "from %s to %s: expired %ld days ago", from.data, until.data,
		              (long)((now - c->until) / CLOCK_DAY));
	else
		sheet_painted("", c->until - now < TLS_RENEWAL ? PAINT_NOTE : PAINT_NONE, "from %s to %s, %ld days left",
		              from.data, until.data, (long)((c->until - now) / CLOCK_DAY));
	buf_release(&from);
	buf_release(&until);
}

static void show_certificate(void *arg, const struct tls_certificate *c)
{
	const char **label = arg;

	sheet_row(*label, "%s", c->subject);
	*label = "Signed by:";
	if (*c->names != '\0')
		sheet_row("", "for %s", c->names);
	sheet_row("", "issuer %s", c->issuer);
	show_dates(c);
	sheet_row("", "tls_fingerprint %s", c->sha256);
	sheet_row("", "tls_fingerprint %s", c->spki);
}

static void show_tls(const struct session *s)
{
	const char *label = "Certificate:";

	if (s->tls.version[0] == '\0') {
		sheet_painted("TLS:", PAINT_NOTE, "none");
		return;
	}
	sheet_row("TLS:", "%s, %s, %s", s->tls.version, s->tls.cipher,
	          s->tls_at_once ? "at once" : "after STARTTLS");
	tls_show(&s->stream, show_certificate, &label);
}

/* The last reply is the one to EHLO; its first line is another greeting. */
static void show_capabilities(const struct session *s)
{
	const char *label = "Capabilities:";
	struct strv lines;

	strv_init(&lines);
	strv_split(&lines, s->reply.text.data, "\n");
	for (size_t i = 1; i < lines.len; i++, label = "")
		sheet_row(label, "%s", lines.v[i]);
	strv_release(&lines);
}

/* Those that would be better than the one chosen, and what is against them. */
static void show_passed_over(const struct strv *wanted, const char *chosen, const struct session *s,
                             const struct sasl_login *login)
{
	const struct strv *offered = &s->ehlo.mechanisms;
	bool on = strv_has(wanted, "ON");
	const char *const *names = on ? mechanism_names() : (const char *const *)wanted->v;
	struct buf missing;

	buf_init(&missing, 1024);
	for (; !str_iequal(*names, chosen); names++) {
		if (strv_has(offered, mechanism_wire_name(*names)))
			sheet_row("", "not %s: %s", *names, mechanism_objection(*names, !on, offered, login));
		else
			buf_printf(&missing, "%s%s", missing.len > 0 ? ", " : "", *names);
	}
	if (missing.len > 0)
		sheet_row("", "not offered: %s", missing.data);
	buf_release(&missing);
}

static void show_login(const struct session *s, const struct strv *wanted)
{
	struct sasl_login login = login_facts(s);
	struct strv order;
	struct status st;

	strv_init(&order);
	if (wanted->len == 0)
		sheet_row("Login:", "none (auth off)");
	else if (!mechanism_choose(wanted, &s->ehlo.mechanisms, &login, &order, &st))
		sheet_row("Login:", "%s", st.text);
	else
		sheet_row("Login:", "%s%s%s", order.v[0], order.len > 1 ? ", if it is refused " : "",
		    order.len > 1 ? order.v[1] : "");
	if (order.len > 0)
		show_passed_over(wanted, order.v[0], s, &login);
	strv_release(&order);
}

static void show(const struct session *s, const struct account *a, const char *greeting,
                 const char *wrong)
{
	if (wrong != NULL)
		sheet_painted("WRONG:", PAINT_BAD, "%s", wrong);
	if (a->socket != NULL)
		sheet_row("Server:", "%s", s->host);
	else
		sheet_row("Server:", "%s, port %u", s->host, s->port);
	show_peer(s);
	sheet_row("Greeting:", "%s", greeting != NULL ? greeting : "");
	show_tls(s);
	show_capabilities(s);
	show_login(s, &a->auth);
}

/* Nobody lets us in: at least, where that was tried. */
static void show_unreachable(const struct account *a, const struct smarthost *host)
{
	if (a->socket != NULL)
		return;
	sheet_row("Server:", "%s, port %u", host->host, (unsigned)host->port);
	show_addresses(a, host->host, host->port, "");
}

/* --- asking --- */

static int fail(const char *text, int sysexit)
{
	fprintf(stderr, "mailchute: %s\n", text);
	return sysexit;
}

struct inquiry {
	const struct config *config;
	const struct account *account;
	struct account as;         /* the same without a login; borrows everything */
	const struct smarthost *host;
	bool connected;
};

/* `wrong`: what is shown first; NULL if all is well. */
static bool ask(struct inquiry *q, const char *wrong, struct status *st)
{
	char *greeting = NULL;
	struct trace trace = { .line = keep_greeting, .arg = &greeting };
	struct session s;
	bool ok = session_open(&s, q->config, &q->as, q->host, &trace, 0, st);

	q->connected = s.connected;
	if (ok)
		show(&s, q->account, greeting, wrong);
	session_close(&s);
	free(greeting);
	return ok;
}

/*
 * With a certificate that does not verify the session ends before it says
 * anything.  It is opened once more without the check, to be looked at: nothing
 * secret goes out here.
 */
static bool ask_unverified(struct inquiry *q, const char *wrong)
{
	struct status ignored;

	q->as.tls_certcheck = false;
	q->as.tls_fingerprint = (struct strv){ 0 };
	q->as.tls_cert_file = q->as.tls_key_file = NULL;
	return q->connected && q->as.tls && ask(q, wrong, &ignored);
}

static int ask_host(const struct config *c, const struct account *a, const struct smarthost *host)
{
	struct inquiry q = { .config = c, .account = a, .as = *a, .host = host };
	struct status st;

	q.as.auth = (struct strv){ 0 };
	if (ask(&q, NULL, &st))
		return EX_OK;
	if (!q.connected)
		show_unreachable(a, host);
	if (!ask_unverified(&q, st.text))
		fprintf(stderr, "mailchute: %s\n", st.text);
	else if (st.remedy != NULL)
		sheet_row("To do:", "%s", st.remedy);
	return st.sysexit;
}

/* All that the account's hosts stand for; the exit code of the first that could not be asked. */
static int ask_hosts(const struct config *c, const struct account *a)
{
	int result = EX_OK, one;
	struct smarthosts all;
	struct status st;

	smarthosts_init(&all);
	for (size_t i = 0; i < smarthosts_entries(a); i++)
		if (!smarthosts_add(&all, a, i, deadline_in(a->connect_timeout), &st) && result == EX_OK)
			result = fail(st.text, st.sysexit);
	for (size_t i = 0; i < all.len; i++) {
		if (i > 0)
			putchar('\n');
		one = ask_host(c, a, &all.v[i]);
		if (result == EX_OK)
			result = one;
	}
	smarthosts_release(&all);
	return result;
}

static int with_config(const struct config *c, const char *name)
{
	const struct account *a = name != NULL ? account_named(c, name)
	                                       : account_choose(c, getuid(), NULL, NULL).account;

	if (a == NULL)
		return fail(name != NULL ? "there is no account of this name"
		                         : "there is no account default: name one", EX_CONFIG);
	if (a->maildir != NULL)
		return fail("this account has no server, but a maildir", EX_CONFIG);
	return ask_hosts(c, a);
}

int serverinfo_command(const struct call *call)
{
	struct config c;
	struct status st;
	int result;

	if (call->argc > 2)
		return command_usage(call);
	config_init(&c);
	result = config_load(&c, call->config, &st) ? with_config(&c, call->argv[1])
	                                            : fail(st.text, st.sysexit);
	config_release(&c);
	return result;
}
