#include "config/config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "config/conf.h"
#include "config/draft.h"
#include "config/kind.h"
#include "config/machine.h"
#include "config/place.h"
#include "config/url.h"

static const char system_file[] = SYSCONFDIR "/mailchute.conf";

void config_init(struct config *c)
{
	*c = (struct config){ .commands_allowed = true };
	settings_init(&c->settings);
}

void config_release(struct config *c)
{
	settings_release(&c->settings);
	for (size_t i = 0; i < c->len; i++)
		account_release(&c->v[i]);
	free(c->v);
	free(c->path);
	strv_release(&c->files);
	strv_release(&c->secret_files);
	strv_release(&c->notes);
	*c = (struct config){ 0 };
}

/* The environment's part */

/* MAILCHUTE_<KEY> */
static char *variable_for(const char *key)
{
	char *name = alloc_printf("MAILCHUTE_%s", key);

	for (char *p = name; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	return name;
}

static bool take_variable(struct config *c, const struct setting *row, struct status *st)
{
	char *name = variable_for(row->name);
	const char *value = secure_getenv(name);
	struct origin at = { .file = name };
	bool ok = true;

	if (value != NULL) {
		row->kind->clear((char *)&c->settings + row->at);
		ok = setting_set(row, &c->settings, value, &at, st);
	}
	free(name);
	return ok;
}

static bool take_variables(struct config *c, struct status *st)
{
	size_t n;
	const struct setting *table = setting_table(&n);

	for (size_t i = 0; i < n; i++)
		if (table[i].scope == SCOPE_GLOBAL && !take_variable(c, &table[i], st))
			return false;
	return true;
}

/* Variables that begin like ours and say nothing: a slip of the pen. */
static void note_unknown_variables(struct config *c)
{
	static const char *const others[] = { "MAILCHUTE_CONFIG", "MAILCHUTE_URL", "MAILCHUTE_PASSWORD",
		"MAILCHUTE_PASSWORD_FILE" };
	struct strv known;
	size_t n;
	const struct setting *table = setting_table(&n);

	strv_init(&known);
	for (size_t i = 0; i < COUNT_OF(others); i++)
		strv_add(&known, others[i]);
	for (size_t i = 0; i < n && table[i].scope == SCOPE_GLOBAL; i++)
		strv_take(&known, variable_for(table[i].name));
	for (char **e = environ; *e != NULL; e++) {
		char *name = alloc_copyn(*e, strcspn(*e, "="));

		if (str_starts(name, "MAILCHUTE_") && !strv_has(&known, name))
			strv_take(&c->notes, alloc_printf("%s: is no variable that mailchute knows", name));
		free(name);
	}
	strv_release(&known);
}

static bool take_password_variable(struct draft *d, const char *variable, const char *key,
	struct status *st)
{
	const char *value = secure_getenv(variable);
	struct origin at = { .file = variable };

	return value == NULL || draft_line(d, key, value, &at, st);
}

static bool take_lines(struct draft *d, const struct strv *lines, const struct origin *at,
	struct status *st)
{
	for (size_t i = 0; i + 1 < lines->len; i += 2)
		if (!draft_line(d, lines->v[i], lines->v[i + 1], at, st))
			return false;
	return true;
}

static void wipe_lines(struct strv *lines)
{
	for (size_t i = 0; i < lines->len; i++)
		explicit_bzero(lines->v[i], strlen(lines->v[i]));
	strv_release(lines);
}

static bool read_url(struct draft *d, const char *url, struct status *st)
{
	static const struct origin at = { .file = "MAILCHUTE_URL" };
	struct strv lines;
	bool ok;

	strv_init(&lines);
	draft_begin(d, "default", &at);
	ok = (url_parse(url, &lines, st) || status_during(st, "%s", at.file))
		&& take_password_variable(d, "MAILCHUTE_PASSWORD", "password", st)
		&& take_password_variable(d, "MAILCHUTE_PASSWORD_FILE", "password_file", st)
		&& take_lines(d, &lines, &at, st);
	wipe_lines(&lines);
	return ok;
}

/* Which file */

/* A file that may be missing.  False with EX_OK in the status if it is. */
static bool try_file(struct draft *d, const char *path, struct status *st)
{
	bool absent = true;

	st->sysexit = EX_OK;
	if (path == NULL || !draft_file(d, path, NULL, &absent, st) || absent)
		return false;
	d->config->path = alloc_copy(path);
	return true;
}

static bool read_argument(struct draft *d, const char *file, struct status *st)
{
	d->argument = true;
	if (!draft_file(d, file, NULL, NULL, st))
		return false;
	d->config->path = alloc_copy(file);
	return true;
}

static bool read_chosen(struct draft *d, struct status *st)
{
	const char *chosen = place_chosen_config();

	if (chosen == NULL)
		return st->sysexit = EX_OK, false;
	if (try_file(d, chosen, st))
		return true;
	if (st->sysexit == EX_OK)
		strv_take(&d->config->notes, alloc_printf("MAILCHUTE_CONFIG: %s is not there", chosen));
	return false;
}

static bool read_system(struct draft *d, struct status *st)
{
	d->config->system = try_file(d, system_file, st);
	return d->config->system;
}

static bool refuse_none(const char *own, struct status *st)
{
	return status_fail(st, EX_CONFIG, "no configuration: there is neither %.120s nor %.120s\n"
		"make one of three lines: host smtp.example.org, user NAME, passwordeval COMMAND; or set "
		"MAILCHUTE_URL=smtps://NAME@smtp.example.org\n"
		"mailchute.conf(5) has examples, and \"mailchute check\" tells what is still wrong",
		own != NULL ? own : "a file of this user's own", system_file);
}

/* The first there is. */
static bool read_any(struct draft *d, const char *file, struct status *st)
{
	const char *url = place_url();
	char *own;
	bool ok;

	if (file != NULL)
		return read_argument(d, file, st);
	if (url != NULL)
		return read_url(d, url, st);
	own = place_own_config();
	ok = read_chosen(d, st) || (st->sysexit == EX_OK && try_file(d, own, st))
		|| (st->sysexit == EX_OK && read_system(d, st))
		|| (st->sysexit == EX_OK && refuse_none(own, st));
	free(own);
	return ok;
}

/* What is left to find out and to check when all has been read */

static bool refuse_given(const struct section *s, const char *key, struct status *st)
{
	const struct given *g = section_given(s, key);

	if (g != NULL)
		return setting_during(st, &g->at, key);
	return status_during(st, "account %s", s->account.name);
}

static bool finish_settings(const struct draft *d, struct status *st)
{
	struct settings *s = &d->config->settings;
	static const char state[] = "mailchute", system_spool[] = LOCALSTATEDIR "/spool/mailchute";

	if (s->maildomain == NULL)
		s->maildomain = machine_maildomain();
	if (s->spool == NULL && !d->config->system)
		s->spool = place_of("XDG_STATE_HOME", ".local/state", state);
	if (s->spool == NULL)
		s->spool = alloc_copy(system_spool);
	if (section_given(&d->global, "aliases") == NULL && s->aliases.len == 0
		&& secure_getenv("MAILCHUTE_ALIASES") == NULL && access("/etc/aliases", F_OK) == 0)
		strv_add(&s->aliases, "/etc/aliases");
	if (s->retry_min <= s->retry_max)
		return true;
	status_fail(st, EX_CONFIG, "is longer than retry_max");
	return refuse_given(&d->global, "retry_min", st);
}

static bool has_route(const struct account *a)
{
	return a->hosts.len > 0 || a->socket != NULL || a->maildir != NULL;
}

static bool cert_without_key(const struct section *s)
{
	return s->account.tls_cert_file != NULL && s->account.tls_key_file == NULL;
}

static bool key_without_cert(const struct section *s)
{
	return s->account.tls_key_file != NULL && s->account.tls_cert_file == NULL;
}

static bool auth_without_user(const struct section *s)
{
	const struct account *a = &s->account;

	return a->auth.len > 0 && a->user == NULL && a->tls_cert_file == NULL
		&& !strv_has(&a->auth, "EXTERNAL") && !strv_has(&a->auth, "GSSAPI");
}

static bool trusts_nobody(const struct section *s)
{
	const struct given *g = section_given(s, "tls_trust_file");
	const struct account *a = &s->account;

	return g != NULL && *g->value == '\0' && a->tls && a->tls_certcheck && a->tls_fingerprint.len == 0;
}

static bool maildir_and_host(const struct section *s)
{
	return s->account.maildir != NULL && (s->account.hosts.len > 0 || s->account.socket != NULL);
}

/* SRV has a name for mail from users, and none for LMTP. */
static bool lmtp_by_srv(const struct section *s)
{
	for (size_t i = 0; i < s->account.hosts.len; i++)
		if (str_istarts(s->account.hosts.v[i], "srv:"))
			return s->account.lmtp;
	return false;
}

/* What must go together in an account, and at whose line the error is. */
static const struct {
	bool (*broken)(const struct section *s);
	const char *key, *reason;
} rules[] = {
	{ cert_without_key, "tls_cert_file", "needs tls_key_file beside it" },
	{ key_without_cert, "tls_key_file", "needs tls_cert_file beside it" },
	{ auth_without_user, "auth", "needs user beside it" },
	{ trusts_nobody, "tls_trust_file", "is empty, so no certificate would be trusted; name a file or "
	  "\"system\", or pin one with tls_fingerprint" },
	{ lmtp_by_srv, "host", "DNS names no servers for LMTP: name the host itself" },
	{ maildir_and_host, "maildir", "stands instead of host and socket, not beside them" },
};

static bool check_rules(const struct section *s, struct status *st)
{
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		if (rules[i].broken(s)) {
			status_fail(st, EX_CONFIG, "%s", rules[i].reason);
			return refuse_given(s, rules[i].key, st);
		}
	}
	return true;
}

