#include "import/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "import/words.h"

/*
 * nullmailer's directory: `remotes`, a server a line with its options as shell
 * words, and small files beside it that each hold one value.
 */

static void add(struct import *im, const char *path, unsigned line, const char *key, size_t n, const char *value)
{
	char *section = alloc_printf("%u", line);

	entries_add(&im->entries, path, line, section, key, n, value, strlen(value));
	free(section);
}

/* "--key=value", "key=value", "key"; the protocol is the word behind the server. */
static void parse_option(struct import *im, const char *path, unsigned line, const char *word, bool first)
{
	const char *key = str_starts(word, "--") ? word + 2 : word;
	size_t n = strcspn(key, "=");

	if (first && (strcmp(word, "smtp") == 0 || strcmp(word, "qmqp") == 0))
		add(im, path, line, "protocol", 8, word);
	else
		add(im, path, line, key, n, key[n] == '=' ? key + n + 1 : "");
}

static void parse_remote(struct import *im, const char *path, const struct lines *l)
{
	const char *at = l->text, *end = l->text + l->len;
	struct buf word;
	bool first = true;

	buf_init(&word, IMPORT_FILE_MAX);
	if (words_shell(&at, end, &word))
		add(im, path, l->line, "remote", 6, word.data);
	for (; words_shell(&at, end, &word); first = false)
		parse_option(im, path, l->line, word.data, first);
	buf_wipe(&word);
}

static void parse(struct import *im, const char *path, const char *text, size_t len)
{
	struct lines l;

	lines_init(&l, text, len);
	while (lines_next(&l))
		if (l.len > 0 && *l.text != '#')
			parse_remote(im, path, &l);
}

/* --- remotes --- */

static void take_server(struct import *im, const struct import_key *row, const char *value)
{
	(void)row;
	import_set(im, "host", value);
}

static void take_protocol(struct import *im, const struct import_key *row, const char *value)
{
	(void)row;
	if (strcmp(value, "smtp") == 0)
		return;
	plan_left(&im->plan, "mailchute speaks SMTP and LMTP");
	plan_unset(im->to, "host");
}

static void take_flag(struct import *im, const struct import_key *row, const char *value)
{
	if (strcmp(row->name, "auth-login") == 0)
		import_set(im, "auth", "login");
	else if (strcmp(value, "no") != 0)
		import_set(im, "tls_certcheck", "off");
}

static const struct import_key keys[] = {
	{ .name = "remote", .take = take_server, .unwritten = true },
	{ .name = "protocol", .take = take_protocol },
	{ .name = "port", .to = "port" },
	{ .name = "user", .to = "user" },
	{ .name = "pass", .to = "password" },
	{ .name = "source", .to = "source_ip" },
	{ .name = "auth-login", .take = take_flag },
	{ .name = "tls" },
	{ .name = "ssl" },
	{ .name = "starttls" },
	{ .name = "x509certfile", .to = "tls_cert_file" },
	{ .name = "x509keyfile", .to = "tls_key_file" },
	{ .name = "x509cafile", .to = "tls_trust_file" },
	{ .name = "x509crlfile", .why = "there are no revocation lists here: pin the certificate with tls_fingerprint" },
	{ .name = "x509fmtder", .why = "the files must be PEM: openssl x509 -inform DER -in FILE" },
	{ .name = "insecure", .take = take_flag },
	{ .name = "tls-anon-auth", .why = "TLS without a certificate is no choice here" },
	{ .name = "daemon", .why = "the log goes to syslog" },
	{ .name = "syslog", .why = "the log goes to syslog" },
};

static void settle_remote(struct import *im, const char *section)
{
	bool at_once = import_get(im, section, "tls") != NULL || import_get(im, section, "ssl") != NULL;
	bool starttls = import_get(im, section, "starttls") != NULL;

	if (plan_get(im->to, "host") == NULL)
		return;
	import_tls(im, at_once ? IMPORT_AT_ONCE : starttls ? IMPORT_STARTTLS : IMPORT_PLAIN);
	if (plan_get(im->to, "port") == NULL)
		import_set(im, "port", at_once ? "465" : "25");
}

/* --- the files beside it --- */

static const char *const beside[] = {
	"adminaddr", "allmailfrom", "defaultdomain", "defaulthost", "helohost", "idhost", "me", "maxpause",
	"pausetime", "queuelifetime", "sendtimeout", "bounceto", "bouncelines", "doublebounceto", NULL,
};

static void take_time(struct import *im, const struct import_key *row, const char *value)
{
	if (strcmp(value, "0") == 0)
		plan_left(&im->plan, "0 is no time to wait here");
	else
		import_set(im, row->to, value);
}

static void take_admin(struct import *im, const struct import_key *row, const char *value)
{
	(void)row;
	plan_left(&im->plan, "mail for local users goes where aliases(5) say: write \"default: %s\" into "
		"/etc/aliases", value);
}

static void take_sender(struct import *im, const struct import_key *row, const char *value)
{
	(void)row;
	for (size_t i = 0; i < im->plan.len; i++) {
		im->to = im->plan.accounts[i];
		import_forced_sender(im, value);
	}
}

