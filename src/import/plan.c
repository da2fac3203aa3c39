#include "import/plan.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "config/conf.h"
#include "config/kind.h"

enum { NOTE_MAX = 1000 };

static void part_init(struct plan_part *part, enum setting_scope scope, const char *name)
{
	*part = (struct plan_part){ .scope = scope };
	settings_init(&part->settings);
	account_init(&part->account, name);
}

static void part_release(struct plan_part *part)
{
	for (size_t i = 0; i < part->len; i++)
		alloc_wipe(part->v[i].value);
	free(part->v);
	settings_release(&part->settings);
	account_release(&part->account);
}

static void *part_base(struct plan_part *part)
{
	return part->scope == SCOPE_GLOBAL ? (void *)&part->settings : &part->account;
}

void plan_init(struct plan *p)
{
	*p = (struct plan){ .file = "", .key = "" };
	part_init(&p->global, SCOPE_GLOBAL, "");
}

void plan_release(struct plan *p)
{
	part_release(&p->global);
	for (size_t i = 0; i < p->len; i++) {
		part_release(p->accounts[i]);
		free(p->accounts[i]);
	}
	free(p->accounts);
	free(p->default_account);
	strv_release(&p->left);
	strv_release(&p->differs);
	*p = (struct plan){ 0 };
}

void plan_at(struct plan *p, const char *file, unsigned line, const char *key)
{
	p->file = file;
	p->line = line;
	p->key = key;
}

/* Notes */

/* A comment of one line, whatever the foreign file had in its words. */
static void note(struct strv *list, const char *text)
{
	struct buf shown;

	buf_init(&shown, NOTE_MAX);
	str_escape(&shown, text, strlen(text));
	if (!strv_has(list, shown.data)) /* of every account once */
		strv_add(list, shown.data);
	buf_release(&shown);
}

static void __attribute__((format(printf, 3, 0)))
note_place(const struct plan *p, struct strv *list, const char *fmt, va_list ap)
{
	struct buf text;

	buf_init(&text, NOTE_MAX);
	buf_puts(&text, p->file);
	if (p->line > 0)
		buf_printf(&text, ":%u", p->line);
	if (*p->key != '\0')
		buf_printf(&text, ": %.100s", p->key);
	if (text.len > 0)
		buf_puts(&text, ": ");
	buf_vprintf(&text, fmt, ap);
	note(list, text.data);
	buf_release(&text);
}

void plan_left(struct plan *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note_place(p, &p->left, fmt, ap);
	va_end(ap);
}

void plan_differs(struct plan *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note_place(p, &p->differs, fmt, ap);
	va_end(ap);
}

/* Accounts */

struct plan_part *plan_find(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->len; i++)
		if (strcmp(p->accounts[i]->account.name, name) == 0)
			return p->accounts[i];
	return NULL;
}

/* Fit for an `account` line: blanks, commas and colons part names there, and ${NAME} is replaced. */
static char *fit_name(const char *name)
{
	char *fit = alloc_copy(*name != '\0' ? name : "account");

	for (char *c = fit; *c != '\0'; c++)
		if (str_has_control(c, 1) || strchr(" ,:\"$", *c) != NULL)
			*c = '-';
	return fit;
}

static char *free_name(const struct plan *p, const char *name)
{
	char *wanted = fit_name(name), *got = alloc_copy(wanted);

	for (unsigned i = 2; plan_find(p, got) != NULL; i++) {
		free(got);
		got = alloc_printf("%s-%u", wanted, i);
	}
	free(wanted);
	return got;
}

struct plan_part *plan_account(struct plan *p, const char *name)
{
	struct plan_part *part = alloc(sizeof(*part));
	char *got = free_name(p, name);

	part_init(part, SCOPE_ACCOUNT, got);
	free(got);
	if (p->len == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 4;
		p->accounts = alloc_array(p->accounts, p->cap, sizeof(*p->accounts));
	}
	return p->accounts[p->len++] = part;
}

/* Lines */

static void take_back(struct plan_part *part, const struct setting *row)
{
	static const struct origin built_in = { .file = "default" };
	struct status st;
	size_t kept = 0;

	for (size_t i = 0; i < part->len; i++) {
		if (part->v[i].row == row)
			alloc_wipe(part->v[i].value);
		else
			part->v[kept++] = part->v[i];
	}
	part->len = kept;
	row->kind->clear((char *)part_base(part) + row->at);
	if (row->initial != NULL)
		setting_set(row, part_base(part), row->initial, &built_in, &st);
}

static void keep(struct plan_part *part, const struct setting *row, const char *value)
{
	if (part->len == part->cap) {
		part->cap = part->cap ? part->cap * 2 : 16;
		part->v = alloc_array(part->v, part->cap, sizeof(*part->v));
	}
	part->v[part->len++] = (struct plan_line){ .row = row, .value = alloc_copy(value) };
}

/* What the grammar cannot write, the table refuses, or knows without doing anything. */
static bool acceptable(struct plan *p, struct plan_part *part, const struct setting *row, const char *value)
{
	struct origin at = { .file = p->file, .line = p->line > 0 ? p->line : 1 };
	struct status st;

	if (row->flags & SETTING_IGNORED)
		return plan_left(p, "%s", row->advice), false;
	for (const char *c = value; *c != '\0'; c++)
		if (*c != '\t' && str_has_control(c, 1))
			return plan_left(p, "holds a control character"), false;
	if (setting_set(row, part_base(part), value, &at, &st))
		return true;
	note(&p->left, st.text);
	return false;
}

