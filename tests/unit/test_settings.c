#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/alloc.h"
#include "base/str.h"
#include "config/machine.h"
#include "config/settings.h"
#include "mail/envelope.h"
#include "unit.h"

#define SHA256 "SHA256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/*
 * A value as it stands in /etc/dir/file, and what is shown of it (several lines
 * parted by "|", NULL for nothing), or the words of the error.
 */
static const struct row {
	const char *key;
	enum setting_scope scope;
	const char *value, *shown, *error;
} rows[] = {
#define G(key, value, shown)   { key, SCOPE_GLOBAL, value, shown, NULL }
#define A(key, value, shown)   { key, SCOPE_ACCOUNT, value, shown, NULL }
#define GX(key, value, error)  { key, SCOPE_GLOBAL, value, NULL, error }
#define AX(key, value, error)  { key, SCOPE_ACCOUNT, value, NULL, error }
	G("deliver", "auto", "auto"), G("deliver", "now", "now"), G("deliver", "QUEUE", "queue"),
	GX("deliver", "", "needs a value"), GX("deliver", "nwo", "is not one of auto, now, queue; did you mean now?"),
	GX("deliver", "sometimes", "is not one of auto, now, queue"),
	G("try_for", "90", "90s"), G("try_for", "60", "1m"), G("try_for", "1h30m", "90m"), G("try_for", "off", "off"),
	G("try_for", "2D", "2d"), GX("try_for", "0", "say off"), GX("try_for", "5x", "is no duration"),
	GX("try_for", "-5", "is no duration"), GX("try_for", "s", "is no duration"),
	GX("try_for", "1 h", "is no duration"), GX("try_for", "106751991168d", "is no duration"),
	GX("try_for", "99999999999999999999", "is no duration"),
	G("spool", "/var/spool/x", "/var/spool/x"), G("spool", "x", "/etc/dir/x"), GX("spool", "", "needs a value"),
	G("submit", "/run/s", "/run/s"), GX("submit", "a\tb", "control character"),
	G("listen", "127.0.0.1:25", "127.0.0.1:25"), G("listen", "127.9.9.9:1", "127.9.9.9:1"),
	G("listen", "[::1]:25", "[::1]:25"), G("listen", "localhost:2525", "localhost:2525"), G("listen", "off", "off"),
	GX("listen", "127.0.0.1", "is no ADDRESS:PORT"), GX("listen", "0.0.0.0:25", "is not the loopback"),
	GX("listen", "[::]:25", "is not the loopback"), GX("listen", "mail.example.org:25", "is not the loopback"),
	GX("listen", "127.0.0.1:0", "is no ADDRESS:PORT"), GX("listen", "127.0.0.1:65536", "is no ADDRESS:PORT"),
	G("run_as", "mail", "mail"), GX("run_as", "a\tb", "control character"),
	G("operator", "root", "root"), G("operator", "Ops <ops@example.org>", "ops@example.org"),
	GX("operator", "a@@b", "a domain expected"), GX("operator", "<>", "nobody's"),
	GX("operator", "a@b, c@d", "at column"),
	G("aliases", "/etc/aliases ~none", "/etc/aliases /etc/dir/~none"), GX("aliases", "a ldap:b", "directories are not in this version"),
	G("aliases", "off", "off"), G("aliases", "", "off"), GX("aliases", " ", "is empty"),
	G("maildomain", "example.org", "example.org"), G("maildomain", "", NULL),
	G("maildomain", "b\xc3\xbc" "cher.example", "b\xc3\xbc" "cher.example"),
	GX("maildomain", "a b", "is no host name"), GX("maildomain", "a@b", "is no host name"),
	GX("maildomain", "a:25", "is no host name"),
	G("qualify", "off", "off"), G("qualify", "", "on"), GX("qualify", "yes", "is not one of off, on"),
	G("received", "on", "on"), G("received", "", "on"), GX("received", "1", "is not one of off, on"),
	G("ignore_dots", "ON", "on"), G("ignore_dots", "", "on"), GX("ignore_dots", "onn", "did you mean on?"),
	G("masquerade", "a.example b.example", "a.example b.example"), G("masquerade", "off", "off"),
	GX("masquerade", "a@b", "is no host name"), GX("masquerade", "", "needs a value"),
	G("rewrite", "*@host root@example.org", "*@host root@example.org"), G("rewrite", "off", "off"),
	GX("rewrite", "a@b", "is no PATTERN ADDRESS"), GX("rewrite", "a@b c@d e@f", "is not one of envelope, header"),
	GX("rewrite", "a@b c@d header x", "is no PATTERN ADDRESS"),
	G("rewrite", "a@b c@d header", "a@b c@d header"), G("rewrite", "a@b c@d Envelope", "a@b c@d envelope"),
	GX("rewrite", "a@b c@@d", "a domain expected"), GX("rewrite", "a@b <>", "nobody's"),
	G("redirect", "dev@example.org", "dev@example.org"), G("redirect", "off", "off"),
	GX("redirect", "a b", "at column"),
	G("allow_to", "*@example.org me@x.example", "*@example.org me@x.example"), G("allow_to", "off", "off"),
	GX("allow_to", "@@", "at column"),
	G("retry_min", "30", "30s"), GX("retry_min", "off", "is no duration"), GX("retry_min", "0", "too short"),
	G("retry_max", "2h", "2h"), GX("retry_max", "", "needs a value"),
	G("expire", "5d", "5d"), G("expire", "off", "off"), GX("expire", "5 days", "is no duration"),
	G("warn", "240m", "4h"), G("warn", "off", "off"), GX("warn", "4h4", "is no duration") ,
	G("bounce_from", "<>", "<>"), G("bounce_from", "mailer@example.org", "mailer@example.org"),
	GX("bounce_from", "", "needs a value"), GX("bounce_from", "a@", "at column"),
	G("max_message", "5000", "5000"), G("max_message", "64k", "64K"), G("max_message", "1G", "1G"),
	G("max_message", "1024K", "1M"), G("max_message", "0", "0"), GX("max_message", "5X", "is no size"),
	GX("max_message", "9999999999G", "is no size"), GX("max_message", "", "needs a value"),
	G("max_hops", "25", "25"), GX("max_hops", "many", "is no number"), GX("max_hops", "1K", "is no number"),
	G("quota_messages", "1000", "1000"), GX("quota_messages", "-1", "is no number"),
	G("quota_bytes", "2G", "2G"), GX("quota_bytes", "2T", "is no size"),
	G("syslog", "mail", "mail"), G("syslog", "LOG_LOCAL7", "local7"), G("syslog", "on", "mail"),
	G("syslog", "", "mail"), G("syslog", "off", "off"), G("syslog", "user", "user"),
	GX("syslog", "LOG_LOCAL8", "is not known; did you mean"), GX("syslog", "LOG_", "is not"),
	G("logfile", "/var/log/m", "/var/log/m"), G("logfile", "m.log", "/etc/dir/m.log"), G("logfile", "-", "-"),
	G("logfile", "", "off"), G("logfile", "off", "off"), GX("logfile", "a\tb", "control character"),
	G("logformat", "json", "json"), GX("logformat", "xml", "is not one of text, json"),
	G("limit", "joe messages 60/1h", "joe messages 60/1h"),
	G("limit", "@www recipients 5/m then hold", "@www recipients 5/m then hold"),
	G("limit", "* messages 1/s recipients 9/d then reject", "* messages 1/s recipients 9/d then reject"),
	G("limit", "off", "off"), GX("limit", "joe", "is no USER messages"), GX("limit", "joe messages 5", "is no rate"),
	GX("limit", "joe messages 0/h", "is no rate"), GX("limit", "joe messages 5/h then explode", "is not one of defer, hold, reject"),
	GX("limit", "joe messages 5/h more", "is no USER messages"), GX("limit", "joe then hold", "is no USER messages"),
	G("allow_from", "joe *@example.org joe@x.example", "joe *@example.org joe@x.example"), G("allow_from", "off", "off"),
	GX("allow_from", "joe", "is no USER PATTERN"), GX("allow_from", "joe a@@b", "a domain expected"),

	A("host", "mail.example.org", "mail.example.org"), A("host", "a:25 b [::1]:26 ::1 10.0.0.1:27", "a:25 b [::1]:26 ::1 10.0.0.1:27"),
	A("host", "srv:example.org", "srv:example.org"), A("host", "b\xc3\xbc" "cher.example", "b\xc3\xbc" "cher.example"),
	AX("host", "", "needs a value"), AX("host", "a:0", "is no NAME"), AX("host", "a:x", "is no NAME"),
	AX("host", "a:", "is no NAME"), AX("host", ":25", "is no NAME"), AX("host", "[a]", "is no NAME"),
	AX("host", "[::1", "is no NAME"), AX("host", "[::1]x", "is no NAME"), AX("host", "smtp://a", "is no NAME"),
	AX("host", "srv:a:25", "is no NAME"), AX("host", "u@h", "is no NAME"),
	A("port", "1", "1"), A("port", "65535", "65535"), AX("port", "0", "is no port"), AX("port", "65536", "is no port"),
	AX("port", "smtp", "is no port"), AX("port", "", "needs a value"), AX("port", "25 ", "is no port"), AX("port", "+25", "is no port"),
	A("protocol", "smtp", "smtp"), A("protocol", "lmtp", "lmtp"), AX("protocol", "", "needs a value"),
	AX("protocol", "ltmp", "did you mean lmtp?"),
	A("socket", "/run/lmtp", "/run/lmtp"), A("socket", "", NULL), AX("socket", "a\tb", "control character"),
	A("source_ip", "10.0.0.1", "10.0.0.1"), A("source_ip", "::1", "::1"), A("source_ip", "", NULL),
	AX("source_ip", "localhost", "is no IPv4 or IPv6 address"), AX("source_ip", "10.0.0.256", "is no IPv4"),
	A("proxy_host", "127.0.0.1", "127.0.0.1"), A("proxy_host", "", NULL), AX("proxy_host", "a:1080", "is no host name"),
	A("proxy_port", "9050", "9050"), A("proxy_port", "", NULL), AX("proxy_port", "0", "is no port"),
	A("maildir", "/home/x/Maildir", "/home/x/Maildir"), A("maildir", "new", "/etc/dir/new"), AX("maildir", "", "needs a value"),
	A("tls", "", "on"), A("tls", "off", "off"), AX("tls", "maybe", "is not one of off, on"), AX("tls", "1", "is not one of"),
	A("tls_starttls", "", "on"), A("tls_starttls", "off", "off"), AX("tls_starttls", "of", "did you mean off?"),
	A("tls_certcheck", "off", "off"), A("tls_certcheck", "", "on"), AX("tls_certcheck", "none", "is not one of off, on"),
	A("tls_trust_file", "system", "system"), A("tls_trust_file", "", "system"), A("tls_trust_file", "ca.pem", "/etc/dir/ca.pem"),
	AX("tls_trust_file", "a\tb", "control character"),
	A("tls_fingerprint", SHA256, SHA256), A("tls_fingerprint", "", NULL),
	A("tls_fingerprint", "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33", "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33"),
	A("tls_fingerprint", SHA256 " spki:" SHA256, SHA256 " spki:" SHA256),
	AX("tls_fingerprint", "00:11", "no fingerprint"), AX("tls_fingerprint", SHA256 " x", "no fingerprint"),
	AX("tls_fingerprint", "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF", "MD5"),
	A("tls_host_override", "mail.example.org", "mail.example.org"), A("tls_host_override", "", NULL),
	AX("tls_host_override", "a b", "is no host name"),
	A("tls_cert_file", "/c.pem", "/c.pem"), A("tls_cert_file", "pkcs11:id=1", "pkcs11:id=1"), A("tls_cert_file", "", NULL),
	AX("tls_cert_file", "a\tb", "control character"),
	A("tls_key_file", "k.pem", "/etc/dir/k.pem"), A("tls_key_file", "", NULL), AX("tls_key_file", "pkcs11:\t", "control character"),
	A("tls_priorities", "NORMAL:-VERS-TLS1.2", "NORMAL:-VERS-TLS1.2"), A("tls_priorities", "", NULL),
	AX("tls_priorities", "NORMALLY", "is no GnuTLS priority string"),
	A("auth", "on", "on"), A("auth", "", "on"), A("auth", "off", "off"), A("auth", "plain", "plain"),
	A("auth", "external", "external"), A("auth", "gssapi", "gssapi"), A("auth", "ntlm", "ntlm"), A("auth", "NTLMv1", "ntlmv1"),
	A("auth", "cram-md5", "cram-md5"), A("auth", "digest-md5", "digest-md5"), A("auth", "login", "login"),
	A("auth", "xoauth2", "xoauth2"), A("auth", "oauthbearer", "oauthbearer"), A("auth", "scram-sha-1", "scram-sha-1"),
	A("auth", "scram-sha-256", "scram-sha-256"), A("auth", "SCRAM-SHA-1-PLUS scram-sha-256-plus", "scram-sha-1-plus scram-sha-256-plus"),
	AX("auth", "scram-sha-265", "did you mean SCRAM-SHA-256?"), AX("auth", "kerberos", "is not one of ON, EXTERNAL"),
	AX("auth", "on plain", "names mechanisms beside on"), AX("auth", "plain off", "is not"),
	A("user", "joe", "joe"), A("user", "DOMAIN\\joe", "DOMAIN\\joe"), A("user", "", NULL), AX("user", "a\tb", "control character"),
	A("password", " s3cret ", "(set)"), A("password", "", NULL),
	A("password_file", "/run/secrets/p", "/run/secrets/p"), A("password_file", "smtp", "smtp"), A("password_file", "", NULL),
	AX("password_file", "a\tb", "control character"),
	A("passwordeval", "echo ${X}", "(set)"), A("passwordeval", "", NULL),
	A("ntlmdomain", "CORP", "CORP"), A("ntlmdomain", "", NULL), AX("ntlmdomain", "a\tb", "control character"),
	A("from", "joe@example.org", "joe@example.org"), A("from", "*@example.org a@b.c", "*@example.org a@b.c"),
	A("from", "joe@[10.0.0.1]", "joe@[10.0.0.1]"), A("from", "", NULL), A("from", "50%x@example.org", "50%x@example.org"),
	AX("from", "joe@@example.org", "a domain expected"), AX("from", "<>", "nobody's"), A("from", "Joe <joe@example.org>", "joe@example.org"), AX("from", "a@b <c@d", "at column"),
	A("from_full_name", "Joe B. \"X\" User", "Joe B. \"X\" User"), A("from_full_name", "", NULL), AX("from_full_name", "a\tb", "control character"),
	A("set_from_header", "auto", "auto"), A("set_from_header", "", "on"), A("set_from_header", "off", "off"),
	AX("set_from_header", "always", "is not one of auto, on, off"),
	A("allow_from_override", "off", "off"), A("allow_from_override", "", "on"), AX("allow_from_override", "no", "is not one of off, on"),
	A("undisclosed_recipients", "on", "on"), A("undisclosed_recipients", "", "on"), AX("undisclosed_recipients", "To", "is not"),
	A("domain", "host.example.org", "host.example.org"), A("domain", "", NULL), AX("domain", "a\tb", "control character"),
	A("dsn_notify", "off", "off"), A("dsn_notify", "never", "never"), A("dsn_notify", "failure,delay", "failure,delay"),
	A("dsn_notify", "success, FAILURE", "failure,success"), AX("dsn_notify", "never,failure", "is not a list"),
	AX("dsn_notify", "failed", "did you mean failure?"), AX("dsn_notify", ",", "is not a list"), AX("dsn_notify", "", "needs a value"),
	A("dsn_return", "off", "off"), A("dsn_return", "full", "full"), A("dsn_return", "headers", "headers"), A("dsn_return", "hdrs", "headers"),
	AX("dsn_return", "body", "is not one of off, full, headers"), AX("dsn_return", "", "needs a value"),
	A("timeout", "180", "3m"), A("timeout", "off", "off"), AX("timeout", "", "needs a value"), AX("timeout", "0", "say off"),
	A("connect_timeout", "10s", "10s"), A("connect_timeout", "off", "off"), AX("connect_timeout", "soon", "is no duration"),
	A("connections", "1", "1"), AX("connections", "0", "at least 1"), AX("connections", "x", "is no number"),
	A("rate", "60/h", "60/1h"), A("rate", "5/90", "5/90s"), A("rate", "off", "off"), AX("rate", "60", "is no rate"),
	AX("rate", "/h", "is no rate"), AX("rate", "0/h", "is no rate"), AX("rate", "5/0", "is no rate"), AX("rate", "5/", "is no rate"),
	A("aliases", "/etc/a", "/etc/a"), A("aliases", "", "off"), AX("aliases", " ", "is empty"),
	A("logfile", "~none/x", "/etc/dir/~none/x"), A("logfile", "", "off"), AX("logfile", "a\tb", "control character"),
	A("syslog", "LOG_USER", "user"), A("syslog", "", "mail"), AX("syslog", "LOG_FOO", "is not"),

	/* msmtp's older keys, and what it has that is no choice here */
	A("auto_from", "on", NULL), A("auto_from", "", NULL), AX("auto_from", "yes", "is not one of"),
	A("maildomain", "example.org", NULL), AX("maildomain", "a b", "is no host name"),
	A("add_missing_from_header", "on", NULL), A("add_missing_from_header", "off", NULL), AX("add_missing_from_header", "auto", "is not"),
	A("tls_nocertcheck", "", NULL), AX("tls_nocertcheck", "x", "is not one of on, off"),
	A("tls_nostarttls", "", NULL), AX("tls_nostarttls", "x", "is not one of on, off"),
	A("set_date_header", "auto", NULL), A("set_date_header", "", NULL), AX("set_date_header", "off", "always added"),
	A("add_missing_date_header", "on", NULL), A("add_missing_date_header", "", NULL), AX("add_missing_date_header", "off", "always added"),
	A("set_msgid_header", "auto", NULL), AX("set_msgid_header", "off", "always added"),
	A("remove_bcc_headers", "on", NULL), A("remove_bcc_headers", "", NULL), AX("remove_bcc_headers", "off", "always removed"),
	A("keepbcc", "off", NULL), AX("keepbcc", "on", "always removed"), AX("keepbcc", "", "always removed"),
	A("tls_crl_file", "", NULL), AX("tls_crl_file", "/x", "tls_fingerprint"),
	A("tls_min_dh_prime_bits", "", NULL), AX("tls_min_dh_prime_bits", "512", "tls_priorities"),
	A("tls_force_sslv3", "", NULL), A("tls_force_sslv3", "on", NULL),
	A("logfile_time_format", "%s", NULL), A("logfile_time_format", "", NULL),
};

