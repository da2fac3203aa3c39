#include "config/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/str.h"
#include "config/command.h"
#include "config/conf.h"
#include "config/machine.h"

enum { FILE_MAX_OCTETS = 16 << 20, LINE_MAX_OCTETS = 16 << 20 };

/* Sections */

static void section_init(struct section *s, const char *name, const struct origin *at)
{
	*s = (struct section){ .at = *at };
	account_init(&s->account, name);
}

static void section_release(struct section *s)
{
	account_release(&s->account);
	for (size_t i = 0; i < s->len; i++)
		alloc_wipe(s->v[i].value);
	free(s->v);
	*s = (struct section){ 0 };
}

static void section_keep(struct section *s, const struct setting *row, const char *value,
	const struct origin *at)
{
	if (s->len == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 16;
		s->v = alloc_array(s->v, s->cap, sizeof(*s->v));
	}
	s->v[s->len++] = (struct given){ .row = row, .value = alloc_copy(value), .at = *at };
}

/* A line that is known to be good: it was taken once. */
static void section_repeat(struct section *s, const struct given *g)
{
	struct status st;

	if (setting_set(g->row, &s->account, g->value, &g->at, &st))
		section_keep(s, g->row, g->value, &g->at);
}

const struct given *section_given(const struct section *s, const char *key)
{
	for (size_t i = s->len; i-- > 0;)
		if (strcmp(s->v[i].row->name, key) == 0)
			return &s->v[i];
	return NULL;
}

/* The draft */

void draft_init(struct draft *d, struct config *c)
{
	static const struct origin nowhere = { .file = "" };

	*d = (struct draft){ .config = c };
	section_init(&d->global, "", &nowhere);
	section_init(&d->defaults, "", &nowhere);
}

void draft_release(struct draft *d)
{
	section_release(&d->global);
	section_release(&d->defaults);
	for (size_t i = 0; i < d->len; i++)
		section_release(&d->v[i]);
	free(d->v);
	*d = (struct draft){ 0 };
}

static struct section *find_section(struct draft *d, const char *name)
{
	for (size_t i = 0; i < d->len; i++)
		if (strcmp(d->v[i].account.name, name) == 0)
			return &d->v[i];
	return NULL;
}

static struct section *add_section(struct draft *d, const char *name, const struct origin *at)
{
	struct section *s;

	if (d->len == d->cap) {
		d->cap = d->cap ? d->cap * 2 : 4;
		d->v = alloc_array(d->v, d->cap, sizeof(*d->v));
	}
	s = &d->v[d->len++];
	section_init(s, name, at);
	for (size_t i = 0; i < d->defaults.len; i++)
		section_repeat(s, &d->defaults.v[i]);
	s->own = s->len;
	return s;
}

void draft_begin(struct draft *d, const char *name, const struct origin *at)
{
	add_section(d, name, at);
	d->place = PLACE_ACCOUNT;
}

/* Lines: a setting */

static bool refuse_key(const char *key, const struct origin *at, struct status *st)
{
	const char *near = setting_nearest(key);
	struct buf shown;

	buf_init(&shown, 80);
	str_escape(&shown, key, strlen(key));
	status_fail(st, EX_CONFIG, near != NULL ? "unknown key; did you mean %s?" : "unknown key", near);
	setting_during(st, at, shown.data);
	buf_release(&shown);
	return false;
}

static bool refuse_place(const char *key, const struct origin *at, struct status *st)
{
	status_fail(st, EX_CONFIG, at->line == 0 ? "holds for all accounts: set it in a variable of its own"
		: "holds for all accounts: it must stand before the first \"account\" and before \"defaults\"");
	return setting_during(st, at, key);
}

/* The row that a key means here, and the section it belongs to. */
static const struct setting *find_row(struct draft *d, const char *key, const struct origin *at,
	struct section **section)
{
	const struct setting *row = NULL;

