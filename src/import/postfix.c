#include "import/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

/*
 * Postfix's main.cf, as far as it says how mail gets to a relayhost: `name =
 * value`, a line that begins with a blank goes on, $name is another's value.
 * Lookup tables are read from their text, never from what postmap(1) made of it.
 */

/* Logical lines: those that begin with a blank belong to the one above. */
static bool next_line(struct lines *l, struct buf *out, unsigned *line)
{
	struct lines ahead;

	buf_reset(out);
	while (lines_next(l)) {
		if (l->len == 0 || *l->text == '#')
			continue;
		*line = l->line;
		buf_add(out, l->text, l->len);
		for (ahead = *l; lines_next(&ahead); *l = ahead) {
			if (ahead.len == 0 || *ahead.text == '#')
				continue;
			if (ahead.indent == ahead.text)
				break;
			buf_putc(out, ' ');
			buf_add(out, ahead.text, ahead.len);
		}
		return true;
	}
	return false;
}

static size_t trimmed(const char *s, size_t n)
{
	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	return n;
}

static void parse(struct import *im, const char *path, const char *text, size_t len)
{
	struct lines l;
	struct buf line;
	unsigned at = 0;

	lines_init(&l, text, len);
	buf_init(&line, IMPORT_FILE_MAX);
	while (next_line(&l, &line, &at)) {
		size_t n = strcspn(line.data, "=");
		const char *value = line.data + n;

		if (*value == '=')
			value += 1 + strspn(value + 1, " \t");
		entries_add(&im->entries, path, at, "", line.data, trimmed(line.data, n), value, strlen(value));
	}
	buf_release(&line);
}

/* --- $name --- */

enum { EXPAND_DEPTH = 10, VALUE_MAX = 10000 };

static void expand(const struct import *im, const char *value, unsigned depth, struct buf *out);

/* What a name stands for that main.cf does not set: mydomain is what follows the host's first dot. */
static void expand_default(const struct import *im, const char *name, unsigned depth, struct buf *out)
{
	const char *host = import_get(im, "", "myhostname");

	if (strcmp(name, "mydomain") == 0 && host != NULL && strchr(host, '.') != NULL)
		expand(im, strchr(host, '.') + 1, depth, out);
	if (strcmp(name, "mail_name") == 0)
		buf_puts(out, "Postfix");
}

static void expand_name(const struct import *im, const char *name, unsigned depth, struct buf *out)
{
	const char *value = import_get(im, "", name);

	if (value != NULL)
		expand(im, value, depth, out);
	else
		expand_default(im, name, depth, out);
}

/* "$name", "${name}" and "$(name)". */
static void expand(const struct import *im, const char *value, unsigned depth, struct buf *out)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

	while (*value != '\0' && depth < EXPAND_DEPTH && buf_ok(out)) {
		const char *name = value + 1;
		bool closed;
		char *copy;
		size_t n;

		if (*value != '$') {
			buf_putc(out, *value++);
			continue;
		}
		closed = *name == '{' || *name == '(';
		name += closed;
		n = strspn(name, letters);
		copy = alloc_copyn(name, n);
		expand_name(im, copy, depth + 1, out);
		free(copy);
		value = name + n + (closed && (name[n] == '}' || name[n] == ')'));
	}
}

static void take_expanded(struct import *im, const struct import_key *row, const char *value)
{
	struct buf out;

	buf_init(&out, VALUE_MAX);
	expand(im, value, 0, &out);
	import_set(im, row->to, out.data);
	buf_release(&out);
}

/* --- lookup tables --- */

/* "hash:/path" and the like: the file that the table was made from; NULL with a note. */
static const char *map_source(struct import *im, const char *map)
{
	static const char *const types[] = { "hash:", "btree:", "lmdb:", "cdb:", "dbm:", "sdbm:", "texthash:" };

	if (str_starts(map, "proxy:"))
		map += strlen("proxy:");
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (str_starts(map, types[i]))
			return map + strlen(types[i]);
	if (*map != '\0')
		plan_left(&im->plan, "%.40s is no table of text", map);
	return NULL;
}