/* Keys that take whatever there is. */
static const char *const never_wrong[] = { "password", "passwordeval", "tls_force_sslv3", "logfile_time_format" };

union base {
	struct settings settings;
	struct account account;
};

static void base_init(union base *b, enum setting_scope scope)
{
	if (scope == SCOPE_GLOBAL)
		settings_init(&b->settings);
	else
		account_init(&b->account, "default");
}

static void base_release(union base *b, enum setting_scope scope)
{
	if (scope == SCOPE_GLOBAL)
		settings_release(&b->settings);
	else
		account_release(&b->account);
}

static void show(const struct setting *row, const void *base, struct buf *out)
{
	struct strv values;

	strv_init(&values);
	setting_show(row, base, &values);
	for (size_t i = 0; i < values.len; i++)
		buf_printf(out, "%s%s", i > 0 ? "|" : "", values.v[i]);
	strv_release(&values);
}

START_TEST(set_and_show)
{
	static const struct origin at = { .file = "/etc/dir/file", .line = 7 };
	const struct row *r = &rows[_i];
	const struct setting *row = setting_find(r->key, r->scope);
	struct status st = { .text = "none" };
	struct buf shown;
	union base b;
	bool ok;

	ck_assert_msg(row != NULL, "%s", r->key);
	base_init(&b, r->scope);
	buf_init(&shown, 1000);
	ok = setting_set(row, &b, r->value, &at, &st);
	ck_assert_msg(ok == (r->error == NULL), "%s %s: %s", r->key, r->value, st.text);
	if (ok) {
		show(row, &b, &shown);
		ck_assert_msg(strcmp(shown.data, r->shown != NULL ? r->shown : "") == 0, "%s %s: %s", r->key, r->value, shown.data);
	} else {
		ck_assert_int_eq(st.sysexit, EX_CONFIG);
		ck_assert_msg(strstr(st.text, r->error) != NULL, "%s %s: %s", r->key, r->value, st.text);
		ck_assert_msg(str_starts(st.text, "/etc/dir/file:7: "), "%s", st.text);
		ck_assert_msg(str_starts(st.text + 17, r->key), "%s", st.text);
		ck_assert(!str_has_control(st.text, strlen(st.text)));
	}
	buf_release(&shown);
	base_release(&b, r->scope);
}
END_TEST

