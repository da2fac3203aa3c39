#include "config/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "config/kind.h"

static const char *const deliver_words[] = { "auto", "now", "queue", NULL };
static const char *const logformat_words[] = { "text", "json", NULL };
static const char *const protocol_words[] = { "smtp", "lmtp", NULL };
static const char *const set_from_words[] = { "auto", "on", "off", NULL };
static const char *const return_words[] = { "off", "full", "headers", NULL };
static const char *const mechanism_words[] = {
	"ON", "EXTERNAL", "GSSAPI", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256",
	"SCRAM-SHA-1", "NTLM", "NTLMV1", "CRAM-MD5", "DIGEST-MD5", "PLAIN", "LOGIN", "XOAUTH2",
	"OAUTHBEARER", NULL,
};

/* What msmtp's older keys say of the newer key's field. */
static const char *const add_from_words[] = { "on", "on", "off", NULL }; /* auto, on, off */
static const char *const opposite_words[] = { "on", "off", NULL };

/* What is so anyway. */
static const char *const auto_word[] = { "auto", NULL };
static const char *const on_word[] = { "on", NULL };
static const char *const off_word[] = { "off", NULL };

/* Which %-substitutions are made when a value is read.  Those that depend on the caller wait for one. */
static const char *const from_letters[] = { "HCM", NULL };
static const char *const domain_letters[] = { "HCM", NULL };

#define GLOBAL(field)  SCOPE_GLOBAL, .at = offsetof(struct settings, field)
#define ACCOUNT(field) SCOPE_ACCOUNT, .at = offsetof(struct account, field)

