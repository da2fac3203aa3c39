#include "import/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

/* ssmtp.conf, `key=value` a line, and revaliases beside it, `user:address[:server[:port]]` a line. */

static void parse(struct import *im, const char *path, const char *text, size_t len)
{
	struct lines l;

	lines_init(&l, text, len);
	while (lines_next(&l)) {
		const char *equals = memchr(l.text, '=', l.len), *end = l.text + l.len, *value;
		size_t n;

		if (l.len == 0 || *l.text == '#' || equals == NULL)
			continue;
		n = (size_t)(equals - l.text);
		while (n > 0 && (l.text[n - 1] == ' ' || l.text[n - 1] == '\t'))
			n--;
		for (value = equals + 1; value < end && (*value == ' ' || *value == '\t');)
			value++;
		entries_add(&im->entries, path, l.line, "", l.text, n, value, (size_t)(end - value));
	}
}

static void take_root(struct import *im, const struct import_key *row, const char *value)
{
	(void)row;
	if (*value != '\0')
		plan_left(&im->plan, "mail for root and the other users of the system goes where aliases(5) "
			"say: write \"root: %s\" into /etc/aliases", value);
}

static void take_server(struct import *im, const struct import_key *row, const char *value)
{
	(void)row;
	import_server(im, value, 25);
}

static void take_method(struct import *im, const struct import_key *row, const char *value)
{
	(void)row;
	if (str_iequal(value, "cram-md5"))
		import_set(im, "auth", "cram-md5");
	else
		import_set(im, "auth", "on"); /* LOGIN, which `on` has too */
}

static const struct import_key keys[] = {
	{ .name = "Root", .take = take_root },
	{ .name = "Mailhub", .take = take_server },
	{ .name = "RemotePort" },
	{ .name = "RewriteDomain" },
	{ .name = "Hostname", .to = "domain" },
	{ .name = "FromLineOverride" },
	{ .name = "UseTLS" },
	{ .name = "UseSTARTTLS" },
	{ .name = "UseTLSCert" },
	{ .name = "TLSCert" },
	{ .name = "TLSKey" },
	{ .name = "TLS_CA_File", .to = "tls_trust_file" },
	{ .name = "TLS_CA_Dir", .why = "a directory of authorities is no choice here: tls_trust_file takes a file of them" },
	{ .name = "AuthUser", .to = "user" },
	{ .name = "AuthPass", .to = "password" },
	{ .name = "AuthMethod", .take = take_method },
	{ .name = "UseOldAUTH", .why = "mailchute writes AUTH as RFC 4954 has it" },
	{ .name = "AddHeader", .why = "mailchute adds no fields of one's own" },
	{ .name = "Debug", .why = "`sendmail -v` shows the dialogue" },
};

static void settle_tls(struct import *im, const char *section)
{
	bool starttls = import_yes(im, section, "UseSTARTTLS");

	if (!starttls && !import_yes(im, section, "UseTLS")) {
		import_tls(im, IMPORT_PLAIN);
		return;
	}
	import_tls(im, starttls ? IMPORT_STARTTLS : IMPORT_AT_ONCE);
	if (import_get(im, section, "TLS_CA_File") == NULL)
		import_unverified(im);
}

static void settle_certificate(struct import *im, const char *section)
{
	const char *cert = import_get(im, section, "TLSCert"), *key = import_get(im, section, "TLSKey");

	if (!import_yes(im, section, "UseTLSCert") || cert == NULL)
		return;
	import_set(im, "tls_cert_file", cert);
	if (key != NULL)
		import_set(im, "tls_key_file", key);
}

static void settle_port(struct import *im, const char *section)
{
	const char *port = import_get(im, section, "RemotePort");

	if (port != NULL)
		import_set(im, "port", port);
}

/* Where the mail seems to come from, and whether a From field may say otherwise. */
static void settle_domain(struct import *im, const char *section)
{
	const char *domain = import_get(im, section, "RewriteDomain");
	char *sender;

	if (domain == NULL || *domain == '\0')
		domain = import_get(im, section, "Hostname");
	if (domain == NULL || *domain == '\0')
		return;
	import_set(im, "maildomain", domain);
	if (import_yes(im, section, "FromLineOverride"))
		return;
	sender = alloc_printf("%%U@%s", domain);
	import_forced_sender(im, sender);
	import_set(im, "set_from_header", "on");
	free(sender);
}

/* --- revaliases --- */

/* An account for those who send through a server of their own: like the first, but for the host. */
static void add_server(struct import *im, const char *address, const char *server)
{
	struct plan_part *first = im->to;

	im->to = plan_account(&im->plan, address);
	plan_copy(&im->plan, im->to, first);
	import_server(im, server, 25);
	import_set(im, "from", address);
	im->to = first;
}

/* `line` is user:address[:server], its colons now NULs. */
static void take_alias(struct import *im, const char *user, const char *address, const char *server)
{
	const char *domain = im->plan.global.settings.maildomain;
	char *rule = domain != NULL ? alloc_printf("%s@%s %s", user, domain, address)
	                            : alloc_printf("%s@* %s", user, address);

	import_set(im, "rewrite", rule);
	free(rule);
	if (server != NULL && *server != '\0')
		add_server(im, address, server);
}

static void take_aliases(struct import *im, const char *path, const struct buf *text)
{
	struct lines l;

	lines_init(&l, text->data, text->len);
	while (lines_next(&l)) {
		char *user = alloc_copyn(l.text, l.len), *address = strchr(user, ':'), *server = NULL;

		plan_at(&im->plan, path, l.line, "");
		if (l.len > 0 && *user != '#' && address == NULL)
			plan_left(&im->plan, "is not user:address");
		if (l.len > 0 && *user != '#' && address != NULL) {
			*address++ = '\0';
			server = strchr(address, ':');
			if (server != NULL)
				*server++ = '\0';
			take_alias(im, user, address, server);
		}
		free(user);
	}
}

static void settle_aliases(struct import *im)
{
	char *path = import_beside(im, "revaliases");
	struct buf text;

	buf_init(&text, IMPORT_FILE_MAX);
	if (im->files->read(im->files->arg, path, &text))
		take_aliases(im, import_path(im, path), &text);
	buf_release(&text);
	free(path);
}

static void settle(struct import *im, const char *section)
{
	settle_port(im, section);
	settle_tls(im, section);
	settle_certificate(im, section);
	settle_domain(im, section);
	settle_aliases(im);
}

static const char *const files[] = { "ssmtp.conf", NULL };
static const char *const beside[] = { "revaliases", NULL };
static const char *const places[] = { "/etc/ssmtp/ssmtp.conf", NULL };

const struct import_format import_ssmtp = {
	.name = "ssmtp",
	.files = files,
	.beside = beside,
	.places = places,
	.any_case = true,
	.keys = keys,
	.n = COUNT_OF(keys),
	.parse = parse,
	.settle = settle,
};
