#include "import/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "config/hostport.h"

static const struct import_format *const formats[] = {
	&import_msmtp, &import_nullmailer, &import_ssmtp, &import_dma, &import_esmtp, &import_postfix,
	&import_git,
};

const struct import_format *const *import_formats(size_t *n)
{
	*n = COUNT_OF(formats);
	return formats;
}

void import_init(struct import *im, const struct import_format *format, const struct import_files *files)
{
	*im = (struct import){ .format = format, .files = files };
	plan_init(&im->plan);
	entries_init(&im->entries);
	strv_init(&im->paths);
}

void import_release(struct import *im)
{
	plan_release(&im->plan);
	entries_release(&im->entries);
	strv_release(&im->paths);
}

/* Tables */

static bool names(const struct import_format *f, const struct import_key *row, const char *key)
{
	size_t n = strlen(row->name);

	if (row->name[n - 1] == '*')
		return str_iequaln(row->name, key, n - 1);
	return f->any_case ? str_iequal(row->name, key) : strcmp(row->name, key) == 0;
}

static const struct import_key *find_key(const struct import_format *f, const char *key)
{
	for (size_t i = 0; i < f->n; i++)
		if (names(f, &f->keys[i], key))
			return &f->keys[i];
	return NULL;
}

void import_take(struct import *im, const struct import_key *row, const char *value)
{
	if (row->take != NULL)
		row->take(im, row, value);
	else if (row->to != NULL)
		import_set(im, row->to, value);
	else if (row->why != NULL)
		plan_left(&im->plan, "%s", row->why);
}

static void carry_one(struct import *im, const struct entry *e)
{
	const struct import_key *row = find_key(im->format, e->key);

	plan_at(&im->plan, e->file, e->line, e->key);
	if (row != NULL)
		import_take(im, row, e->value);
	else
		plan_left(&im->plan, "mailchute has nothing like it");
}

void import_carry(struct import *im, const char *section)
{
	for (size_t i = 0; i < im->entries.len; i++)
		if (strcmp(im->entries.v[i].section, section) == 0)
			carry_one(im, &im->entries.v[i]);
	plan_at(&im->plan, im->paths.v[0], 0, "");
}

/* Formats */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static bool is_named(const char *const *files, const char *path)
{
	for (; files != NULL && *files != NULL; files++)
		if (strcmp(*files, base_name(path)) == 0)
			return true;
	return false;
}

char *import_main_file(const char *path)
{
	for (size_t i = 0; i < COUNT_OF(formats); i++)
		if (is_named(formats[i]->beside, path))
			return alloc_printf("%.*s%s", (int)(base_name(path) - path), path, formats[i]->files[0]);
	return NULL;
}

/* How many more of the file's keys are the format's than are not. */
static long likeness(const struct import_format *f, const char *path, const char *text, size_t len)
{
	struct import im;
	long n = 0;

	import_init(&im, f, NULL);
	f->parse(&im, path, text, len);
	for (size_t i = 0; i < im.entries.len; i++) {
		const struct import_key *row = find_key(f, im.entries.v[i].key);

		n += row == NULL ? -1 : !row->unwritten;
	}
	import_release(&im);
	return n;
}

const struct import_format *import_recognise(const char *path, const char *text, size_t len)
{
	const struct import_format *best = NULL;
	long most = 0;

	for (size_t i = 0; i < COUNT_OF(formats); i++)
		if (is_named(formats[i]->files, path))
			return formats[i];
	for (size_t i = 0; i < COUNT_OF(formats); i++) {
		long n = likeness(formats[i], path, text, len);

		if (n > most) {
			most = n;
			best = formats[i];
		}
	}
	return best;
}

static void carry_single(struct import *im)
{
	im->to = plan_account(&im->plan, "default");
	import_carry(im, "");
	im->format->settle(im, "");
}

bool import_read(struct import *im, const char *path, const char *text, size_t len)
{
	im->format->parse(im, import_path(im, path), text, len);
	plan_at(&im->plan, im->paths.v[0], 0, "");
	if (im->entries.overflow)
		plan_left(&im->plan, "has more than %d lines: the rest is left out", ENTRIES_MAX);
	if (im->format->carry != NULL)
		im->format->carry(im);
	else
		carry_single(im);
	return plan_finish(&im->plan);
}

/* For the formats */

const char *import_get(const struct import *im, const char *section, const char *key)
{
	return entries_get(&im->entries, section, key);
}