typedef void each_row(struct import *im, char *key, char *value, void *arg);

static void read_rows(struct import *im, const char *path, const struct buf *text, each_row *each, void *arg)
{
	struct lines l;
	struct buf line;
	unsigned at = 0;

	lines_init(&l, text->data, text->len);
	buf_init(&line, IMPORT_FILE_MAX);
	while (next_line(&l, &line, &at)) {
		char *value = line.data + strcspn(line.data, " \t");

		if (*value != '\0')
			*value++ = '\0';
		value += strspn(value, " \t");
		plan_at(&im->plan, path, at, "");
		each(im, line.data, value, arg);
	}
	buf_wipe(&line);
}

/* Each row of each table of a parameter. */
static void each_map(struct import *im, const char *parameter, each_row *each, void *arg)
{
	const char *given = import_get(im, "", parameter);
	struct strv maps;
	struct buf text;

	strv_init(&maps);
	strv_split(&maps, given != NULL ? given : "", ", \t");
	for (size_t i = 0; i < maps.len; i++) {
		const char *path;

		plan_at(&im->plan, im->paths.v[0], 0, parameter);
		path = map_source(im, maps.v[i]);
		buf_init(&text, IMPORT_FILE_MAX);
		if (path != NULL && im->files->read(im->files->arg, path, &text))
			read_rows(im, import_path(im, path), &text, each, arg);
		else if (path != NULL)
			plan_left(&im->plan, "%s cannot be read", path);
		buf_wipe(&text);
	}
	plan_at(&im->plan, im->paths.v[0], 0, "");
	strv_release(&maps);
}

/* --- the server --- */

/* As it is looked up in tables: without brackets and port. */
static char *bare_host(const char *server)
{
	size_t n;

	if (*server == '[')
		server++;
	n = strcspn(server, "]:");
	return alloc_copyn(server, n);
}

static void set_server(struct import *im, const char *server)
{
	if (*server != '[')
		plan_differs(&im->plan, "Postfix asked for the MX of %.100s; mailchute takes it for the server itself",
			server);
	import_server(im, server, 25);
}

static void settle_server(struct import *im)
{
	const char *given = import_get(im, "", "relayhost");
	struct strv servers;
	struct buf value;

	buf_init(&value, VALUE_MAX);
	expand(im, given != NULL ? given : "", 0, &value);
	strv_init(&servers);
	strv_split(&servers, value.data, ", \t");
	plan_at(&im->plan, im->paths.v[0], 0, "relayhost");
	if (servers.len > 0)
		set_server(im, servers.v[0]);
	else
		plan_left(&im->plan, "without it Postfix delivered to each domain's own servers; mailchute needs "
			"a server that takes all mail: a line \"host smtp.example.org\"");
	if (servers.len > 1)
		plan_left(&im->plan, "only the first is taken over; further ones can follow it in `host`");
	strv_release(&servers);
	buf_release(&value);
}

/* --- TLS --- */

static const struct {
	const char *level;
	enum import_tls tls;
	bool verified;
} levels[] = {
	{ "none", IMPORT_PLAIN, true },
	{ "may", IMPORT_STARTTLS, false },
	{ "encrypt", IMPORT_STARTTLS, false },
	{ "dane", IMPORT_STARTTLS, true },
	{ "dane-only", IMPORT_STARTTLS, true },
	{ "fingerprint", IMPORT_STARTTLS, true },
	{ "verify", IMPORT_STARTTLS, true },
	{ "secure", IMPORT_STARTTLS, true },
};

static const char *tls_level(const struct import *im)
{
	const char *level = import_get(im, "", "smtp_tls_security_level");

	if (level != NULL && *level != '\0')
		return level;
	if (import_yes(im, "", "smtp_enforce_tls"))
		return "verify";
	return import_yes(im, "", "smtp_use_tls") ? "may" : "none";
}