	*section = &d->global;
	if (d->place == PLACE_GLOBAL)
		row = setting_find(key, SCOPE_GLOBAL);
	if (row != NULL || (row = setting_find(key, SCOPE_ACCOUNT)) == NULL)
		return row;
	if (d->place == PLACE_DEFAULTS)
		*section = &d->defaults;
	else if (d->place == PLACE_GLOBAL && d->len == 0)
		*section = add_section(d, "default", at);
	else
		*section = &d->v[d->len - 1];
	return row;
}

static void note_ignored(struct draft *d, const struct setting *row, const struct origin *at)
{
	struct strv *notes = &d->config->notes;

	if (at->line > 0)
		strv_take(notes, alloc_printf("%s:%u: %s: has no effect: %s", at->file, at->line, row->name, row->advice));
	else
		strv_take(notes, alloc_printf("%s: %s: has no effect: %s", at->file, row->name, row->advice));
}

static bool commands_allowed(const struct draft *d)
{
	return d->depth == 0 || d->open[d->depth - 1].commands;
}

static bool refuse_command(const char *key, const struct origin *at, struct status *st)
{
	status_fail(st, EX_CONFIG, "commands are refused in a file named by -C, unless it belongs to root "
		"and only root may write to it");
	return setting_during(st, at, key);
}

static bool set_row(struct draft *d, const struct setting *row, struct section *section,
	const char *value, const struct origin *at, struct status *st)
{
	void *base = row->scope == SCOPE_GLOBAL ? (void *)&d->config->settings : &section->account;

	if (!setting_set(row, base, value, at, st))
		return false;
	section_keep(section, row, value, at);
	if (row->flags & SETTING_IGNORED)
		note_ignored(d, row, at);
	if (strcmp(row->name, "password") == 0 && *value != '\0' && !strv_has(&d->config->secret_files, at->file))
		strv_add(&d->config->secret_files, at->file);
	return true;
}

static bool line_setting(struct draft *d, const char *key, const char *value,
	const struct origin *at, struct status *st)
{
	struct section *section;
	const struct setting *row = find_row(d, key, at, &section);

	if (row == NULL)
		return setting_find(key, SCOPE_GLOBAL) != NULL ? refuse_place(key, at, st)
		                                               : refuse_key(key, at, st);
	if ((row->flags & SETTING_COMMAND) && *value != '\0' && !commands_allowed(d))
		return refuse_command(key, at, st);
	return set_row(d, row, section, value, at, st);
}

/* Lines: account NAME [: PARENT...] */

static bool inherit(struct draft *d, const char *parent, struct status *st)
{
	struct section *to = &d->v[d->len - 1], *from = find_section(d, parent);

	if (from == NULL || from == to)
		return status_fail(st, EX_CONFIG, "there is no account \"%.80s\" above this line", parent);
	from->parent = true;
	for (size_t i = from->own; i < from->len; i++)
		section_repeat(to, &from->v[i]);
	return true;
}

static bool begin_account(struct draft *d, const char *name, const char *parents,
	const struct origin *at, struct status *st)
{
	const struct section *old = find_section(d, name);
	struct strv list;
	bool ok = true;

	if (*name == '\0')
		return status_fail(st, EX_CONFIG, "needs a name");
	if (strpbrk(name, ", \t") != NULL)
		return status_fail(st, EX_CONFIG, "\"%.80s\" is no name: blanks and commas part the parents "
			"behind a colon", name);
	if (old != NULL)
		return status_fail(st, EX_CONFIG, "\"%.80s\" was made already, at %s:%u%s", name,
			old->at.file, old->at.line, d->place != PLACE_GLOBAL ? "" :
			", by the first key there: put \"defaults\" above keys that are for all accounts");
	draft_begin(d, name, at);
	strv_init(&list);
	strv_split(&list, parents, ", \t");
	for (size_t i = 0; ok && i < list.len; i++)
		ok = inherit(d, list.v[i], st);
	strv_release(&list);
	return ok;
}