static bool is_tested(const struct setting *row, bool wrong)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (rows[i].scope == row->scope && strcmp(rows[i].key, row->name) == 0 && (rows[i].error != NULL) == wrong)
			return true;
	for (size_t i = 0; wrong && i < COUNT_OF(never_wrong); i++)
		if (strcmp(never_wrong[i], row->name) == 0)
			return true;
	return false;
}

START_TEST(every_key_has_a_good_and_a_bad_row_here)
{
	size_t n;
	const struct setting *table = setting_table(&n);

	for (size_t i = 0; i < n; i++) {
		ck_assert_msg(is_tested(&table[i], false), "no good value for %s", table[i].name);
		ck_assert_msg(is_tested(&table[i], true), "no bad value for %s", table[i].name);
	}
}
END_TEST

/* Every key of msmtp(1), 1.8: known in an account. */
static const char *const msmtp_keys[] = {
	"host", "port", "source_ip", "proxy_host", "proxy_port", "socket", "timeout", "connect_timeout", "protocol",
	"domain", "auth", "user", "password", "passwordeval", "ntlmdomain", "tls", "tls_starttls", "tls_trust_file",
	"tls_crl_file", "tls_fingerprint", "tls_key_file", "tls_cert_file", "tls_certcheck", "tls_priorities",
	"tls_host_override", "tls_min_dh_prime_bits", "tls_force_sslv3", "tls_nocertcheck", "tls_nostarttls", "from",
	"from_full_name", "allow_from_override", "dsn_notify", "dsn_return", "set_from_header", "set_date_header",
	"set_msgid_header", "remove_bcc_headers", "undisclosed_recipients", "add_missing_from_header",
	"add_missing_date_header", "keepbcc", "logfile", "logfile_time_format", "syslog", "aliases", "auto_from",
	"maildomain",
};