static const struct setting table[] = {
	{ "deliver", GLOBAL(deliver), .kind = &kind_word, .initial = "auto", .words = deliver_words },
	{ "try_for", GLOBAL(try_for), .kind = &kind_duration, .initial = "20s", .flags = SETTING_OFF },
	{ "spool", GLOBAL(spool), .kind = &kind_path },
	{ "submit", GLOBAL(submit), .kind = &kind_path, .initial = RUNSTATEDIR "/mailchute/submit" },
	{ "listen", GLOBAL(listen), .kind = &kind_listen, .flags = SETTING_OFF },
	{ "run_as", GLOBAL(run_as), .kind = &kind_text },
	{ "operator", GLOBAL(operator_address), .kind = &kind_address, .initial = "postmaster" },
	{ "aliases", GLOBAL(aliases), .kind = &kind_paths, .bare = "off", .flags = SETTING_OFF },
	{ "maildomain", GLOBAL(maildomain), .kind = &kind_host, .bare = "" },
	{ "qualify", GLOBAL(qualify), .kind = &kind_flag, .initial = "on", .bare = "on" },
	{ "received", GLOBAL(received), .kind = &kind_flag, .initial = "off", .bare = "on" },
	{ "ignore_dots", GLOBAL(ignore_dots), .kind = &kind_flag, .initial = "off", .bare = "on" },
	{ "masquerade", GLOBAL(masquerade), .kind = &kind_domains, .flags = SETTING_OFF },
	{ "rewrite", GLOBAL(rewrite), .kind = &kind_rewrite,
	  .flags = SETTING_OFF | SETTING_ADDS },
	{ "redirect", GLOBAL(redirect), .kind = &kind_address, .flags = SETTING_OFF },
	{ "allow_to", GLOBAL(allow_to), .kind = &kind_patterns, .flags = SETTING_OFF },
	{ "retry_min", GLOBAL(retry_min), .kind = &kind_duration, .initial = "1m" },
	{ "retry_max", GLOBAL(retry_max), .kind = &kind_duration, .initial = "1h" },
	{ "expire", GLOBAL(expire), .kind = &kind_duration, .initial = "5d",
	  .flags = SETTING_OFF },
	{ "warn", GLOBAL(warn), .kind = &kind_duration, .initial = "4h",
	  .flags = SETTING_OFF },
	{ "bounce_from", GLOBAL(bounce_from), .kind = &kind_sender, .initial = "<>" },
	{ "max_message", GLOBAL(max_message), .kind = &kind_size, .initial = "100M" },
	{ "max_hops", GLOBAL(max_hops), .kind = &kind_count, .initial = "50" },
	{ "quota_messages", GLOBAL(quota_messages), .kind = &kind_count, .initial = "0" },
	{ "quota_bytes", GLOBAL(quota_bytes), .kind = &kind_size, .initial = "0" },
	{ "syslog", GLOBAL(syslog), .kind = &kind_syslog, .initial = "mail", .bare = "on",
	  .flags = SETTING_OFF },
	{ "logfile", GLOBAL(logfile), .kind = &kind_log, .bare = "off", .flags = SETTING_OFF },
	{ "logformat", GLOBAL(logformat), .kind = &kind_word, .initial = "text", .words = logformat_words },
	{ "limit", GLOBAL(limit), .kind = &kind_limit, .flags = SETTING_OFF | SETTING_ADDS },
	{ "allow_from", GLOBAL(allow_from), .kind = &kind_allow_from, .flags = SETTING_OFF | SETTING_ADDS },

	{ "host", ACCOUNT(hosts), .kind = &kind_hosts },
	{ "port", ACCOUNT(port), .kind = &kind_port },
	{ "protocol", ACCOUNT(lmtp), .kind = &kind_flag, .initial = "smtp", .words = protocol_words },
	{ "socket", ACCOUNT(socket), .kind = &kind_path, .bare = "" },
	{ "source_ip", ACCOUNT(source_ip), .kind = &kind_ip, .bare = "" },
	{ "proxy_host", ACCOUNT(proxy_host), .kind = &kind_host, .bare = "" },
	{ "proxy_port", ACCOUNT(proxy_port), .kind = &kind_port, .bare = "" },
	{ "maildir", ACCOUNT(maildir), .kind = &kind_path },
	{ "tls", ACCOUNT(tls), .kind = &kind_flag, .initial = "on", .bare = "on" },
	{ "tls_starttls", ACCOUNT(tls_starttls), .kind = &kind_flag, .initial = "on", .bare = "on" },
	{ "tls_certcheck", ACCOUNT(tls_certcheck), .kind = &kind_flag, .initial = "on", .bare = "on" },
	{ "tls_trust_file", ACCOUNT(tls_trust_file), .kind = &kind_system, .bare = "" },
	{ "tls_fingerprint", ACCOUNT(tls_fingerprint), .kind = &kind_fingerprints, .bare = "" },
	{ "tls_host_override", ACCOUNT(tls_host_override), .kind = &kind_host, .bare = "" },
	{ "tls_cert_file", ACCOUNT(tls_cert_file), .kind = &kind_device, .bare = "" },
	{ "tls_key_file", ACCOUNT(tls_key_file), .kind = &kind_device, .bare = "" },
	{ "tls_priorities", ACCOUNT(tls_priorities), .kind = &kind_priorities, .bare = "" },
	{ "auth", ACCOUNT(auth), .kind = &kind_mechanisms, .bare = "on", .words = mechanism_words,
	  .flags = SETTING_OFF },
	{ "user", ACCOUNT(user), .kind = &kind_text, .bare = "" },
	{ "password", ACCOUNT(password), .kind = &kind_secret, .bare = "", .flags = SETTING_SECRET },
	{ "password_file", ACCOUNT(password_file), .kind = &kind_credential, .bare = "" },
	{ "passwordeval", ACCOUNT(passwordeval), .kind = &kind_secret, .bare = "",
	  .flags = SETTING_SECRET | SETTING_COMMAND },
	{ "ntlmdomain", ACCOUNT(ntlmdomain), .kind = &kind_text, .bare = "" },
	{ "from", ACCOUNT(from), .kind = &kind_from, .bare = "", .words = from_letters },
	{ "from_full_name", ACCOUNT(from_full_name), .kind = &kind_text, .bare = "" },
	{ "set_from_header", ACCOUNT(set_from_header), .kind = &kind_word, .initial = "auto", .bare = "on",
	  .words = set_from_words },
	{ "allow_from_override", ACCOUNT(allow_from_override), .kind = &kind_flag, .initial = "on",
	  .bare = "on" },
	{ "undisclosed_recipients", ACCOUNT(undisclosed_recipients), .kind = &kind_flag, .initial = "off",
	  .bare = "on" },
	{ "domain", ACCOUNT(domain), .kind = &kind_expand, .bare = "", .words = domain_letters },
	{ "dsn_notify", ACCOUNT(dsn_notify), .kind = &kind_notify, .flags = SETTING_OFF },
	{ "dsn_return", ACCOUNT(dsn_return), .kind = &kind_return, .initial = "off",
	  .words = return_words },
	{ "timeout", ACCOUNT(timeout), .kind = &kind_duration, .initial = "5m", .flags = SETTING_OFF },
	{ "connect_timeout", ACCOUNT(connect_timeout), .kind = &kind_duration, .initial = "30s",
	  .flags = SETTING_OFF },
	{ "connections", ACCOUNT(connections), .kind = &kind_positive, .initial = "4" },
	{ "rate", ACCOUNT(rate), .kind = &kind_rate, .flags = SETTING_OFF },
	{ "aliases", ACCOUNT(aliases), .kind = &kind_paths, .bare = "off", .flags = SETTING_OFF },
	{ "logfile", ACCOUNT(logfile), .kind = &kind_log, .bare = "off", .flags = SETTING_OFF },
	{ "syslog", ACCOUNT(syslog), .kind = &kind_syslog, .bare = "on", .flags = SETTING_OFF },

	/* msmtp's other names for these, and what it has that is no choice here. */
	{ "auto_from", ACCOUNT(auto_from), .kind = &kind_flag, .bare = "on", .flags = SETTING_ALIAS },
	{ "maildomain", ACCOUNT(maildomain), .kind = &kind_host, .bare = "", .flags = SETTING_ALIAS },
	{ "add_missing_from_header", ACCOUNT(set_from_header), .kind = &kind_word, .bare = "on",
	  .words = add_from_words, .flags = SETTING_ALIAS },
	{ "tls_nocertcheck", ACCOUNT(tls_certcheck), .kind = &kind_flag, .bare = "on",
	  .words = opposite_words, .flags = SETTING_ALIAS },
	{ "tls_nostarttls", ACCOUNT(tls_starttls), .kind = &kind_flag, .bare = "on",
	  .words = opposite_words, .flags = SETTING_ALIAS },
	{ "set_date_header", SCOPE_ACCOUNT, .kind = &kind_fixed, .bare = "auto", .words = auto_word,
	  .advice = "cannot be had: a missing Date is always added (RFC 6409); leave the line out" },
	{ "add_missing_date_header", SCOPE_ACCOUNT, .kind = &kind_fixed, .bare = "on", .words = on_word,
	  .advice = "cannot be had: a missing Date is always added (RFC 6409); leave the line out" },
	{ "set_msgid_header", SCOPE_ACCOUNT, .kind = &kind_fixed, .bare = "auto", .words = auto_word,
	  .advice = "cannot be had: a missing Message-ID is always added (RFC 6409); leave the line out" },
	{ "remove_bcc_headers", SCOPE_ACCOUNT, .kind = &kind_fixed, .bare = "on", .words = on_word,
	  .advice = "cannot be had: Bcc is always removed; leave the line out" },
	{ "keepbcc", SCOPE_ACCOUNT, .kind = &kind_fixed, .bare = "on", .words = off_word,
	  .advice = "cannot be had: Bcc is always removed; leave the line out" },
	{ "tls_crl_file", SCOPE_ACCOUNT, .kind = &kind_fixed, .bare = "",
	  .advice = "cannot be had: leave it out, or pin the server's certificate with tls_fingerprint" },
	{ "tls_min_dh_prime_bits", SCOPE_ACCOUNT, .kind = &kind_fixed, .bare = "",
	  .advice = "cannot be had: use tls_priorities, such as SECURE192 or NORMAL:-DHE-RSA" },
	{ "tls_force_sslv3", SCOPE_ACCOUNT, .kind = &kind_text, .bare = "", .flags = SETTING_IGNORED,
	  .advice = "TLS 1.2 is the least" },
	{ "logfile_time_format", SCOPE_ACCOUNT, .kind = &kind_text, .bare = "", .flags = SETTING_IGNORED,
	  .advice = "the log's form is set by logformat" },
};