bool import_yes(const struct import *im, const char *section, const char *key)
{
	static const char *const words[] = { "yes", "true", "on", "1" };
	const char *value = import_get(im, section, key);

	for (size_t i = 0; value != NULL && i < COUNT_OF(words); i++)
		if (str_iequal(value, words[i]))
			return true;
	return false;
}

void import_set(struct import *im, const char *key, const char *value)
{
	bool global = setting_find(key, SCOPE_GLOBAL) != NULL;

	plan_set(&im->plan, global ? &im->plan.global : im->to, key, value);
}

void import_set_list(struct import *im, const char *key, const char *value)
{
	struct strv items;
	struct buf joined;

	strv_init(&items);
	strv_split(&items, value, ",| \t\n");
	buf_init(&joined, IMPORT_FILE_MAX);
	for (size_t i = 0; i < items.len; i++)
		buf_printf(&joined, "%s%s", i > 0 ? " " : "", items.v[i]);
	import_set(im, key, joined.data);
	buf_release(&joined);
	strv_release(&items);
}

static const struct {
	const char *name;
	unsigned short port;
} services[] = {
	{ "smtp", 25 },
	{ "submission", 587 },
	{ "smtps", 465 },
	{ "ssmtp", 465 },
	{ "submissions", 465 },
	{ "lmtp", 24 },
};

unsigned short import_port(const char *text)
{
	unsigned short port;

	for (size_t i = 0; i < COUNT_OF(services); i++)
		if (str_iequal(services[i].name, text))
			return services[i].port;
	return hostport_parse_port(text, &port) ? port : 0;
}

/* "[HOST]" and what is behind it, "HOST:SERVICE"; an IPv6 address has colons of its own. */
static char *split_server(const char *server, const char **port)
{
	const char *end = *server == '[' ? strchr(server, ']') : strchr(server, ':');

	*port = NULL;
	if (*server == '[' && end != NULL) {
		*port = end[1] == ':' ? end + 2 : NULL;
		return alloc_copyn(server + 1, (size_t)(end - server - 1));
	}
	if (end == NULL || strchr(end + 1, ':') != NULL)
		return alloc_copy(server);
	*port = end + 1;
	return alloc_copyn(server, (size_t)(end - server));
}

void import_server(struct import *im, const char *server, unsigned short port)
{
	const char *given;
	char *host = split_server(server, &given), *number;

	if (given != NULL && *given != '\0') {
		port = import_port(given);
		if (port == 0)
			plan_left(&im->plan, "the port %.40s has no number here", given);
	}
	import_set(im, "host", host);
	number = alloc_printf("%u", port);
	if (port != 0)
		import_set(im, "port", number);
	free(number);
	free(host);
}

void import_tls(struct import *im, enum import_tls tls)
{
	import_set(im, "tls", tls == IMPORT_PLAIN ? "off" : "on");
	if (tls == IMPORT_PLAIN)
		plan_differs(&im->plan, "this goes out without TLS, as it did: take \"tls off\" out if the "
			"server has it");
	else
		import_set(im, "tls_starttls", tls == IMPORT_AT_ONCE ? "off" : "on");
}

void import_unverified(struct import *im)
{
	plan_differs(&im->plan, "%s took any certificate; mailchute verifies it: where it cannot, pin it "
		"with tls_fingerprint", im->format->name);
}

void import_forced_sender(struct import *im, const char *address)
{
	import_set(im, "from", address);
	if (plan_get(im->to, "from") != NULL)
		import_set(im, "allow_from_override", "off");
}

bool import_first_line(struct import *im, const char *path, struct buf *out)
{
	struct lines lines;
	struct buf text;
	bool ok;

	buf_init(&text, IMPORT_FILE_MAX);
	ok = im->files->read(im->files->arg, path, &text);
	lines_init(&lines, text.data, text.len);
	if (!ok)
		plan_left(&im->plan, "%s cannot be read", path);
	else if (lines_next(&lines))
		buf_add(out, lines.text, lines.len);
	buf_wipe(&text);
	return ok;
}

char *import_beside(const struct import *im, const char *name)
{
	const char *path = im->paths.v[0], *slash = strrchr(path, '/');

	return slash == NULL ? alloc_copy(name)
	                     : alloc_printf("%.*s/%s", (int)(slash - path), path, name);
}

const char *import_path(struct import *im, const char *path)
{
	strv_add(&im->paths, path);
	return im->paths.v[im->paths.len - 1];
}
