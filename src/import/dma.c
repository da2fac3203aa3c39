#include "import/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

/* dma.conf, `NAME value` or a bare NAME that is thereby on, and auth.conf, `user|server:password`. */

static void parse(struct import *im, const char *path, const char *text, size_t len)
{
	struct lines l;

	lines_init(&l, text, len);
	while (lines_next(&l)) {
		const char *end = l.text + l.len, *value;
		size_t n = 0;

		if (l.len == 0 || *l.text == '#')
			continue;
		while (n < l.len && l.text[n] != ' ' && l.text[n] != '\t')
			n++;
		for (value = l.text + n; value < end && (*value == ' ' || *value == '\t');)
			value++;
		entries_add(&im->entries, path, l.line, "", l.text, n, value, (size_t)(end - value));
	}
}

static void take_server(struct import *im, const struct import_key *row, const char *value)
{
	(void)row;
	import_server(im, value, 25);
}

static void take_fingerprint(struct import *im, const struct import_key *row, const char *value)
{
	char *print = alloc_printf("SHA256:%s", value);

	(void)row;
	import_set(im, "tls_fingerprint", print);
	free(print);
}

static void take_name(struct import *im, const struct import_key *row, const char *value)
{
	struct buf name;

	(void)row;
	buf_init(&name, 1000);
	if (*value == '/')
		import_first_line(im, value, &name);
	else
		buf_puts(&name, value);
	import_set(im, "maildomain", name.data);
	import_set(im, "domain", name.data);
	buf_release(&name);
}

static void take_defer(struct import *im, const struct import_key *row, const char *value)
{
	(void)row, (void)value;
	import_set(im, "deliver", "queue");
}

static const struct import_key keys[] = {
	{ .name = "SMARTHOST", .take = take_server },
	{ .name = "PORT" },
	{ .name = "ALIASES", .to = "aliases" },
	{ .name = "SPOOLDIR", .why = "the queue is mailchute's own; what is there still goes with `dma -q`" },
	{ .name = "AUTHPATH" },
	{ .name = "SECURETRANS" },
	{ .name = "SECURETRANSFER" },
	{ .name = "STARTTLS" },
	{ .name = "FINGERPRINT", .take = take_fingerprint },
	{ .name = "OPPORTUNISTIC_TLS", .why = "TLS is on or off here, never left to the server: it is on" },
	{ .name = "CERTFILE", .to = "tls_cert_file" },
	{ .name = "SECURE" },
	{ .name = "INSECURE", .why = "a password never goes out without TLS" },
	{ .name = "DEFER", .take = take_defer },
	{ .name = "FULLBOUNCE", .why = "a notification holds the header of the message" },
	{ .name = "MAILNAME", .take = take_name },
	{ .name = "MASQUERADE" },
	{ .name = "NULLCLIENT" },
	{ .name = "VERBOSE", .why = "`sendmail -v` shows the dialogue" },
	{ .name = "NOHELO", .why = "the dialogue begins with EHLO" },
};

static void settle_port(struct import *im, const char *section)
{
	const char *port = import_get(im, section, "PORT");

	if (port != NULL)
		import_set(im, "port", port);
}

static bool is_on(const struct import *im, const char *section, const char *key)
{
	return import_get(im, section, key) != NULL;
}

static void settle_tls(struct import *im, const char *section)
{
	bool starttls = is_on(im, section, "STARTTLS");

	if (!starttls && !is_on(im, section, "SECURETRANS") && !is_on(im, section, "SECURETRANSFER")) {
		import_tls(im, IMPORT_PLAIN);
		return;
	}
	import_tls(im, starttls ? IMPORT_STARTTLS : IMPORT_AT_ONCE);
	if (!is_on(im, section, "FINGERPRINT"))
		import_unverified(im);
}

/* "user@host", "user@" and "host" replace the sender or a half of it. */
static void settle_sender(struct import *im, const char *section)
{
	const char *value = import_get(im, section, "MASQUERADE"), *at = NULL, *host;
	char *sender;

	if (value == NULL || *value == '\0')
		return;
	at = strrchr(value, '@');
	host = at != NULL ? at + 1 : value;
	if (*host == '\0')
		host = im->plan.global.settings.maildomain;
	if (host == NULL)
		host = "%C";
	sender = alloc_printf("%.*s@%s", at != NULL && at > value ? (int)(at - value) : 2,
		at != NULL && at > value ? value : "%U", host);
	import_forced_sender(im, sender);
	free(sender);
}

/* --- auth.conf --- */

/* `line` is user|server:password. */
static bool take_login(struct import *im, char *line, const char *server)
{
	char *host = strchr(line, '|'), *password = host != NULL ? strchr(host, ':') : NULL;

	if (password == NULL) {
		plan_left(&im->plan, "is not user|server:password");
		return false;
	}
	*host++ = '\0';
	*password++ = '\0';
	if (!str_iequal(host, server)) {
		plan_left(&im->plan, "a login for %s, which is not the smarthost", host);
		return false;
	}
	import_set(im, "user", line);
	import_set(im, "password", password);
	return true;
}

static void take_logins(struct import *im, const char *path, const struct buf *text, const char *server)
{
	bool found = false;
	struct lines l;

	lines_init(&l, text->data, text->len);
	while (lines_next(&l)) {
		char *line = alloc_copyn(l.text, l.len);

		plan_at(&im->plan, path, l.line, "");
		if (*line != '\0' && *line != '#' && !found)
			found = take_login(im, line, server);
		alloc_wipe(line);
	}
	plan_at(&im->plan, im->paths.v[0], 0, "");
}

static void settle_login(struct import *im, const char *section)
{
	const char *given = import_get(im, section, "AUTHPATH");
	const char *server = import_get(im, section, "SMARTHOST");
	char *path = given != NULL && *given != '\0' ? alloc_copy(given) : import_beside(im, "auth.conf");
	struct buf text;

	buf_init(&text, IMPORT_FILE_MAX);
	if (im->files->read(im->files->arg, path, &text))
		take_logins(im, import_path(im, path), &text, server != NULL ? server : "");
	else if (given != NULL)
		plan_left(&im->plan, "%s cannot be read", path);
	buf_wipe(&text);
	free(path);
}

static void settle(struct import *im, const char *section)
{
	if (import_get(im, section, "SMARTHOST") == NULL)
		plan_left(&im->plan, "without SMARTHOST dma delivered to each domain's own servers; mailchute "
			"needs a server that takes all mail: a line \"host smtp.example.org\"");
	settle_port(im, section);
	settle_tls(im, section);
	settle_sender(im, section);
	settle_login(im, section);
}

static const char *const files[] = { "dma.conf", NULL };
static const char *const beside[] = { "auth.conf", NULL };
static const char *const places[] = { "/etc/dma/dma.conf", NULL };

const struct import_format import_dma = {
	.name = "dma",
	.files = files,
	.beside = beside,
	.places = places,
	.keys = keys,
	.n = COUNT_OF(keys),
	.parse = parse,
	.settle = settle,
};
