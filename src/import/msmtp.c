#include "import/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "config/conf.h"

/*
 * msmtprc: our grammar, msmtp's defaults.  Accounts are written out whole, with
 * what they inherit, because there a port or a login that nobody names depends
 * on what the account itself says.
 */

/* Lines in their order, `account` and `defaults` among them. */
static void parse(struct import *im, const char *path, const char *text, size_t len)
{
	struct conf_line line;
	const char *error;
	struct conf conf;

	conf_init(&conf, text, len);
	while (conf_next(&conf, &line, &error) || error != NULL) {
		if (error != NULL) {
			plan_at(&im->plan, path, conf.line, "");
			plan_left(&im->plan, "%s", error);
			continue;
		}
		entries_add(&im->entries, path, conf.line, "", line.key, strlen(line.key), line.value,
			strlen(line.value));
		conf_line_release(&line);
	}
}

/* Accounts as they are read: with what they inherit, without `defaults`, which are not inherited. */
struct reading {
	struct import *im;
	struct plan own;
	struct plan_part *defaults, *account;   /* the second is NULL where lines are defaults */
	char *only_parent;                      /* of an account that says nothing itself */
};

static void say_unless_said(struct import *im, const char *key, const char *value)
{
	if (plan_get(im->to, key) == NULL)
		plan_set(&im->plan, im->to, key, value);
}

/* What msmtp does where nothing is said, and mailchute does otherwise. */
static void say_defaults(struct import *im)
{
	const struct account *a = &im->to->account;

	if (plan_get(im->to, "tls") == NULL)
		import_tls(im, IMPORT_PLAIN);
	if (!a->lmtp)
		say_unless_said(im, "port", a->tls && !a->tls_starttls ? "465" : "25");
	if (a->user != NULL)
		say_unless_said(im, "auth", "off");
}

/* `account default : NAME` and no more says which one it is. */
static bool is_name_of_another(const struct reading *r)
{
	return r->only_parent != NULL && strcmp(r->account->account.name, "default") == 0
		&& plan_find(&r->im->plan, r->only_parent) != NULL;
}

static void end_account(struct reading *r)
{
	struct import *im = r->im;

	if (r->account != NULL && is_name_of_another(r)) {
		free(im->plan.default_account);
		im->plan.default_account = alloc_copy(r->only_parent);
	} else if (r->account != NULL) {
		im->to = plan_account(&im->plan, r->account->account.name);
		plan_copy(&im->plan, im->to, r->defaults);
		plan_copy(&im->plan, im->to, r->account);
		say_defaults(im);
	}
	r->account = NULL;
	free(r->only_parent);
	r->only_parent = NULL;
}

static void begin_account(struct reading *r, const char *name, const char *parents)
{
	struct strv list;

	end_account(r);
	r->account = plan_account(&r->own, name);
	strv_init(&list);
	strv_split(&list, parents, ":, \t");
	for (size_t i = 0; i < list.len; i++) {
		const struct plan_part *parent = plan_find(&r->own, list.v[i]);

		if (parent != NULL && parent != r->account)
			plan_copy(&r->own, r->account, parent);
		else
			plan_left(&r->own, "there is no account of this name above");
	}
	if (list.len == 1)
		r->only_parent = alloc_copy(list.v[0]);
	strv_release(&list);
}

/* msmtp's older names of keys. */
static const struct {
	const char *key, *to, *on, *off;
} older[] = {
	{ "tls_nocertcheck", "tls_certcheck", "off", "on" },
	{ "tls_nostarttls", "tls_starttls", "off", "on" },
	{ "add_missing_from_header", "set_from_header", "auto", "off" },
};

static void set(struct reading *r, const char *key, const char *value)
{
	struct plan_part *part = r->account != NULL ? r->account : r->defaults;

	for (size_t i = 0; i < COUNT_OF(older); i++)
		if (strcmp(older[i].key, key) == 0) {
			plan_set(&r->own, part, older[i].to, str_iequal(value, "off") ? older[i].off : older[i].on);
			return;
		}
	if (strcmp(key, "syslog") == 0 && str_iequal(value, "on"))
		value = "LOG_USER"; /* here `on` is the facility mail */
	plan_set(&r->own, part, key, value);
}