static bool line_account(struct draft *d, const char *key, const char *value,
	const struct origin *at, struct status *st)
{
	size_t n = strcspn(value, ":");
	const char *parents = value[n] == ':' ? value + n + 1 : "";
	char *name;
	bool ok;

	while (n > 0 && str_is_blank(value[n - 1]))
		n--;
	name = alloc_copyn(value, n);
	ok = begin_account(d, name, parents, at, st);
	free(name);
	return ok || setting_during(st, at, key);
}

static bool line_defaults(struct draft *d, const char *key, const char *value,
	const struct origin *at, struct status *st)
{
	if (*value != '\0') {
		status_fail(st, EX_CONFIG, "takes no value");
		return setting_during(st, at, key);
	}
	d->place = PLACE_DEFAULTS;
	return true;
}

/* Lines: include PATTERN */

static char *include_pattern(const char *value, const char *file)
{
	char *home = *value == '~' ? machine_home() : NULL, *pattern;
	const char *slash = strrchr(file, '/');

	if (home != NULL)
		pattern = alloc_printf("%s%s", home, value + 1);
	else if (*value == '/' || slash == NULL)
		pattern = alloc_copy(value);
	else
		pattern = alloc_printf("%.*s/%s", (int)(slash - file), file, value);
	free(home);
	return pattern;
}

static bool include_all(struct draft *d, const char *pattern, const struct origin *by,
	struct status *st)
{
	glob_t found;
	bool ok = true;
	int error = glob(pattern, GLOB_NOMAGIC, NULL, &found);

	if (error == GLOB_NOMATCH)
		return true;
	if (error != 0) {
		status_fail(st, EX_CONFIG, "%s: cannot be read", pattern);
		return setting_during(st, by, "include");
	}
	for (size_t i = 0; ok && i < found.gl_pathc; i++)
		ok = draft_file(d, found.gl_pathv[i], by, NULL, st);
	globfree(&found);
	return ok;
}

static bool line_include(struct draft *d, const char *key, const char *value,
	const struct origin *at, struct status *st)
{
	char *pattern;
	bool ok;

	if (*value == '\0') {
		status_fail(st, EX_CONFIG, "needs a file name or pattern");
		return setting_during(st, at, key);
	}
	pattern = include_pattern(value, at->file);
	ok = include_all(d, pattern, at, st);
	free(pattern);
	return ok;
}

/* Lines: eval COMMAND */

static bool take_output(struct draft *d, const struct buf *out, const struct origin *at,
	struct status *st)
{
	struct conf_line line;
	const char *error;
	struct conf conf;
	bool ok;

	conf_init(&conf, out->data, out->len);
	if (!conf_next(&conf, &line, &error))
		return error == NULL || status_fail(st, EX_CONFIG, "%s:%u: eval: gives %s", at->file, at->line,
			error);
	if (strcmp(line.key, "eval") == 0)
		ok = status_fail(st, EX_CONFIG, "%s:%u: eval: gives another eval", at->file, at->line);
	else
		ok = draft_line(d, line.key, line.value, at, st);
	conf_line_release(&line);
	return ok;
}

static bool line_eval(struct draft *d, const char *key, const char *value, const struct origin *at,
	struct status *st)
{
	struct buf out;
	bool ok;

	if (!commands_allowed(d))
		return refuse_command(key, at, st);
	buf_init(&out, LINE_MAX_OCTETS);
	ok = command_run(value, &out, st) ? take_output(d, &out, at, st) : setting_during(st, at, key);
	buf_wipe(&out);
	return ok;
}

/* Any line */

static const struct {
	const char *key;
	bool (*take)(struct draft *d, const char *key, const char *value, const struct origin *at,
		struct status *st);
} words[] = {
	{ "account", line_account },
	{ "defaults", line_defaults },
	{ "include", line_include },
	{ "eval", line_eval },
};

static const char *environment(const char *name)
{
	return secure_getenv(name);
}

static bool take_line(struct draft *d, const char *key, const char *value, const struct origin *at,
	struct status *st)
{
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcmp(words[i].key, key) == 0)
			return words[i].take(d, key, value, at, st);
	return line_setting(d, key, value, at, st);
}