START_TEST(msmtp_key_is_known)
{
	ck_assert_msg(setting_find(msmtp_keys[_i], SCOPE_ACCOUNT) != NULL, "%s", msmtp_keys[_i]);
}
END_TEST

static const struct {
	const char *wrong, *near;
} misspelt[] = {
	{ "tls_startls", "tls_starttls" }, { "hostt", "host" }, { "pasword", "password" }, { "TLS", "tls" },
	{ "passwordfile", "password_file" }, { "tls-certcheck", "tls_certcheck" }, { "zzzzzzzz", NULL }, { "", NULL },
};

START_TEST(nearest)
{
	const char *near = setting_nearest(misspelt[_i].wrong);

	if (misspelt[_i].near == NULL)
		ck_assert_msg(near == NULL || *misspelt[_i].wrong == '\0', "%s", near);
	else
		ck_assert_str_eq(near, misspelt[_i].near);
}
END_TEST

START_TEST(fields_hold_what_was_said)
{
	static const struct origin at = { .file = "f", .line = 1 };
	static const struct { const char *key, *value; } given[] = {
		{ "timeout", "2m" }, { "rate", "5/h" }, { "auth", "ntlm plain" }, { "dsn_notify", "failure,success" },
		{ "dsn_return", "headers" }, { "set_from_header", "off" }, { "protocol", "lmtp" }, { "tls_nocertcheck", "" },
		{ "tls_nostarttls", "" }, { "syslog", "LOG_LOCAL1" }, { "host", "a b:25" },
	};
	struct status st;
	struct account a;

	account_init(&a, "x");
	for (size_t i = 0; i < COUNT_OF(given); i++)
		ck_assert_msg(setting_set(setting_find(given[i].key, SCOPE_ACCOUNT), &a, given[i].value, &at, &st), "%s", st.text);
	ck_assert_int_eq(a.timeout, 120000);
	ck_assert_uint_eq(a.rate.count, 5);
	ck_assert_int_eq(a.rate.period, 3600000);
	ck_assert_uint_eq(a.auth.len, 2);
	ck_assert_str_eq(a.auth.v[0], "NTLM");
	ck_assert_uint_eq(a.dsn_notify, NOTIFY_FAILURE | NOTIFY_SUCCESS);
	ck_assert_int_eq(a.dsn_return, RETURN_HEADERS);
	ck_assert_int_eq(a.set_from_header, SET_FROM_OFF);
	ck_assert(a.lmtp && !a.tls_certcheck && !a.tls_starttls && a.tls);
	ck_assert_int_eq(a.syslog, LOG_LOCAL1);
	ck_assert_str_eq(a.hosts.v[1], "b:25");
	account_release(&a);
}
END_TEST