static void carry_setting(struct reading *r, const struct entry *e)
{
	const struct setting *row = setting_find(e->key, SCOPE_ACCOUNT);

	free(r->only_parent);
	r->only_parent = NULL;
	if (strcmp(e->key, "eval") == 0)
		plan_left(&r->own, "is not run here; mailchute takes the same line: put it there yourself");
	else if (row == NULL)
		plan_left(&r->own, "is no key of msmtp's");
	else if (*e->value == '\0' && row->bare == NULL)
		plan_left(&r->own, "needs a value");
	else
		set(r, e->key, *e->value != '\0' ? e->value : row->bare);
}

static void carry_line(struct reading *r, const struct entry *e)
{
	size_t n = strcspn(e->value, ": \t");
	char *name;

	plan_at(&r->own, e->file, e->line, e->key);
	plan_at(&r->im->plan, e->file, e->line, e->key);
	if (strcmp(e->key, "defaults") == 0) {
		end_account(r);
	} else if (strcmp(e->key, "account") == 0) {
		name = alloc_copyn(e->value, n);
		begin_account(r, name, e->value + n);
		free(name);
	} else {
		if (r->account == NULL && e == r->im->entries.v) /* lines before any `account` */
			begin_account(r, "default", "");
		carry_setting(r, e);
	}
}

static void carry(struct import *im)
{
	struct reading r = { .im = im };

	plan_init(&r.own);
	r.defaults = plan_account(&r.own, "");
	for (size_t i = 0; i < im->entries.len; i++)
		carry_line(&r, &im->entries.v[i]);
	end_account(&r);
	for (size_t i = 0; i < r.own.left.len; i++)
		strv_add(&im->plan.left, r.own.left.v[i]);
	plan_release(&r.own);
}

/* All that its manual has, for telling its files from others'; the table of settings knows what becomes of each. */
static const struct import_key keys[] = {
	{ .name = "defaults" }, { .name = "account" }, { .name = "eval" }, { .name = "host" }, { .name = "port" }, { .name = "source_ip" }, { .name = "proxy_host" },
	{ .name = "proxy_port" }, { .name = "socket" }, { .name = "timeout" }, { .name = "protocol" }, { .name = "domain" }, { .name = "auth" }, { .name = "user" },
	{ .name = "password" }, { .name = "passwordeval" }, { .name = "ntlmdomain" }, { .name = "tls" }, { .name = "tls_starttls" },
	{ .name = "tls_trust_file" }, { .name = "tls_crl_file" }, { .name = "tls_fingerprint" }, { .name = "tls_key_file" },
	{ .name = "tls_cert_file" }, { .name = "tls_certcheck" }, { .name = "tls_priorities" }, { .name = "tls_host_override" },
	{ .name = "tls_min_dh_prime_bits" }, { .name = "from" }, { .name = "allow_from_override" }, { .name = "dsn_notify" },
	{ .name = "dsn_return" }, { .name = "set_from_header" }, { .name = "set_date_header" }, { .name = "set_msgid_header" },
	{ .name = "remove_bcc_headers" }, { .name = "undisclosed_recipients" }, { .name = "logfile" }, { .name = "logfile_time_format" },
	{ .name = "syslog" }, { .name = "aliases" }, { .name = "auto_from" }, { .name = "maildomain" }, { .name = "from_full_name" },
	{ .name = "connect_timeout" }, { .name = "keepbcc" }, { .name = "tls_force_sslv3" }, { .name = "tls_nocertcheck" },
	{ .name = "tls_nostarttls" }, { .name = "add_missing_from_header" }, { .name = "add_missing_date_header" },
};

static const char *const files[] = { "msmtprc", ".msmtprc", NULL };
static const char *const places[] = { "~/.msmtprc", "~/.config/msmtp/config", "/etc/msmtprc", NULL };

const struct import_format import_msmtp = {
	.name = "msmtp",
	.files = files,
	.places = places,
	.keys = keys,
	.n = COUNT_OF(keys),
	.parse = parse,
	.carry = carry,
};
