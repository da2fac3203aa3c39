#include "cmd/serverinfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "base/alloc.h"
#include "base/str.h"
#include "config/config.h"
#include "net/resolve.h"
#include "smtp/login.h"
#include "smtp/mechanism.h"
#include "smtp/session.h"

/* "Label:    value"; what follows without a label belongs to the one above. */
static void row(const char *label, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void row(const char *label, const char *fmt, ...)
{
	struct buf text, shown;
	va_list ap;

	buf_init(&text, 8192);
	buf_init(&shown, 4 * 8192);
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	str_escape(&shown, text.data, text.len);   /* most of it is what a server says */
	printf("%-14s%s\n", label, shown.data);
	buf_release(&text);
	buf_release(&shown);
}

/* --- showing --- */

/* The server's first words, which the session forgets, are the first that it is heard to say. */
static void keep_greeting(void *arg, char direction, const char *text)
{
	char **greeting = arg;

	if (direction == TRACE_RECEIVED && *greeting == NULL)
		*greeting = alloc_copy(text);
}

static void show_addresses(const struct session *s)
{
	struct endpoint peer = { .len = sizeof(peer.sa) };
	const char *label = "Addresses:";
	struct resolved all;
	struct buf used, text;
	struct status st;

	if (s->account->socket != NULL
	    || !resolve_host(s->host, s->port, deadline_in(s->account->connect_timeout), &all, &st))
		return;
	buf_init(&used, 100);
	buf_init(&text, 100);
	if (getpeername(s->stream.fd, (struct sockaddr *)&peer.sa, &peer.len) == 0)
		resolve_print(&peer, &used);
	for (size_t i = 0; i < all.n; i++, label = "") {
		buf_reset(&text);
		resolve_print(&all.at[i], &text);
		row(label, "%s%s", text.data, strcmp(text.data, used.data) == 0 ? " (connected)" : "");
	}
	buf_release(&used);
	buf_release(&text);
}

static void show_tls(const struct session *s)
{
	if (s->tls.version[0] == '\0') {
		row("TLS:", "none");
		return;
	}
	row("TLS:", "%s, %s, %s", s->tls.version, s->tls.cipher,
	    s->account->tls_starttls ? "after STARTTLS" : "at once");
	row("Certificate:", "tls_fingerprint %s", s->tls.sha256);
	row("", "tls_fingerprint %s", s->tls.spki);
}

/* The last reply is the one to EHLO; its first line is another greeting. */
static void show_capabilities(const struct session *s)
{
	const char *label = "Capabilities:";
	struct strv lines;

	strv_init(&lines);
	strv_split(&lines, s->reply.text.data, "\n");
	for (size_t i = 1; i < lines.len; i++, label = "")
		row(label, "%s", lines.v[i]);
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
			row("", "not %s: %s", *names, mechanism_objection(*names, !on, offered, login));
		else
			buf_printf(&missing, "%s%s", missing.len > 0 ? ", " : "", *names);
	}
	if (missing.len > 0)
		row("", "not offered: %s", missing.data);
	buf_release(&missing);
}

static void show_login(const struct session *s, const struct strv *wanted)
{
	struct sasl_login login = login_facts(s);
	struct strv order;
	struct status st;

	strv_init(&order);
	if (wanted->len == 0)
		row("Login:", "none (auth off)");
	else if (!mechanism_choose(wanted, &s->ehlo.mechanisms, &login, &order, &st))
		row("Login:", "%s", st.text);
	else
		row("Login:", "%s%s%s", order.v[0], order.len > 1 ? ", if it is refused " : "",
		    order.len > 1 ? order.v[1] : "");
	if (order.len > 0)
		show_passed_over(wanted, order.v[0], s, &login);
	strv_release(&order);
}

static void show(const struct session *s, const struct account *a, const char *greeting,
                 const char *wrong)
{
	if (wrong != NULL)
		row("WRONG:", "%s", wrong);
	if (a->socket != NULL)
		row("Server:", "%s", s->host);
	else
		row("Server:", "%s, port %u", s->host, s->port);
	show_addresses(s);
	row("Greeting:", "%s", greeting != NULL ? greeting : "");
	show_tls(s);
	show_capabilities(s);
	show_login(s, &a->auth);
}

/* --- asking --- */

struct inquiry {
	const struct config *config;
	const struct account *account;
	struct account as;         /* the same without a login; borrows everything */
	size_t host;
	bool connected;
};

/* `wrong`: what is shown first; NULL if all is well. */
static bool ask(struct inquiry *q, const char *wrong, struct status *st)
{
	char *greeting = NULL;
	struct trace trace = { .line = keep_greeting, .arg = &greeting };
	struct session s;
	bool ok = session_open(&s, q->config, &q->as, q->host, &trace, st);

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

static int ask_host(const struct config *c, const struct account *a, size_t host)
{
	struct inquiry q = { .config = c, .account = a, .as = *a, .host = host };
	struct status st;

	q.as.auth = (struct strv){ 0 };
	if (ask(&q, NULL, &st))
		return EX_OK;
	if (!ask_unverified(&q, st.text))
		fprintf(stderr, "mailchute: %s\n", st.text);
	return st.sysexit;
}

static int ask_hosts(const struct config *c, const struct account *a)
{
	size_t n = a->socket != NULL || a->hosts.len == 0 ? 1 : a->hosts.len;
	int result = EX_OK, one;

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			putchar('\n');
		one = ask_host(c, a, i);
		if (result == EX_OK)
			result = one;
	}
	return result;
}

static int fail(const char *text, int sysexit)
{
	fprintf(stderr, "mailchute: %s\n", text);
	return sysexit;
}

static int with_config(const struct config *c, const char *name)
{
	const struct account *a = name != NULL ? account_named(c, name)
	                                       : account_choose(c, getuid(), NULL, NULL, NULL);

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