/* auto_from on: from %U@maildomain */
static void take_auto_from(struct account *a, const struct settings *global)
{
	strv_release(&a->from);
	strv_take(&a->from, alloc_printf("%%U@%s",
		a->maildomain != NULL ? a->maildomain : global->maildomain));
}

static void copy_list(struct strv *to, const struct strv *from)
{
	for (size_t i = 0; i < from->len; i++)
		strv_add(to, from->v[i]);
}

/* Defaults that depend on other settings. */
static void complete_account(struct section *s, const struct settings *global)
{
	struct account *a = &s->account;

	if (section_given(s, "auth") == NULL && a->user != NULL)
		strv_add(&a->auth, "ON");
	if (a->auto_from)
		take_auto_from(a, global);
	if (a->proxy_host != NULL && a->proxy_port == 0)
		a->proxy_port = 1080; /* SOCKS, as IANA has it */
	if (section_given(s, "aliases") == NULL)
		copy_list(&a->aliases, &global->aliases);
	if (section_given(s, "logfile") == NULL)
		a->logfile = alloc_copy(global->logfile);
	if (section_given(s, "syslog") == NULL)
		a->syslog = global->syslog;
}

static void config_take(struct config *c, struct account *a)
{
	if (c->len == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 4;
		c->v = alloc_array(c->v, c->cap, sizeof(*c->v));
	}
	c->v[c->len++] = *a;
	account_init(a, ""); /* what is left in the draft */
}