START_TEST(tilde_is_the_passwd_home)
{
	static const struct origin at = { .file = "MAILCHUTE_URL" };
	char *home = machine_home(), *want;
	struct status st;
	struct account a;

	if (home == NULL)
		return;
	want = alloc_printf("%s/x", strcmp(home, "/") == 0 ? "" : home);
	account_init(&a, "x");
	ck_assert(setting_set(setting_find("tls_trust_file", SCOPE_ACCOUNT), &a, "~/x", &at, &st));
	ck_assert_str_eq(a.tls_trust_file, want);
	account_release(&a);
	free(want);
	free(home);
}
END_TEST

START_TEST(defaults_are_those_of_the_manual)
{
	struct settings s;
	struct account a;

	settings_init(&s);
	account_init(&a, "x");
	ck_assert_int_eq(s.deliver, DELIVER_AUTO);
	ck_assert_int_eq(s.try_for, 20000);
	ck_assert_str_eq(s.operator_address, "postmaster");
	ck_assert(s.qualify && !s.received && !s.ignore_dots);
	ck_assert_int_eq(s.retry_min, 60 * 1000);
	ck_assert_int_eq(s.retry_max, 3600 * 1000);
	ck_assert_int_eq(s.expire, 5 * 86400 * 1000LL);
	ck_assert_int_eq(s.warn, 4 * 3600 * 1000);
	ck_assert_str_eq(s.bounce_from, "");
	ck_assert_uint_eq(s.max_message, 100 << 20);
	ck_assert_uint_eq(s.max_hops, 50);
	ck_assert_uint_eq(s.quota_messages + s.quota_bytes, 0);
	ck_assert_int_eq(s.syslog, LOG_MAIL);
	ck_assert_ptr_null(s.logfile);
	ck_assert(a.tls && a.tls_starttls && a.tls_certcheck && !a.lmtp && a.allow_from_override);
	ck_assert(!a.undisclosed_recipients);
	ck_assert_int_eq(a.set_from_header, SET_FROM_AUTO);
	ck_assert_int_eq(a.timeout, 300000);
	ck_assert_int_eq(a.connect_timeout, 30000);
	ck_assert_uint_eq(a.connections, 4);
	ck_assert_uint_eq(a.auth.len, 0);
	account_release(&a);
	settings_release(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config/settings");
	TCase *tc = tcase_create("settings");

	tcase_add_loop_test(tc, set_and_show, 0, COUNT_OF(rows));
	tcase_add_test(tc, every_key_has_a_good_and_a_bad_row_here);
	tcase_add_loop_test(tc, msmtp_key_is_known, 0, COUNT_OF(msmtp_keys));
	tcase_add_loop_test(tc, nearest, 0, COUNT_OF(misspelt));
	tcase_add_test(tc, fields_hold_what_was_said);
	tcase_add_test(tc, tilde_is_the_passwd_home);
	tcase_add_test(tc, defaults_are_those_of_the_manual);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
