#include "route/alias_file.h"

#include "base/alloc.h"
#include "base/io.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SETTLED_AFTER = 2 };     /* seconds */

void alias_file_init(struct alias_file *f, const char *path, bool is_list)
{
	*f = (struct alias_file){ .path = alloc_copy(path), .is_list = is_list };
	buf_init(&f->text, SIZE_MAX / 2);
}

/* As it was before it was read. */
static void forget(struct alias_file *f)
{
	buf_reset(&f->text);
	free(f->v);
	f->v = NULL;
	f->len = f->cap = 0;
	free(f->slots);
	f->slots = NULL;
	f->slots_len = 0;
	strv_release(&f->complaints);
	f->is = (struct stat){ 0 };
	f->mark = (struct alias_mark){ 0 };
}

void alias_file_release(struct alias_file *f)
{
	forget(f);
	buf_release(&f->text);
	free(f->path);
	f->path = NULL;
}

static void complain(struct alias_file *f, unsigned line, const char *what)
{
	strv_take(&f->complaints, alloc_printf("%s:%u: %s", f->path, line, what));
}

/* --- looking up --- */

/* FNV-1a */
static uint32_t hash(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)str_lower(*name)) * 16777619u;
	return h;
}

/* The slot that holds the name, or the free one where it belongs. */
static uint32_t *find_slot(const struct alias_file *f, const char *name)
{
	size_t mask = f->slots_len - 1, i = hash(name) & mask;

	while (f->slots[i] != 0 && !str_iequal(alias_entry_name(f, &f->v[f->slots[i] - 1]), name))
		i = (i + 1) & mask;
	return &f->slots[i];
}

struct alias_entry *alias_file_find(const struct alias_file *f, const char *name)
{
	uint32_t at = f->slots_len > 0 ? *find_slot(f, name) : 0;

	return at > 0 ? &f->v[at - 1] : NULL;
}

/* At most half of the slots are taken. */
static void make_index(struct alias_file *f)
{
	for (f->slots_len = 2; f->slots_len < 2 * f->len;)
		f->slots_len *= 2;
	f->slots = alloc(f->slots_len * sizeof(*f->slots));
	for (size_t i = 0; i < f->len; i++) {
		uint32_t *slot = find_slot(f, alias_entry_name(f, &f->v[i]));

		if (*slot == 0)
			*slot = (uint32_t)i + 1;
		else
			complain(f, f->v[i].line, "there is an alias of that name above, which counts");
	}
}

/* --- reading --- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static size_t add_text(struct alias_file *f, const char *s, size_t n)
{
	size_t at = f->text.len;

	buf_add(&f->text, s, n);
	buf_putc(&f->text, '\0');
	return at;
}

static void add_entry(struct alias_file *f, const char *name, size_t n, const char *value,
                      unsigned line)
{
	if (f->len == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 64;
		f->v = alloc_array(f->v, f->cap, sizeof(*f->v));
	}
	f->v[f->len] = (struct alias_entry){ .line = line };
	f->v[f->len].name = add_text(f, name, n);
	f->v[f->len].value = add_text(f, value, strlen(value));
	f->len++;
}

/* Unquote a name into `out`; where it ends, or NULL. */
static const char *read_quoted_name(const char *p, struct buf *out)
{
	for (p++; *p != '\0' && *p != '"'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		buf_putc(out, *p);
	}
	return *p == '"' ? p + 1 : NULL;
}

/* The name up to its colon, which is where the result points; NULL and words if there is none. */
static const char *read_name(const char *p, struct buf *out, const char **why)
{
	const char *end;

	*why = "an alias is NAME: ADDRESS, ...";
	if (*p == '"') {
		if ((p = read_quoted_name(p, out)) == NULL)
			return *why = "a quote is missing its other half", NULL;
	} else {
		end = p + strcspn(p, ": \t\"");
		buf_add(out, p, (size_t)(end - p));
		if (strchr(out->data, '@') != NULL)
			return *why = "an alias is for a name of this machine, without an @", NULL;
		p = end;
	}
	p += strspn(p, " \t");
	return *p == ':' && out->len > 0 ? p : NULL;
}

static bool quotes_are_whole(const char *p)
{
	bool quoted = false;

	for (; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			quoted = !quoted;
	}
	return !quoted;
}

/* A control character, in a mailbox or a path, is up to no good. */
static bool has_bad_control(const struct buf *line)
{
	for (size_t i = 0; i < line->len; i++)
		if (str_has_control(line->data + i, 1) && line->data[i] != '\t')
			return true;
	return false;
}

