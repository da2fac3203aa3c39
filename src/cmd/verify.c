#include "cmd/verify.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cmd/paint.h"
#include "cmd/report.h"
#include "cmd/spool.h"
#include "config/config.h"
#include "route/recipients.h"
#include "route/route.h"
#include "route/staging.h"

enum { SHOWN_MAX = 1024, LABEL_WIDTH = 9 };

static void print_escaped(enum paint p, const char *text)
{
	struct buf shown;

	buf_init(&shown, SHOWN_MAX);
	str_escape(&shown, text, strlen(text));
	paint(stdout, p, shown.data);
	puts(buf_ok(&shown) ? "" : "...");
	buf_release(&shown);
}

/* "  account  default": what stands behind an address, in two columns. */
static void row(const char *label, enum paint p, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void row(const char *label, enum paint p, const char *fmt, ...)
{
	struct buf text;
	va_list ap;

	buf_init(&text, SIZE_MAX / 2);
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	fputs("  ", stdout);
	paint_column(stdout, PAINT_LABEL, LABEL_WIDTH, label);
	print_escaped(p, text.data);
	buf_release(&text);
}

static void print_host(const struct account *a, size_t i)
{
	unsigned short port;
	char *host;

	account_host(a, i, &host, &port);
	if (str_istarts(host, "srv:"))
		row("host", PAINT_NONE, "%s, as DNS says", host);
	else
		row("host", PAINT_NONE, "%s, port %hu", host, port);
	free(host);
}

static void print_hosts(const struct account *a)
{
	if (a->maildir != NULL)
		row("maildir", PAINT_NONE, "%s", a->maildir);
	else if (a->socket != NULL)
		row("socket", PAINT_NONE, "%s", a->socket);
	else
		for (size_t i = 0; i < a->hosts.len; i++)
			print_host(a, i);
}

/* `entry` chose the account; NULL: nothing did. */
static void print_way(const struct account *account, const char *entry, const char *sender)
{
	if (entry != NULL)
		row("account", PAINT_NONE, "%s, by its from %s", account->name, entry);
	else
		row("account", PAINT_NONE, "%s", account->name);
	row("sender", PAINT_NONE, "<%s>", sender);
	print_hosts(account);
}

static void print_redirected(const struct settings *s, const struct route *route)
{
	char *to = staging_redirect(s);

	row("redirect", PAINT_NOTE, "%s", to);
	free(to);
	print_way(route->account, route->entry, route->sender);
}

static void print_recipient(const struct config *c, const struct recipient *r,
                            const struct route *route)
{
	enum staging staging;

	print_escaped(PAINT_LABEL, r->given);
	if (r->state == RECIPIENT_FAILED) {
		row("refused", PAINT_BAD, "%s", r->status.text);
		return;
	}
	row("address", PAINT_GOOD, "%s", r->address);
	if ((staging = staging_of(&c->settings, r->address)) == STAGING_REDIRECTED) {
		print_redirected(&c->settings, route);
		return;
	}
	if (staging == STAGING_HELD)
		row("held", PAINT_NOTE, "allow_to does not name it");
	print_way(r->local ? account_local(c) : route->account, r->local ? NULL : route->entry,
	          r->sender && *route->sender ? r->sender : route->sender);
}

/* One step on the way from an address to whom it means, as it is taken. */
static void print_step(void *arg, unsigned depth, const char *name, const char *value,
                       const char *where)
{
	int indent = (int)(2 * depth);

	(void)arg;
	if (*value == '\0') /* a file's members follow */
		row("alias", PAINT_NONE, "%*s%s", indent, "", name);
	else
		row("alias", PAINT_NONE, "%*s%s: %s (%s)", indent, "", name, value, where);
}

/* Nothing is read on standard input, so `operands` are all that is asked. */
static bool verify(const struct config *c, const struct request *asked, uid_t uid, struct envelope *e,
                   struct status *st)
{
	const struct route_request request = { .sender = asked->sender, .uid = uid };
	const struct strv none = { 0 };
	struct route route = { 0 };
	struct alias_use aliases = {
		.aliases = aliases_new(),
		.maildomain = c->settings.maildomain,
		.local = account_local(c) != NULL,
	};
	const struct recipients_source from = {
		.operands = asked->recipients,
		.len = asked->recipients_len,
		.maildomain = c->settings.maildomain,
		.aliases = &aliases,
		.step = print_step,
	};
	bool ok = route_choose(&route, c, &request, st);

	if (ok)
		aliases.files = asked->no_aliases ? &none : &route.account->aliases;
	ok = ok && recipients_add(e, &from, st);
	for (size_t i = 0; ok && i < e->len; i++)
		print_recipient(c, &e->v[i], &route);
	aliases_free(aliases.aliases);
	route_release(&route);
	return ok;
}

static int run(const char *program, const char *file, const struct request *asked, const struct viewer *viewer)
{
	uid_t uid = viewer != NULL ? viewer->uid : getuid();
	struct envelope e;
	struct config c;
	struct status st;
	int code = EX_OK;

	config_init(&c);
	envelope_init(&e);
	if (!config_load(&c, file, &st) || !verify(&c, asked, uid, &e, &st)) {
		report_failure(program, &st);
		code = st.sysexit;
	} else if (envelope_count(&e, RECIPIENT_FAILED) > 0) {
		code = EX_NOUSER;
	}
	envelope_release(&e);
	config_release(&c);
	return code;
}

int verify_command(const struct call *call)
{
	const struct request asked = {
		.recipients = (const char *const *)call->argv + 1,
		.recipients_len = (size_t)call->argc - 1,
	};

	if (call->argc < 2)
		return command_usage(call);
	return run("mailchute", call->config, &asked, call->viewer);
}

int verify_options(const struct options *o, const struct viewer *viewer)
{
	return run("sendmail", o->config, &o->request, viewer);
}