static void take_name(struct import *im, const struct import_key *row, const char *value)
{
	for (size_t i = 0; i < im->plan.len; i++)
		plan_set(&im->plan, im->plan.accounts[i], row->to, value);
}

static void take_domain(struct import *im, const struct import_key *row, const char *value)
{
	const char *host = im->plan.global.settings.maildomain;
	char *whole;

	(void)row;
	if (host == NULL || strchr(host, '.') != NULL)
		return;
	whole = alloc_printf("%s.%s", host, value);
	import_set(im, "maildomain", whole);
	free(whole);
}

/* In this order: `me` is what the others default to. */
static const struct import_key controls[] = {
	{ .name = "me", .to = "maildomain" },
	{ .name = "defaulthost", .to = "maildomain" },
	{ .name = "defaultdomain", .take = take_domain },
	{ .name = "helohost", .to = "domain", .take = take_name },
	{ .name = "allmailfrom", .take = take_sender },
	{ .name = "adminaddr", .take = take_admin },
	{ .name = "maxpause", .to = "retry_max", .take = take_time },
	{ .name = "pausetime", .to = "retry_min", .take = take_time },
	{ .name = "queuelifetime", .to = "expire", .take = take_time },
	{ .name = "sendtimeout", .why = "each step has a deadline of its own here: timeout, connect_timeout" },
	{ .name = "idhost", .why = "Message-IDs are made with maildomain" },
	{ .name = "bounceto", .why = "notifications go to the sender" },
	{ .name = "bouncelines", .why = "a notification holds the header of the message" },
	{ .name = "doublebounceto", .why = "for a message without a sender there is no notification" },
};

static void carry_control(struct import *im, const struct import_key *row)
{
	char *path = import_beside(im, row->name);
	struct buf text;
	struct lines l;

	buf_init(&text, IMPORT_FILE_MAX);
	if (im->files->read(im->files->arg, path, &text)) {
		lines_init(&l, text.data, text.len);
		if (lines_next(&l) && l.len > 0) {
			char *value = alloc_copyn(l.text, l.len);

			plan_at(&im->plan, import_path(im, path), 1, "");
			import_take(im, row, value);
			free(value);
		}
	}
	buf_release(&text);
	free(path);
}

/* --- the servers, each in turn --- */

static void add_server(struct plan_part *part, struct buf *out)
{
	const char *host = plan_get(part, "host");

	buf_printf(out, strchr(host, ':') != NULL ? "%s[%s]:%s" : "%s%s:%s", out->len > 0 ? " " : "", host,
		plan_get(part, "port"));
}

static bool says_the_same(const struct plan_part *a, const struct plan_part *b)
{
	size_t n;
	const struct setting *table = setting_table(&n);

	for (size_t i = 0; i < n; i++) {
		const char *x = plan_get(a, table[i].name), *y = plan_get(b, table[i].name);

		if (strcmp(table[i].name, "host") == 0 || strcmp(table[i].name, "port") == 0)
			continue;
		if (x != y && (x == NULL || y == NULL || strcmp(x, y) != 0))
			return false;
	}
	return true;
}

/* Those that are alike but for the server become one account with several hosts. */
static void join_servers(struct import *im)
{
	struct plan_part *first = im->plan.accounts[0];
	struct buf hosts;

	buf_init(&hosts, IMPORT_FILE_MAX);
	if (plan_get(first, "host") != NULL)
		add_server(first, &hosts);
	for (size_t i = 1; i < im->plan.len; i++) {
		struct plan_part *part = im->plan.accounts[i];

		if (hosts.len == 0 || plan_get(part, "host") == NULL)
			continue;
		if (says_the_same(first, part)) {
			add_server(part, &hosts);
			plan_unset(part, "host");
			plan_drop(&im->plan, i--);
		} else {
			plan_differs(&im->plan, "account %s: nullmailer tried it when the first had failed; "
				"here an account of other login or TLS is chosen by its `from`",
				part->account.name);
		}
	}
	if (strchr(hosts.data, ' ') != NULL) {
		plan_set(&im->plan, first, "host", hosts.data);
		plan_unset(first, "port");
	}
	buf_release(&hosts);
}

static void carry(struct import *im)
{
	const char *last = "";

	for (size_t i = 0; i < im->entries.len; i++) {
		const char *section = im->entries.v[i].section;

		if (strcmp(section, last) == 0)
			continue;
		last = section;
		im->to = plan_account(&im->plan, im->plan.len == 0 ? "default" : im->entries.v[i].value);
		import_carry(im, section);
		settle_remote(im, section);
	}
	if (im->plan.len > 0)
		join_servers(im);
	im->to = im->plan.len > 0 ? im->plan.accounts[0] : plan_account(&im->plan, "default");
	for (size_t i = 0; i < COUNT_OF(controls); i++)
		carry_control(im, &controls[i]);
}

static const char *const files[] = { "remotes", NULL };
static const char *const places[] = { "/etc/nullmailer/remotes", NULL };

const struct import_format import_nullmailer = {
	.name = "nullmailer",
	.files = files,
	.beside = beside,
	.places = places,
	.keys = keys,
	.n = COUNT_OF(keys),
	.parse = parse,
	.carry = carry,
};
