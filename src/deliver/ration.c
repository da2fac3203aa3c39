#include "deliver/ration.h"

#include "base/alloc.h"
#include "base/io.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char directory[] = "senders";

enum { FILE_NAME_MOST = 200, FIRST_LINE_MOST = 64 * 1024 };

static bool failed(struct status *st, const struct ration *r)
{
	return status_fail(st, EX_TEMPFAIL, "%s/%s: %s", r->q->spool, directory, strerror(errno));
}

/* FNV-1a, for what does not fit into a file's name. */
static uint64_t hash(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	return h;
}

/* Letters and digits as they are, the rest %XX; a long one is cut and told apart by its hash. */
static char *file_of(const char *sender)
{
	struct buf name;

	buf_init(&name, 4 * FILE_NAME_MOST);
	for (const char *s = sender; *s != '\0' && name.len < FILE_NAME_MOST; s++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-@", *s))
			buf_putc(&name, *s);
		else
			buf_printf(&name, "%%%02X", (unsigned char)*s);
	if (name.len >= FILE_NAME_MOST)
		buf_printf(&name, "%%%016" PRIx64, hash(sender));
	return buf_detach(&name);
}

/* --- reading --- */

/* False if it is none of our files. */
static bool parse(struct ration *r, const char *text, size_t n)
{
	const char *lf = memchr(text, '\n', n), *last = memrchr(text, '\n', n);
	long long since;
	int at = 0;

	if (lf == NULL || sscanf(text, "since %10lld sent %2u more %6u %n", &since, &r->sent, &r->more, &at) != 3
	    || at == 0 || text + at >= lf)
		return false;
	r->since = (time_t)since;
	free(r->sender);
	r->sender = alloc_copyn(text + at, (size_t)(lf - text) - (size_t)at);
	buf_add(&r->list, lf + 1, (size_t)(last - lf));
	return true;
}

static off_t list_at(const struct ration *r)
{
	return (off_t)(strlen("since 0123456789 sent 01 more 012345 \n") + strlen(r->sender));
}

static bool write_first_line(const struct ration *r, int fd)
{
	char *line = alloc_printf("since %010lld sent %02u more %06u %s\n", (long long)r->since, r->sent,
		r->more, r->sender);
	size_t n = strlen(line);
	bool ok = pwrite(fd, line, n, 0) == (ssize_t)n;

	free(line);
	return ok;
}

/* A file without a line is new, or was cut off when it was. */
static bool start(struct ration *r, bool has_line, struct status *st)
{
	r->since = 0;
	r->sent = r->more = 0;
	buf_reset(&r->list);
	if (r->sender != NULL)
		return (ftruncate(r->fd, 0) == 0 && write_first_line(r, r->fd)) || failed(st, r);
	if (has_line)
		return status_fail(st, EX_SOFTWARE, "%s/%s/%s is none of our files", r->q->spool, directory,
		                   r->file);
	r->sender = alloc_copy("");
	return true;
}

/* What is in the file.  What a crash has torn has no line end, and the next line is written over it. */
static bool load(struct ration *r, struct status *st)
{
	struct buf text;
	bool known, has_line;

	buf_init(&text, RATION_LIST_MOST + FIRST_LINE_MOST);
	known = io_read_all(r->fd, &text) && parse(r, text.data, text.len);
	has_line = strchr(text.data, '\n') != NULL;
	buf_release(&text);
	return known || start(r, has_line, st);
}

static bool open_directory(struct ration *r)
{
	if (mkdirat(r->q->spool_fd, directory, 0700) == 0)
		fsync(r->q->spool_fd);
	r->lock = openat(r->q->spool_fd, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return r->lock >= 0 && flock(r->lock, LOCK_EX) == 0;
}

static bool open_file(struct ration *r, struct queue *q, char *file, const char *sender, struct status *st)
{
	*r = (struct ration){ .q = q, .lock = -1, .fd = -1, .file = file, .sender = alloc_copy(sender) };
	buf_init(&r->list, RATION_LIST_MOST + FIRST_LINE_MOST);
	if (!open_directory(r))
		return failed(st, r);
	r->fd = openat(r->lock, file, O_RDWR | (sender != NULL ? O_CREAT : 0) | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (r->fd < 0)
		return failed(st, r);
	if (!load(r, st))
		return false;
	return sender == NULL || strcmp(sender, r->sender) == 0
	       || status_fail(st, EX_SOFTWARE, "%s/%s/%s is another sender's", q->spool, directory, file);
}

bool ration_open(struct ration *r, struct queue *q, const char *sender, struct status *st)
{
	return open_file(r, q, file_of(sender), sender, st);
}

bool ration_open_file(struct ration *r, struct queue *q, const char *file, struct status *st)
{
	return open_file(r, q, alloc_copy(file), NULL, st);
}

void ration_close(struct ration *r)
{
	if (r->fd >= 0)
		close(r->fd);
	if (r->lock >= 0)
		close(r->lock);
	r->fd = r->lock = -1;
	free(r->file);
	free(r->sender);
	r->file = r->sender = NULL;
	buf_release(&r->list);
}

void ration_files(struct queue *q, struct strv *names)
{
	int fd = openat(q->spool_fd, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *d;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.')
			strv_add(names, d->d_name);
	closedir(dir);
}

/* --- asking and changing --- */

/* Where the line of an id stands in the list; NULL if it does not. */
static char *find_line(const struct ration *r, const char *id)
{
	size_t n = strlen(id);

	for (char *s = r->list.data, *lf; (lf = strchr(s, '\n')) != NULL; s = lf + 1)
		if (strncmp(s, id, n) == 0 && s[n] == '\t')
			return s;
	return NULL;
}

bool ration_has(const struct ration *r, const char *id)
{
	return find_line(r, id) != NULL;
}

bool ration_is_over(const struct ration *r, time_t now)
{
	return now - r->since >= RATION_HOUR || now < r->since;
}

bool ration_take(struct ration *r, time_t now)
{
	if (ration_is_over(r, now)) {
		r->since = now;
		r->sent = 0;
	}
	if (r->sent >= RATION_MOST)
		return false;
	r->sent++;
	/* Losing count costs a notification too many: no sync, no failure. */
	(void)write_first_line(r, r->fd);
	return true;
}

static bool count_more(struct ration *r, struct status *st)
{
	r->more += r->more < 999999;
	return (write_first_line(r, r->fd) && fdatasync(r->fd) == 0) || failed(st, r);
}

/* Whole or not at all: written aside and renamed. */
static bool replace(struct ration *r)
{
	static const char aside[] = ".new"; /* no sender's: the lock is ours */
	int fd = openat(r->lock, aside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool ok = fd >= 0 && write_first_line(r, fd)
	          && pwrite(fd, r->list.data, r->list.len, list_at(r)) == (ssize_t)r->list.len
	          && fdatasync(fd) == 0 && renameat(r->lock, aside, r->lock, r->file) == 0
	          && fsync(r->lock) == 0;

	if (!ok && fd >= 0)
		close(fd);
	if (!ok)
		return false;
	close(r->fd);
	r->fd = fd;
	return true;
}

static bool append(struct ration *r, size_t from)
{
	size_t n = r->list.len - from;
	off_t end = list_at(r) + (off_t)from;

	if (pwrite(r->fd, r->list.data + from, n, end) == (ssize_t)n && fdatasync(r->fd) == 0
	    && fsync(r->lock) == 0)
		return true;
	(void)!ftruncate(r->fd, end);
	return false;
}

static void put_line(struct buf *list, const char *id, uid_t uid, const char *account, const char *text)
{
	buf_printf(list, "%s\t%lu\t%s\t", id, (unsigned long)uid, account);
	for (; *text != '\0'; text++)
		buf_putc(list, str_has_control(text, 1) ? ' ' : *text);
	buf_putc(list, '\n');
}

static bool cut_line(struct buf *list, char *line)
{
	char *next;

	if (line == NULL)
		return false;
	next = strchr(line, '\n') + 1;
	memmove(line, next, (size_t)(list->data + list->len - next));
	buf_truncate(list, list->len - (size_t)(next - line));
	return true;
}

bool ration_add(struct ration *r, const char *id, uid_t uid, const char *account, const char *text,
                struct status *st)
{
	bool again = cut_line(&r->list, find_line(r, id));
	size_t before = r->list.len;

	put_line(&r->list, id, uid, account, text);
	if (!buf_ok(&r->list) || r->list.len > RATION_LIST_MOST) {
		buf_truncate(&r->list, before);
		r->list.overflow = false;
		return count_more(r, st);
	}
	if (again ? replace(r) : append(r, before))
		return true;
	failed(st, r);
	buf_truncate(&r->list, before);
	return false;
}

bool ration_drop(struct ration *r, size_t n, time_t now, struct status *st)
{
	buf_consume(&r->list, n);
	r->since = now;
	r->sent = 1; /* the summary */
	r->more = 0;
	return replace(r) || failed(st, r);
}

void ration_remove(struct ration *r)
{
	unlinkat(r->lock, r->file, 0);
}