static void settle_tls(struct import *im)
{
	const char *level = tls_level(im);
	bool at_once = import_yes(im, "", "smtp_tls_wrappermode");

	plan_at(&im->plan, im->paths.v[0], 0, "smtp_tls_security_level");
	for (size_t i = 0; i < COUNT_OF(levels); i++) {
		if (strcmp(levels[i].level, level) != 0)
			continue;
		if (strcmp(level, "may") == 0)
			plan_differs(&im->plan, "TLS is on or off here, never left to the server: it is on");
		if (str_starts(level, "dane"))
			plan_left(&im->plan, "DNS is not asked for certificates: an authority must have signed it, "
				"or tls_fingerprint pin it");
		import_tls(im, at_once ? IMPORT_AT_ONCE : levels[i].tls);
		if (!levels[i].verified)
			import_unverified(im);
		return;
	}
	plan_left(&im->plan, "%.40s is no level that is known here", level);
}

/* --- the login --- */

struct login {
	const char *server;        /* relayhost as it stands, expanded */
	char *host;
	char *value;               /* "user:password" */
};

/* Postfix asks for the host's name, and for the destination as it is written. */
static void find_login(struct import *im, char *key, char *value, void *arg)
{
	struct login *l = arg;

	if (strchr(key, '@') != NULL && !import_yes(im, "", "smtp_sender_dependent_authentication"))
		plan_left(&im->plan, "a login for %.100s", key);
	else if (l->value == NULL && (str_iequal(key, l->host) || str_iequal(key, l->server)))
		l->value = alloc_copy(value);
	else if (strchr(key, '@') == NULL)
		plan_left(&im->plan, "a login for %.100s", key);
}

static void set_login(struct import *im, const char *value)
{
	size_t n = strcspn(value, ":");
	char *user = alloc_copyn(value, n);

	import_set(im, "user", user);
	if (value[n] == ':')
		import_set(im, "password", value + n + 1);
	free(user);
}

static void settle_login(struct import *im)
{
	static const char parameter[] = "smtp_sasl_password_maps";
	const char *map = import_get(im, "", parameter), *relayhost = import_get(im, "", "relayhost");
	struct login l = { 0 };
	struct buf server;

	if (!import_yes(im, "", "smtp_sasl_auth_enable") || map == NULL)
		return;
	if (str_starts(map, "static:")) {
		set_login(im, map + strlen("static:"));
		return;
	}
	buf_init(&server, VALUE_MAX);
	expand(im, relayhost != NULL ? relayhost : "", 0, &server);
	buf_truncate(&server, strcspn(server.data, ", \t"));
	l.server = server.data;
	l.host = bare_host(server.data);
	each_map(im, parameter, find_login, &l);
	if (l.value != NULL)
		set_login(im, l.value);
	alloc_wipe(l.value);
	free(l.host);
	buf_release(&server);
}

/* Mechanisms by name; what is excluded or looked up in a table is no list. */
static void take_mechanisms(struct import *im, const struct import_key *row, const char *value)
{
	(void)row;
	if (strpbrk(value, "!:/") != NULL)
		plan_left(&im->plan, "auth takes the names of those that may be used");
	else
		import_set_list(im, "auth", value);
}

/* --- senders with a server or a login of their own --- */

static void add_sender(struct import *im, char *key, char *value, void *arg)
{
	struct plan_part *first = im->to;
	char *pattern = *key == '@' ? alloc_printf("*%s", key) : alloc_copy(key);

	(void)arg;
	im->to = plan_account(&im->plan, key);
	plan_copy(&im->plan, im->to, first);
	plan_unset(im->to, "port");
	import_set(im, "from", pattern);
	set_server(im, value);
	im->to = first;
	free(pattern);
}