/* The shell reads it, or it comes from the environment itself. */
static bool is_verbatim(const char *key, const struct origin *at)
{
	const struct setting *row = setting_find(key, SCOPE_ACCOUNT);

	return at->line == 0 || strcmp(key, "eval") == 0
		|| (row != NULL && (row->flags & SETTING_COMMAND));
}

bool draft_line(struct draft *d, const char *key, const char *value, const struct origin *at,
	struct status *st)
{
	struct buf expanded;
	bool ok;

	if (is_verbatim(key, at))
		return take_line(d, key, value, at, st);
	buf_init(&expanded, LINE_MAX_OCTETS);
	ok = conf_expand(value, environment, &expanded, st);
	ok = ok ? take_line(d, key, expanded.data, at, st) : setting_during(st, at, key);
	buf_wipe(&expanded);
	return ok;
}

/* Files */

static bool read_lines(struct draft *d, const char *file, const struct buf *text, struct status *st)
{
	struct conf_line line;
	const char *error;
	struct conf conf;
	bool ok = true;

	conf_init(&conf, text->data, text->len);
	while (ok && conf_next(&conf, &line, &error)) {
		struct origin at = { .file = file, .line = conf.line };

		ok = draft_line(d, line.key, line.value, &at, st);
		conf_line_release(&line);
	}
	return ok && (error == NULL || status_fail(st, EX_CONFIG, "%s:%u: %s", file, conf.line, error));
}

static bool read_open(struct draft *d, int fd, const char *file, struct status *st)
{
	struct buf text;
	bool ok;

	buf_init(&text, FILE_MAX_OCTETS);
	ok = io_read_all(fd, &text) ? read_lines(d, file, &text, st)
	                            : status_fail(st, EX_CONFIG, "%s: %s", file, strerror(errno));
	buf_wipe(&text);
	return ok;
}

/* Put the file on the stack of those that are being read. */
static bool enter(struct draft *d, int fd, const char *path, struct status *st)
{
	struct stat is;

	if (d->depth == INCLUDE_DEPTH)
		return status_fail(st, EX_CONFIG, "%s: files include files more than %d deep", path,
			INCLUDE_DEPTH);
	if (fstat(fd, &is) < 0)
		return status_fail(st, EX_CONFIG, "%s: %s", path, strerror(errno));
	for (size_t i = 0; i < d->depth; i++)
		if (d->open[i].dev == is.st_dev && d->open[i].ino == is.st_ino)
			return status_fail(st, EX_CONFIG, "%s: includes itself", path);
	d->open[d->depth].dev = is.st_dev;
	d->open[d->depth].ino = is.st_ino;
	d->open[d->depth++].commands = !d->argument || (is.st_uid == 0 && (is.st_mode & 022) == 0);
	return true;
}

/* What nobody can see is not there; what is there and may not be read may be for another process. */
static bool refuse_file(const struct draft *d, const char *path, int error, bool *absent,
	struct status *st)
{
	struct stat is;

	if (absent != NULL && stat(path, &is) < 0) {
		*absent = true;
		return true;
	}
	return status_fail(st, error == EACCES && !d->argument ? EX_TEMPFAIL : EX_CONFIG, "%s: %s", path,
		strerror(error));
}

static bool read_entered(struct draft *d, int fd, const char *path, struct status *st)
{
	struct strv *files = &d->config->files;
	bool ok;

	strv_add(files, path);
	ok = read_open(d, fd, files->v[files->len - 1], st);
	d->depth--;
	return ok;
}

bool draft_file(struct draft *d, const char *path, const struct origin *by, bool *absent,
	struct status *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	bool ok;

	if (absent != NULL)
		*absent = false;
	ok = fd >= 0 ? enter(d, fd, path, st) : refuse_file(d, path, errno, absent, st);
	if (!ok && by != NULL)
		setting_during(st, by, "include");
	if (ok && fd >= 0)
		ok = read_entered(d, fd, path, st);
	if (fd >= 0)
		close(fd);
	return ok;
}
