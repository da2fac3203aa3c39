#include "import/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "import/words.h"

/* esmtprc: keywords and values in a row, "=" between them or not; `identity` begins the keys of an address. */

static bool is_prefix(const char *word)
{
	return str_iequal(word, "force");
}

static void add(struct import *im, const char *path, unsigned line, const char *section, const char *key,
	const char *value)
{
	entries_add(&im->entries, path, line, section, key, strlen(key), value, strlen(value));
}

struct words {
	const char *at, *end;
	unsigned line;
	struct buf key, value;
};

/* "force sender" and "force reverse_path" are keywords of two words; `default` has no value. */
static bool next(struct words *w)
{
	if (!words_escaped(&w->at, w->end, &w->line, &w->key))
		return false;
	if (is_prefix(w->key.data) && words_escaped(&w->at, w->end, &w->line, &w->value))
		buf_printf(&w->key, " %s", w->value.data);
	buf_reset(&w->value);
	if (!str_iequal(w->key.data, "default"))
		words_escaped(&w->at, w->end, &w->line, &w->value);
	return true;
}

static void parse(struct import *im, const char *path, const char *text, size_t len)
{
	struct words w = { .at = text, .end = text + len, .line = 1 };
	char *section = alloc_copy("");

	buf_init(&w.key, IMPORT_FILE_MAX);
	buf_init(&w.value, IMPORT_FILE_MAX);
	while (next(&w)) {
		if (str_iequal(w.key.data, "identity")) {
			free(section);
			section = alloc_copy(w.value.data);
		}
		add(im, path, w.line, section, w.key.data, w.value.data);
	}
	buf_wipe(&w.key);
	buf_wipe(&w.value);
	free(section);
}

static void take_server(struct import *im, const struct import_key *row, const char *value)
{
	(void)row;
	import_server(im, value, 587);
}

static void take_starttls(struct import *im, const struct import_key *row, const char *value)
{
	(void)row;
	if (str_iequal(value, "disabled"))
		return;
	if (str_iequal(value, "enabled"))
		plan_left(&im->plan, "TLS is on or off here, never left to the server: it is on");
	import_tls(im, IMPORT_STARTTLS);
}

/* "%u" is the user's name, "%%" a "%". */
static void take_sender(struct import *im, const struct import_key *row, const char *value)
{
	struct buf out;

	(void)row;
	buf_init(&out, IMPORT_FILE_MAX);
	for (; *value != '\0'; value++) {
		bool u = str_starts(value, "%u"), percent = str_starts(value, "%%");

		buf_puts(&out, u ? "%U" : (const char[]){ *value, '\0' });
		value += u || percent;
	}
	import_forced_sender(im, out.data);
	buf_release(&out);
}

static void take_identity(struct import *im, const struct import_key *row, const char *value)
{
	(void)row;
	import_set(im, "from", value);
}

static void take_default(struct import *im, const struct import_key *row, const char *value)
{
	(void)row, (void)value;
	free(im->plan.default_account);
	im->plan.default_account = alloc_copy(im->to->account.name);
}

static const char no_local[] = "there are no local mailboxes: mail for local users goes where aliases(5) say";

static const struct import_key keys[] = {
	{ .name = "hostname", .take = take_server },
	{ .name = "username", .to = "user" },
	{ .name = "password", .to = "password" },
	{ .name = "starttls", .take = take_starttls },
	{ .name = "certificate_passphrase", .why = "the key must be readable without a passphrase: openssl pkey" },
	{ .name = "helo", .to = "domain" },
	{ .name = "qualifydomain", .to = "maildomain" },
	{ .name = "force sender", .why = "no Sender field is added" },
	{ .name = "force reverse_path", .take = take_sender },
	{ .name = "message_id", .why = "a missing Message-ID is always added (RFC 6409)" },
	{ .name = "preconnect", .why = "no command is run before connecting; a tunnel can be a service of its own, "
	  "or proxy_host with `ssh -D`" },
	{ .name = "identity", .take = take_identity },
	{ .name = "default", .take = take_default },
	{ .name = "mda", .why = no_local },
	{ .name = "force_mda", .why = no_local },
};

static void settle(struct import *im, const char *section)
{
	if (plan_get(im->to, "host") == NULL)
		return plan_unset(im->to, "auth");
	(void)section;
	if (plan_get(im->to, "tls") == NULL)
		import_tls(im, IMPORT_PLAIN);
}

/* Keys above the first identity are the default one's; without any it is the first. */
static void carry_section(struct import *im, const char *section)
{
	im->to = plan_account(&im->plan, *section != '\0' ? section : "default");
	import_carry(im, section);
	settle(im, section);
	if (im->plan.default_account == NULL)
		im->plan.default_account = alloc_copy(im->to->account.name);
}

static void carry(struct import *im)
{
	struct strv seen;

	strv_init(&seen);
	for (size_t i = 0; i < im->entries.len; i++)
		if (!strv_has(&seen, im->entries.v[i].section)) {
			strv_add(&seen, im->entries.v[i].section);
			carry_section(im, im->entries.v[i].section);
		}
	strv_release(&seen);
}

static const char *const files[] = { "esmtprc", ".esmtprc", NULL };
static const char *const places[] = { "~/.esmtprc", "/etc/esmtprc", NULL };

const struct import_format import_esmtp = {
	.name = "esmtp",
	.files = files,
	.places = places,
	.any_case = true,
	.keys = keys,
	.n = COUNT_OF(keys),
	.parse = parse,
	.carry = carry,
	.settle = settle,
};