bool plan_set(struct plan *p, struct plan_part *part, const char *key, const char *value)
{
	const struct setting *row = setting_find(key, part->scope);

	if (!(row->flags & (SETTING_ADDS | SETTING_IGNORED)) && row->kind != &kind_fixed)
		take_back(part, row);
	if (*value == '\0' || !acceptable(p, part, row, value))
		return *value == '\0';
	keep(part, row, value);
	return true;
}

void plan_copy(struct plan *p, struct plan_part *to, const struct plan_part *from)
{
	for (size_t i = 0; i < from->len; i++)
		plan_set(p, to, from->v[i].row->name, from->v[i].value);
}

void plan_unset(struct plan_part *part, const char *key)
{
	take_back(part, setting_find(key, part->scope));
}

const char *plan_get(const struct plan_part *part, const char *key)
{
	for (size_t i = part->len; i-- > 0;)
		if (strcmp(part->v[i].row->name, key) == 0)
			return part->v[i].value;
	return NULL;
}

/* What must go together */

static void settle_certificate(struct plan *p, struct plan_part *part)
{
	const char *cert = plan_get(part, "tls_cert_file");

	if (cert != NULL && plan_get(part, "tls_key_file") == NULL)
		plan_set(p, part, "tls_key_file", cert); /* one file for both, as PEM allows */
	if (cert != NULL || plan_get(part, "tls_key_file") == NULL)
		return;
	plan_left(p, "a key without a certificate");
	plan_unset(part, "tls_key_file");
}

static void settle_login(struct plan *p, struct plan_part *part)
{
	const struct account *a = &part->account;
	bool named = strv_has(&a->auth, "EXTERNAL") || strv_has(&a->auth, "GSSAPI");

	if (a->auth.len > 0 && a->user == NULL && a->tls_cert_file == NULL && !named) {
		plan_left(p, "a login without a user name");
		plan_unset(part, "auth");
	}
	if (a->user != NULL && !a->tls && !(plan_get(part, "auth") != NULL && a->auth.len == 0))
		plan_differs(p, "without TLS the password went out for anyone to read; mailchute does not "
			"send it that way: say \"tls on\" if the server has it");
	if (a->user != NULL && a->password == NULL && a->passwordeval == NULL && a->password_file == NULL)
		plan_differs(p, "there is no password for %s: add password, password_file or passwordeval, "
			"or an entry in netrc", a->user);
}

static void settle_account(struct plan *p, struct plan_part *part)
{
	char *place = alloc_printf("account %s", part->account.name);

	plan_at(p, place, 0, "");
	settle_certificate(p, part);
	settle_login(p, part);
	plan_at(p, "", 0, "");
	free(place);
}

static void settle_retry(struct plan *p)
{
	if (p->global.settings.retry_min <= p->global.settings.retry_max)
		return;
	plan_left(p, "the first wait would be longer than the longest: both are mailchute's own");
	plan_unset(&p->global, "retry_min");
	plan_unset(&p->global, "retry_max");
}

void plan_drop(struct plan *p, size_t i)
{
	part_release(p->accounts[i]);
	free(p->accounts[i]);
	p->len--;
	memmove(p->accounts + i, p->accounts + i + 1, (p->len - i) * sizeof(*p->accounts));
}

static void drop_without_server(struct plan *p)
{
	for (size_t i = p->len; i-- > 0;) {
		const struct account *a = &p->accounts[i]->account;

		if (a->hosts.len > 0 || a->socket != NULL)
			continue;
		plan_left(p, "account %s: names no server", a->name);
		plan_drop(p, i);
	}
}

bool plan_finish(struct plan *p)
{
	plan_at(p, "", 0, "");
	drop_without_server(p);
	settle_retry(p);
	for (size_t i = 0; i < p->len; i++)
		settle_account(p, p->accounts[i]);
	if (p->default_account != NULL && (plan_find(p, p->default_account) == NULL || plan_find(p, "default"))) {
		free(p->default_account);
		p->default_account = NULL;
	}
	return p->len > 0;
}

/* Writing */

static bool has_password(const struct plan *p)
{
	for (size_t i = 0; i < p->len; i++)
		if (plan_get(p->accounts[i], "password") != NULL)
			return true;
	return false;
}

static void write_notes(const char *heading, const struct strv *notes, struct buf *out)
{
	if (notes->len == 0)
		return;
	buf_printf(out, "#\n# %s\n", heading);
	for (size_t i = 0; i < notes->len; i++)
		buf_printf(out, "#   %s\n", notes->v[i]);
}

/* In the order of the manual. */
static void write_part(const struct plan_part *part, struct buf *out)
{
	size_t n;
	const struct setting *table = setting_table(&n);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < part->len; j++) {
			if (part->v[j].row != &table[i])
				continue;
			buf_printf(out, "%s ", table[i].name);
			conf_quote(part->v[j].value, (table[i].flags & SETTING_COMMAND) != 0, out);
			buf_putc(out, '\n');
		}
}

void plan_write(const struct plan *p, const char *made_from, struct buf *out)
{
	buf_puts(out, "# Made by `mailchute import` from ");
	str_escape(out, made_from, strlen(made_from));
	buf_puts(out, ".\n");
	if (has_password(p))
		buf_puts(out, "# A password is in it: keep it in a file of mode 600 that is yours alone.\n");
	write_notes("Not carried over:", &p->left, out);
	write_notes("Not as it was:", &p->differs, out);
	if (p->global.len > 0)
		buf_putc(out, '\n');
	write_part(&p->global, out);
	for (size_t i = 0; i < p->len; i++) {
		buf_printf(out, "\naccount %s\n", p->accounts[i]->account.name);
		write_part(p->accounts[i], out);
	}
	if (p->default_account != NULL)
		buf_printf(out, "\naccount default : %s\n", p->default_account);
}