static void add_sender_login(struct import *im, char *key, char *value, void *arg)
{
	struct plan_part *first = im->to;

	(void)arg;
	if (strchr(key, '@') == NULL)
		return;
	im->to = plan_find(&im->plan, key);
	if (im->to == NULL) {
		im->to = plan_account(&im->plan, key);
		plan_copy(&im->plan, im->to, first);
		import_set(im, "from", key);
	}
	set_login(im, value);
	im->to = first;
}

static void settle_senders(struct import *im)
{
	each_map(im, "sender_dependent_relayhost_maps", add_sender, NULL);
	if (import_yes(im, "", "smtp_sender_dependent_authentication"))
		each_map(im, "smtp_sasl_password_maps", add_sender_login, NULL);
}

static void add_rewrite(struct import *im, char *key, char *value, void *arg)
{
	char *rule = alloc_printf("%s%s %s", *key == '@' ? "*" : "", key, value);

	(void)arg;
	if (*value == '@' || strchr(key, '@') == NULL)
		plan_left(&im->plan, "rewrite maps whole addresses to whole addresses");
	else
		import_set(im, "rewrite", rule);
	free(rule);
}

/* --- other values --- */

/* A number and a unit of Postfix's, which is `unit` where none is written. */
static void take_time(struct import *im, const char *to, const char *value, const char *unit)
{
	size_t n = strspn(value, "0123456789");
	char *time;

	if (n == strlen(value) && strspn(value, "0") == n)
		time = alloc_copy("off");
	else if (n < 8 && value[n] == 'w')
		time = alloc_printf("%lud", 7 * strtoul(value, NULL, 10));
	else
		time = alloc_printf("%s%s", value, value[n] == '\0' ? unit : "");
	import_set(im, to, time);
	free(time);
}

static void take_seconds(struct import *im, const struct import_key *row, const char *value)
{
	take_time(im, row->to, value, "s");
}

static void take_hours(struct import *im, const struct import_key *row, const char *value)
{
	take_time(im, row->to, value, "h");
}

static void take_days(struct import *im, const struct import_key *row, const char *value)
{
	take_time(im, row->to, value, "d");
}

/* A pause between two messages. */
static void take_delay(struct import *im, const struct import_key *row, const char *value)
{
	char *rate = alloc_printf("1/%s", value);

	(void)row;
	if (strspn(value, "0s") != strlen(value))
		import_set(im, "rate", rate);
	free(rate);
}

/* A name, or the path of a file that holds it. */
static void take_origin(struct import *im, const struct import_key *row, const char *value)
{
	struct buf name;

	buf_init(&name, VALUE_MAX);
	if (*value == '/')
		import_first_line(im, value, &name);
	else
		expand(im, value, 0, &name);
	import_set(im, row->to, name.data);
	buf_release(&name);
}

static void take_aliases(struct import *im, const struct import_key *row, const char *value)
{
	struct buf list, expanded;
	struct strv maps;

	buf_init(&list, VALUE_MAX);
	buf_init(&expanded, VALUE_MAX);
	expand(im, value, 0, &expanded);
	strv_init(&maps);
	strv_split(&maps, expanded.data, ", \t");
	for (size_t i = 0; i < maps.len; i++) {
		const char *path = map_source(im, maps.v[i]);

		if (path != NULL)
			buf_printf(&list, "%s%s", list.len > 0 ? " " : "", path);
	}
	import_set(im, row->to, list.data);
	strv_release(&maps);
	buf_release(&expanded);
	buf_release(&list);
}

static void take_domains(struct import *im, const struct import_key *row, const char *value)
{
	struct buf list;

	buf_init(&list, VALUE_MAX);
	expand(im, value, 0, &list);
	if (strchr(list.data, '!') != NULL)
		plan_left(&im->plan, "masquerade has no exceptions");
	else
		import_set_list(im, row->to, list.data);
	buf_release(&list);
}

static void take_list(struct import *im, const struct import_key *row, const char *value)
{
	import_set_list(im, row->to, value);
}

