#include "deliver/maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/str.h"
#include "config/machine.h"
#include "mail/msgid.h"

enum { BLOCK = 32 * 1024 };

/* Its directories, open; -1 when closed. */
struct maildir {
	int top, tmp, new;
};

/* --- the directories --- */

static int open_at(int at, const char *name, int flags)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
}

/* One that we may write to and not read cannot be synced by us. */
static bool sync_parent(const char *path)
{
	char *parent = io_parent(path);
	int fd = open_at(AT_FDCWD, parent, 0);
	bool ok = fd >= 0 ? fsync(fd) == 0 : errno == EACCES;

	if (fd >= 0)
		close(fd);
	free(parent);
	return ok;
}

/* What is there is taken as it is. */
static bool make(int at, const char *name)
{
	return mkdirat(at, name, 0700) == 0 || errno == EEXIST;
}

static bool make_top(const char *path)
{
	if (mkdir(path, 0700) == 0)
		return sync_parent(path);
	return errno == EEXIST;
}

static bool make_all(struct maildir *d, const char *path)
{
	static const char *const names[] = { "tmp", "new", "cur" };

	if (!make_top(path) || (d->top = open_at(AT_FDCWD, path, 0)) < 0)
		return false;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (!make(d->top, names[i]))
			return false;
	return fsync(d->top) == 0;
}

/* A link in the place of one of them would lead who knows where, maybe with more rights than its maker has. */
static bool open_parts(struct maildir *d, const char *path)
{
	struct stat cur;

	if (d->top < 0)
		d->top = open_at(AT_FDCWD, path, 0);
	if (d->top < 0 || fstatat(d->top, "cur", &cur, 0) != 0)
		return false;
	if (d->tmp < 0)
		d->tmp = open_at(d->top, "tmp", O_NOFOLLOW);
	if (d->new < 0)
		d->new = open_at(d->top, "new", O_NOFOLLOW);
	return d->tmp >= 0 && d->new >= 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_all(struct maildir *d)
{
	close_fd(&d->top);
	close_fd(&d->tmp);
	close_fd(&d->new);
}

static bool open_all(struct maildir *d, const char *path)
{
	if (open_parts(d, path))
		return true;
	if (errno != ENOENT)
		return false;
	close_all(d);
	return make_all(d, path) && open_parts(d, path);
}

/* --- the message --- */

/* maildir(5): the time first, then what is unique on this host, then the host. */
static char *name_of(const char *id)
{
	char *host = machine_name(), *name;
	struct buf plain;

	buf_init(&plain, 1024);
	for (const char *p = host; *p != '\0'; p++) {
		bool special = *p == '/' || *p == ':';

		buf_printf(&plain, special ? "\\%03o" : "%c", (unsigned char)*p);
	}
	name = alloc_printf("%lld.%s.%s", (long long)msgid_seconds(id), id, plain.data);
	buf_release(&plain);
	free(host);
	return name;
}

static bool write_top(int fd, const struct envelope *e)
{
	struct buf text;
	bool ok;

	buf_init(&text, SIZE_MAX / 2);
	buf_printf(&text, "Return-Path: <%s>\n", e->sender);
	for (size_t i = 0; i < e->len; i++)
		if (e->v[i].state == RECIPIENT_WAITING)
			buf_printf(&text, "Delivered-To: %s\n", e->v[i].address);
	ok = io_write_all(fd, text.data, text.len);
	buf_release(&text);
	return ok;
}

/* The wire form has CRs before LF alone. */
static size_t drop_crs(char *p, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (p[i] != '\r')
			p[kept++] = p[i];
	return kept;
}

static bool write_message(int fd, const struct message *m)
{
	struct message_source source;
	char *block = alloc(BLOCK), last = '\n';
	bool ok = true;
	long n;

	message_start(&source, m);
	while (ok && (n = message_next(&source, block, BLOCK)) != 0) {
		size_t kept = n > 0 ? drop_crs(block, (size_t)n) : 0;

		ok = n > 0 && io_write_all(fd, block, kept);
		last = kept > 0 ? block[kept - 1] : last;
	}
	free(block);
	return ok && (last == '\n' || io_write_all(fd, "\n", 1));
}

/* One that is left of an attempt that a crash cut off is nobody's: a message has one owner at a time. */
static int create(struct maildir *d, const char *name)
{
	static const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	int fd = openat(d->tmp, name, flags, 0600);

	if (fd < 0 && errno == EEXIST && unlinkat(d->tmp, name, 0) == 0)
		fd = openat(d->tmp, name, flags, 0600);
	return fd;
}

/* Some file systems have no links. */
static bool move(struct maildir *d, const char *name)
{
	if (linkat(d->tmp, name, d->new, name, 0) == 0 || errno == EEXIST)
		return true;
	return (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS || errno == EMLINK)
	       && renameat(d->tmp, name, d->new, name) == 0;
}

static bool add(struct maildir *d, const char *name, const struct envelope *e, const struct message *m)
{
	int fd = create(d, name), error;
	bool ok;

	if (fd < 0)
		return false;
	ok = write_top(fd, e) && write_message(fd, m) && fsync(fd) == 0;
	error = errno;
	if (close(fd) != 0 && ok) {
		ok = false;
		error = errno;
	}
	errno = error;
	ok = ok && move(d, name) && fsync(d->new) == 0;
	error = errno;
	unlinkat(d->tmp, name, 0);
	errno = error;
	return ok;
}

/* Whether waiting alone will not help. */
static bool asks_for_person(int error)
{
	static const int errors[] = { EACCES, EPERM, EROFS, ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, EINVAL };

	for (size_t i = 0; i < COUNT_OF(errors); i++)
		if (errors[i] == error)
			return true;
	return false;
}

bool maildir_deliver(const char *path, const char *id, const struct envelope *e,
                     const struct message *m, struct buf *name, struct status *st)
{
	struct maildir d = { .top = -1, .tmp = -1, .new = -1 };
	char *file = name_of(id);
	bool ok = open_all(&d, path) && add(&d, file, e, m);
	int error = errno;

	close_all(&d);
	buf_reset(name);
	buf_printf(name, "%s/new/%s", path, file);
	free(file);
	if (ok)
		return true;
	return status_defer(st, WAIT_ACCOUNT, asks_for_person(error) ? EX_CANTCREAT : EX_TEMPFAIL,
	                    "maildir %s: %s", path, strerror(error));
}
