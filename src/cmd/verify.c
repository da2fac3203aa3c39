#include "cmd/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cmd/report.h"
#include "config/config.h"
#include "route/recipients.h"
#include "route/route.h"

static void print_escaped(const char *text)
{
	struct buf shown;

	buf_init(&shown, 1024);
	str_escape(&shown, text, strlen(text));
	puts(shown.data);
	buf_release(&shown);
}

static void print_hosts(const struct account *a)
{
	unsigned short port;
	char *host;

	if (a->maildir != NULL)
		printf("  maildir  %s\n", a->maildir);
	else if (a->socket != NULL)
		printf("  socket   %s\n", a->socket);
	else
		for (size_t i = 0; i < a->hosts.len; i++) {
			account_host(a, i, &host, &port);
			printf("  host     %s, port %hu\n", host, port);
			free(host);
		}
}

static void print_recipient(const struct recipient *r, const struct route *route)
{
	print_escaped(r->given);
	if (r->state == RECIPIENT_FAILED) {
		printf("  refused  %s\n", r->status.text);
		return;
	}
	fputs("  address  ", stdout);
	print_escaped(r->address);
	printf("  account  %s\n", route->account->name);
	printf("  sender   <%s>\n", route->sender);
	print_hosts(route->account);
}

/* One word of a struct recipients_source less: what it names is all that is asked. */
static bool verify(const struct config *c, const struct recipients_source *from, const char *sender,
                   struct envelope *e, struct status *st)
{
	struct route_request request = { .sender = sender, .uid = getuid() };
	struct route route = { 0 };
	bool ok;

	ok = recipients_add(e, from, st) && route_choose(&route, c, &request, st);
	for (size_t i = 0; ok && i < e->len; i++)
		print_recipient(&e->v[i], &route);
	route_release(&route);
	return ok;
}

/* The exit code for `program`; `operands` are the addresses, `sender` is -f or NULL. */
static int run(const char *program, const char *file, const char *const *operands, size_t n,
               const char *sender)
{
	struct recipients_source from = { .operands = operands, .len = n };
	struct envelope e;
	struct config c;
	struct status st;
	int code = EX_OK;

	config_init(&c);
	envelope_init(&e);
	if (!config_load(&c, file, &st)
	    || (from.maildomain = c.settings.maildomain, !verify(&c, &from, sender, &e, &st))) {
		report_failure(program, &st);
		code = st.sysexit;
	} else if (envelope_count(&e, RECIPIENT_FAILED) > 0) {
		code = EX_DATAERR;
	}
	envelope_release(&e);
	config_release(&c);
	return code;
}

int verify_command(const struct call *call)
{
	if (call->argc < 2)
		return command_usage(call);
	return run("mailchute", call->config, (const char *const *)call->argv + 1,
	           (size_t)call->argc - 1, NULL);
}

int verify_options(const struct options *o)
{
	return run("sendmail", o->config, o->request.recipients, o->request.recipients_len,
	           o->request.sender);
}