const struct setting *setting_table(size_t *n)
{
	*n = COUNT_OF(table);
	return table;
}

const struct setting *setting_find(const char *name, enum setting_scope scope)
{
	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (table[i].scope == scope && strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

const char *setting_nearest(const char *wrong)
{
	return str_nearest(wrong, &table[0].name, COUNT_OF(table), sizeof(table[0]));
}

static bool has_field(const struct setting *s)
{
	return s->kind != &kind_fixed && !(s->flags & SETTING_IGNORED);
}

/* Every field of a scope goes through here, once. */
static void init_all(enum setting_scope scope, void *base)
{
	static const struct origin built_in = { .file = "default" };
	struct status st;

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		if (table[i].scope != scope || !has_field(&table[i]) || (table[i].flags & SETTING_ALIAS))
			continue;
		table[i].kind->clear((char *)base + table[i].at);
		if (table[i].initial != NULL && !setting_set(&table[i], base, table[i].initial, &built_in, &st))
			abort(); /* a bug in the table */
	}
}

static void clear_all(enum setting_scope scope, void *base)
{
	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (table[i].scope == scope && has_field(&table[i]))
			table[i].kind->clear((char *)base + table[i].at);
}

void settings_init(struct settings *s)
{
	*s = (struct settings){ 0 };
	init_all(SCOPE_GLOBAL, s);
}

void settings_release(struct settings *s)
{
	clear_all(SCOPE_GLOBAL, s);
}

void account_init(struct account *a, const char *name)
{
	*a = (struct account){ .name = alloc_copy(name) };
	init_all(SCOPE_ACCOUNT, a);
}

void account_release(struct account *a)
{
	clear_all(SCOPE_ACCOUNT, a);
	free(a->name);
	a->name = NULL;
}

bool setting_during(struct status *st, const struct origin *at, const char *key)
{
	if (at->line == 0)
		return status_during(st, "%s: %s", at->file, key);
	return status_during(st, "%s:%u: %s", at->file, at->line, key);
}

bool setting_set(const struct setting *s, void *base, const char *value, const struct origin *at,
	struct status *st)
{
	void *field = (char *)base + s->at;

	if (*value == '\0' && s->bare == NULL) {
		status_fail(st, EX_CONFIG, "needs a value");
		return setting_during(st, at, s->name);
	}
	if (*value == '\0')
		value = s->bare;
	if (s->flags & SETTING_IGNORED)
		return true;
	if (!(s->flags & SETTING_ADDS))
		s->kind->clear(field);
	if (*value == '\0' || ((s->flags & SETTING_OFF) && str_iequal(value, "off"))) {
		s->kind->clear(field);
		return true;
	}
	if (s->kind->parse(s, field, value, at, st))
		return true;
	s->kind->clear(field);
	return setting_during(st, at, s->name);
}

void setting_show(const struct setting *s, const void *base, struct strv *values)
{
	size_t before = values->len;

	if (!has_field(s) || (s->flags & SETTING_ALIAS))
		return;
	s->kind->show(s, (const char *)base + s->at, values);
	if (values->len == before && (s->flags & SETTING_OFF))
		strv_add(values, "off");
}

void setting_each(enum setting_scope scope, const void *base,
	void (*each)(void *arg, const struct setting *s, const struct strv *values), void *arg)
{
	struct strv values;

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		strv_init(&values);
		if (table[i].scope == scope)
			setting_show(&table[i], base, &values);
		if (values.len > 0)
			each(arg, &table[i], &values);
		strv_release(&values);
	}
}