static const char no_server[] = "mailchute takes mail from this machine's programs only";
static const char no_mailboxes[] = "there are no local mailboxes: mail for local users goes where aliases(5) say";
static const char one_way[] = "all mail goes to the accounts' servers";
static const char by_tls[] = "TLS 1.2 is the least, and GnuTLS chooses the rest; see tls_priorities";
static const char postfix_own[] = "is about Postfix's own processes and files";

static const struct import_key keys[] = {
	{ .name = "relayhost" },
	{ .name = "smtp_sasl_auth_enable" },
	{ .name = "smtp_sasl_password_maps" },
	{ .name = "smtp_sasl_mechanism_filter", .take = take_mechanisms },
	{ .name = "smtp_sasl_security_options", .why = "`auth on` sends a password that can be read within TLS only, and "
	  "is never anonymous" },
	{ .name = "smtp_sasl_tls_security_options", .why = "`auth on` takes the strongest that the server offers; auth "
	  "takes names, too" },
	{ .name = "smtp_sasl_*", .why = "mailchute has one SASL library, which needs no settings" },
	{ .name = "smtp_sender_dependent_authentication" },
	{ .name = "sender_dependent_relayhost_maps" },
	{ .name = "smtp_tls_security_level" },
	{ .name = "smtp_use_tls" },
	{ .name = "smtp_enforce_tls" },
	{ .name = "smtp_tls_wrappermode" },
	{ .name = "smtp_tls_CAfile", .to = "tls_trust_file", .take = take_expanded },
	{ .name = "smtp_tls_CApath", .why = "a directory of authorities is no choice here: tls_trust_file takes a file" },
	{ .name = "smtp_tls_cert_file", .to = "tls_cert_file", .take = take_expanded },
	{ .name = "smtp_tls_key_file", .to = "tls_key_file", .take = take_expanded },
	{ .name = "smtp_tls_fingerprint_cert_match", .to = "tls_fingerprint", .take = take_list },
	{ .name = "smtp_tls_note_starttls_offer", .why = "`mailchute serverinfo` shows what a server offers" },
	{ .name = "smtp_tls_session_cache_database", .why = "a connection is kept while there is mail for it" },
	{ .name = "smtp_tls_loglevel", .why = "the log names TLS's version; `sendmail -v` shows the dialogue" },
	{ .name = "smtp_tls_policy_maps", .why = "TLS is set by account" },
	{ .name = "smtp_tls_*", .why = by_tls },
	{ .name = "smtp_bind_address", .to = "source_ip" },
	{ .name = "smtp_bind_address6", .why = "source_ip takes one address" },
	{ .name = "smtp_helo_name", .to = "domain", .take = take_expanded },
	{ .name = "smtp_connect_timeout", .to = "connect_timeout", .take = take_seconds },
	{ .name = "smtp_generic_maps" },
	{ .name = "sender_canonical_maps" },
	{ .name = "canonical_maps", .why = "rewrite maps senders; recipients are mapped by aliases" },
	{ .name = "recipient_canonical_maps", .why = "recipients are mapped by aliases" },
	{ .name = "smtp_fallback_relay", .why = "further servers can follow the first in `host`" },
	{ .name = "fallback_relay", .why = "further servers can follow the first in `host`" },
	{ .name = "smtp_helo_timeout", .why = "each step has the deadline `timeout`" },
	{ .name = "smtp_destination_concurrency_limit", .to = "connections" },
	{ .name = "default_destination_concurrency_limit", .to = "connections" },
	{ .name = "smtp_destination_rate_delay", .take = take_delay },
	{ .name = "default_destination_rate_delay", .take = take_delay },
	{ .name = "myhostname", .to = "domain", .take = take_expanded },
	{ .name = "mydomain" },
	{ .name = "myorigin", .to = "maildomain", .take = take_origin },
	{ .name = "mydestination", .why = no_mailboxes },
	{ .name = "masquerade_domains", .to = "masquerade", .take = take_domains },
	{ .name = "masquerade_*", .why = "masquerade has neither exceptions nor classes" },
	{ .name = "alias_maps", .to = "aliases", .take = take_aliases },
	{ .name = "alias_database", .why = "aliases are read from their text: there is no database to build" },
	{ .name = "message_size_limit", .to = "max_message" },
	{ .name = "hopcount_limit", .to = "max_hops" },
	{ .name = "maximal_queue_lifetime", .to = "expire", .take = take_days },
	{ .name = "bounce_queue_lifetime", .why = "`expire` holds for notifications, too" },
	{ .name = "minimal_backoff_time", .to = "retry_min", .take = take_seconds },
	{ .name = "maximal_backoff_time", .to = "retry_max", .take = take_seconds },
	{ .name = "queue_run_delay", .why = "each message has its own time for the next attempt" },
	{ .name = "delay_warning_time", .to = "warn", .take = take_hours },
	{ .name = "notify_classes", .why = "notices go to `operator`" },
	{ .name = "inet_*", .why = no_server }, { .name = "mynetworks*", .why = no_server }, { .name = "smtpd_*", .why = no_server },
	{ .name = "postscreen_*", .why = no_server }, { .name = "tlsproxy_*", .why = no_server },
	{ .name = "recipient_delimiter", .why = "it is `+`" },
	{ .name = "mailbox_*", .why = no_mailboxes }, { .name = "home_mailbox", .why = no_mailboxes },
	{ .name = "local_*", .why = no_mailboxes }, { .name = "virtual_*", .why = no_mailboxes },
	{ .name = "mail_spool_directory", .why = no_mailboxes }, { .name = "biff", .why = no_mailboxes },
	{ .name = "transport_maps", .why = one_way }, { .name = "relay_*", .why = one_way },
	{ .name = "default_transport", .why = one_way }, { .name = "append_*", .why = "bare names are completed with maildomain" },
	{ .name = "compatibility_level", .why = postfix_own }, { .name = "readme_directory", .why = postfix_own },
	{ .name = "html_directory", .why = postfix_own }, { .name = "manpage_directory", .why = postfix_own },
	{ .name = "sample_directory", .why = postfix_own }, { .name = "queue_directory", .why = postfix_own },
	{ .name = "command_directory", .why = postfix_own }, { .name = "daemon_directory", .why = postfix_own },
	{ .name = "data_directory", .why = postfix_own }, { .name = "meta_directory", .why = postfix_own },
	{ .name = "shlib_directory", .why = postfix_own }, { .name = "mail_owner", .why = postfix_own },
	{ .name = "setgid_group", .why = postfix_own }, { .name = "sendmail_path", .why = postfix_own },
	{ .name = "newaliases_path", .why = postfix_own }, { .name = "mailq_path", .why = postfix_own },
	{ .name = "debug*", .why = "`sendmail -v` shows the dialogue" },
};

static void settle(struct import *im, const char *section)
{
	(void)section;
	settle_server(im);
	settle_tls(im);
	settle_login(im);
	settle_senders(im);
	each_map(im, "sender_canonical_maps", add_rewrite, NULL);
	if (import_get(im, "", "smtp_generic_maps") != NULL) {
		plan_at(&im->plan, im->paths.v[0], 0, "smtp_generic_maps");
		plan_differs(&im->plan, "rewrite maps senders alone, not recipients");
	}
	each_map(im, "smtp_generic_maps", add_rewrite, NULL);
}

static const char *const files[] = { "main.cf", NULL };
static const char *const beside[] = { "sasl_passwd", NULL };
static const char *const places[] = { "/etc/postfix/main.cf", NULL };

const struct import_format import_postfix = {
	.name = "Postfix",
	.files = files,
	.beside = beside,
	.places = places,
	.keys = keys,
	.n = COUNT_OF(keys),
	.parse = parse,
	.settle = settle,
};