/* An account without a server is there to be inherited from, or a mistake. */
static bool finish_account(struct config *c, struct section *s, struct status *st)
{
	if (!has_route(&s->account) && s->parent)
		return true;
	if (!has_route(&s->account)) {
		status_fail(st, EX_CONFIG, "account %s has no host", s->account.name);
		return s->at.line > 0 ? status_during(st, "%s:%u", s->at.file, s->at.line)
		                      : status_during(st, "%s", s->at.file);
	}
	complete_account(s, &c->settings);
	if (!check_rules(s, st))
		return false;
	config_take(c, &s->account);
	return true;
}

static bool finish(struct draft *d, struct status *st)
{
	struct config *c = d->config;

	if (!take_variables(c, st) || !finish_settings(d, st))
		return false;
	for (size_t i = 0; i < d->len; i++)
		if (!finish_account(c, &d->v[i], st))
			return false;
	note_unknown_variables(c);
	return c->len > 0 || status_fail(st, EX_CONFIG, "%s: names no server: a line \"host "
		"smtp.example.org\" is the least", c->path);
}

bool config_load(struct config *c, const char *file, struct status *st)
{
	struct draft d;
	bool ok;

	draft_init(&d, c);
	ok = read_any(&d, file, st) && finish(&d, st);
	draft_release(&d);
	return ok;
}

/* Printing */

static void print_value(const struct setting *row, const char *value, FILE *out)
{
	struct buf quoted;

	buf_init(&quoted, SIZE_MAX / 2);
	conf_quote(value, (row->flags & SETTING_COMMAND) != 0, &quoted);
	fprintf(out, "%s %s\n", row->name, quoted.data);
	buf_release(&quoted);
}

static void print_setting(void *out, const struct setting *row, const struct strv *values)
{
	for (size_t i = 0; i < values->len; i++)
		print_value(row, values->v[i], out);
}

void config_print(const struct config *c, FILE *out)
{
	setting_each(SCOPE_GLOBAL, &c->settings, print_setting, out);
	for (size_t i = 0; i < c->len; i++) {
		fprintf(out, "\naccount %s\n", c->v[i].name);
		setting_each(SCOPE_ACCOUNT, &c->v[i], print_setting, out);
	}
}