/* A whole entry, its lines joined. */
static void take_entry(struct alias_file *f, const struct buf *text, unsigned line)
{
	const char *p = text->data, *why = "";
	struct buf name;

	buf_init(&name, SIZE_MAX / 2);
	if (has_bad_control(text))
		complain(f, line, "a control character");
	else if (!f->is_list && (p = read_name(p, &name, &why)) == NULL)
		complain(f, line, why);
	else if (!quotes_are_whole(p))
		complain(f, line, "a quote is missing its other half");
	else if (f->is_list)
		add_entry(f, "", 0, text->data, line);
	else
		add_entry(f, name.data, name.len, p + 1 + strspn(p + 1, " \t"), line);
	buf_release(&name);
}

/* Lines on their way to an entry. */
struct lines {
	struct alias_file *f;
	struct buf text;        /* of those so far */
	unsigned first, now;    /* where it starts, and the one at hand */
	bool joined;            /* the last one ended in a backslash */
};

static void finish(struct lines *l)
{
	if (l->text.len > 0)
		take_entry(l->f, &l->text, l->first);
	buf_reset(&l->text);
}

static void add_line(struct lines *l, const char *p, size_t n)
{
	bool joined = l->joined;
	size_t indent = 0;

	while (n > 0 && (is_blank(p[n - 1]) || p[n - 1] == '\r'))
		n--;
	while (indent < n && is_blank(p[indent]))
		indent++;
	l->joined = n > 0 && p[n - 1] == '\\';
	if (indent == n || (p[indent] == '#' && !joined)) {
		l->joined = false;
		return;
	}
	if (!joined && (indent == 0 || l->f->is_list)) {
		finish(l);
		l->first = l->now;
	} else if (l->text.len == 0) {
		complain(l->f, l->now, "it starts with a blank, but there is no line that it continues");
		return;
	}
	if (l->text.len > 0)
		buf_putc(&l->text, ' ');
	buf_add(&l->text, p + indent, n - indent - l->joined);
}

void alias_file_parse(struct alias_file *f, const char *text, size_t n)
{
	struct lines l = { .f = f };
	const char *end = text + n, *lf;

	forget(f);
	buf_init(&l.text, SIZE_MAX / 2);
	for (const char *p = text; p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			lf = end;
		l.now++;
		add_line(&l, p, (size_t)(lf - p));
	}
	finish(&l);
	buf_release(&l.text);
	if (!f->is_list)
		make_index(f);
}

/* --- the file --- */

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size
	       && a->st_uid == b->st_uid && a->st_mode == b->st_mode
	       && a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* What changed this very second may change again, and its time would not show it. */
static bool is_settled(const struct stat *is)
{
	return time(NULL) - is->st_mtim.tv_sec >= SETTLED_AFTER;
}

static bool is_safe(const struct alias_file *f, const struct stat *is, uid_t owner, struct status *st)
{
	if (!f->is_list)
		return true;
	if (!S_ISREG(is->st_mode))
		return status_fail(st, EX_CONFIG, "%s: it is not a regular file", f->path);
	if (is->st_uid != 0 && is->st_uid != owner)
		return status_fail(st, EX_CONFIG, "%s: it belongs neither to root nor to the owner of the "
		                   "file that includes it", f->path);
	if (is->st_mode & S_IWOTH)
		return status_fail(st, EX_CONFIG, "%s: everybody can change it", f->path);
	return true;
}

static bool fail(const struct alias_file *f, struct status *st)
{
	return status_fail(st, errno == ENOENT ? EX_CONFIG : EX_TEMPFAIL, "%s: %s", f->path,
	                   strerror(errno));
}

/* Non-blocking, because it may turn out to be a FIFO. */
static bool read_file(struct alias_file *f, uid_t owner, struct status *st)
{
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct buf text;
	struct stat is;
	bool ok;

	buf_init(&text, f->is_list ? ALIAS_INCLUDE_MAX : ALIAS_FILE_MAX);
	ok = (fd >= 0 && fstat(fd, &is) == 0) || fail(f, st);
	ok = ok && is_safe(f, &is, owner, st) && (io_read_all(fd, &text) || fail(f, st));
	if (ok) {
		alias_file_parse(f, text.data, text.len);
		f->is = is;
	}
	if (fd >= 0)
		close(fd);
	buf_release(&text);
	return ok;
}

bool alias_file_refresh(struct alias_file *f, uid_t owner, struct status *st)
{
	struct stat is;

	if (f->is.st_ino != 0 && stat(f->path, &is) == 0 && is_same(&is, &f->is) && is_settled(&is)
	    && is_safe(f, &is, owner, st))
		return true;
	return read_file(f, owner, st);
}
