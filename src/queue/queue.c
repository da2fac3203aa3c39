#include "queue/queue.h"

#include "base/alloc.h"
#include "base/io.h"
#include "base/str.h"
#include "queue/qfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TIDY_AFTER = 3600, BLOCK = 64 * 1024, CENSUS_GOOD = 50 };

static bool failed(struct status *st, const char *what, const char *name)
{
	return status_fail(st, EX_TEMPFAIL, "%s%s%s: %s", what, *name ? " " : "", name, strerror(errno));
}

/* --- the spool --- */

/* Every directory of a path, like mkdir -p, 0700 where it makes one. */
static bool make_path(const char *path)
{
	char *copy = alloc_copy(path);
	bool ok = true;

	for (char *slash = strchr(copy + 1, '/'); ok && slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		ok = mkdir(copy, 0755) == 0 || errno == EEXIST;
		*slash = '/';
	}
	ok = ok && (mkdir(copy, 0700) == 0 || errno == EEXIST);
	free(copy);
	return ok;
}

/* Ours alone; and root works on as whoever owns it. */
static bool is_ours(int fd, const char *spool, struct status *st)
{
	struct stat sb;

	if (fstat(fd, &sb) != 0)
		return status_fail(st, EX_CANTCREAT, "spool %s: %s", spool, strerror(errno));
	if (sb.st_mode & (S_IWGRP | S_IWOTH))
		return status_fail(st, EX_CANTCREAT, "spool %s: others may write there (chmod go-w)", spool);
	if (geteuid() == 0 && sb.st_uid != 0 && (setegid(sb.st_gid) != 0 || seteuid(sb.st_uid) != 0))
		return status_fail(st, EX_CANTCREAT, "spool %s: cannot become its owner: %s", spool,
		                   strerror(errno));
	return sb.st_uid == geteuid()
	       || status_fail(st, EX_CANTCREAT, "spool %s belongs to another user (uid %lu)", spool,
	                      (unsigned long)sb.st_uid);
}

static bool make_directories(int spool_fd)
{
	static const char *const names[] = { "tmp", "queue", "corrupt", "failed", "accounts" };

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (mkdirat(spool_fd, names[i], 0700) != 0 && errno != EEXIST)
			return false;
	return fsync(spool_fd) == 0;
}

static int open_directory(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool queue_open(struct queue *q, const char *spool, bool create, struct status *st)
{
	*q = (struct queue){ .spool = alloc_copy(spool), .spool_fd = -1, .queue_fd = -1, .tmp_fd = -1 };
	if (create && !make_path(spool))
		goto fail;
	if ((q->spool_fd = open_directory(AT_FDCWD, spool)) < 0)
		goto fail;
	if (!is_ours(q->spool_fd, spool, st))
		return false;
	if (create && !make_directories(q->spool_fd))
		goto fail;
	if ((q->queue_fd = open_directory(q->spool_fd, "queue")) >= 0
	    && (q->tmp_fd = open_directory(q->spool_fd, "tmp")) >= 0)
		return true;
fail:
	return status_fail(st, EX_CANTCREAT, "spool %s: %s", spool, strerror(errno));
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void queue_close(struct queue *q)
{
	close_fd(&q->tmp_fd);
	close_fd(&q->queue_fd);
	close_fd(&q->spool_fd);
	free(q->spool);
	q->spool = NULL;
}

/* --- an entry --- */

void queue_entry_init(struct queue_entry *e)
{
	*e = (struct queue_entry){ .fd = -1 };
	envelope_init(&e->envelope);
	message_init(&e->message);
}

void queue_release(struct queue_entry *e)
{
	close_fd(&e->fd);
	free(e->info.account);
	free(e->info.tag);
	free(e->info.about);
	free(e->state_at);
	envelope_release(&e->envelope);
	message_release(&e->message);
	*e = (struct queue_entry){ .fd = -1, .message = { .fd = -1 } }; /* releasing it twice is no harm */
}

/* --- reading --- */

/* The octets before the message: up to the first empty line. */
static bool read_head(int fd, struct buf *head)
{
	char *block = alloc(BLOCK), *end = NULL;
	ssize_t n;

	while (end == NULL && (n = pread(fd, block, BLOCK, (off_t)head->len)) > 0) {
		size_t from = head->len > QFILE_FRONT ? head->len - 1 : QFILE_FRONT - 1;

		buf_add(head, block, (size_t)n);
		if (!buf_ok(head))
			break;
		if (from < head->len)
			end = memmem(head->data + from, head->len - from, "\n\n", 2);
	}
	if (end != NULL)
		buf_truncate(head, (size_t)(end + 2 - head->data));
	free(block);
	return end != NULL;
}

/* What the file says into `out`; false with `why` static text. */
static bool load(int fd, struct queue_entry *out, const char **why)
{
	struct buf head;
	struct stat sb;
	uint64_t size = 0;
	int body;
	bool ok;

	*why = "it has no end of what stands before the message";
	buf_init(&head, QFILE_HEAD_MAX);
	ok = read_head(fd, &head) && qfile_parse(out, head.data, head.len, &size, why);
	if (ok) {
		bool body_8bit = out->message.body_8bit;

		*why = "it is shorter or longer than it says";
		ok = fstat(fd, &sb) == 0 && (uint64_t)sb.st_size == head.len + size
		     && (body = fcntl(fd, F_DUPFD_CLOEXEC, 0)) >= 0
		     && message_open(&out->message, body, head.len, size);
		out->message.body_8bit = body_8bit;
	}
	buf_release(&head);
	return ok;
}

/* --- accepting --- */

static bool is_there(int dir, const char *id)
{
	return faccessat(dir, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool queue_count(struct queue *q, const struct queue_limits *limits, struct queue_usage *out, struct status *st)
{
	struct queue_list *list;
	const char *id;
	struct stat sb;

	*out = (struct queue_usage){ 0 };
	if (limits == NULL || (limits->messages == 0 && limits->bytes == 0))
		return true;
	if ((list = queue_list(q, st)) == NULL)
		return false;
	while ((id = queue_list_next(list)) != NULL) {
		out->messages++;
		if (limits->bytes != 0 && fstatat(q->queue_fd, id, &sb, AT_SYMLINK_NOFOLLOW) == 0)
			out->bytes += (uint64_t)sb.st_size;
	}
	queue_list_free(list);
	return true;
}

bool queue_census(struct queue *q, const struct queue_limits *limits, struct queue_census *c, struct status *st)
{
	int64_t began = clock_now();

	if (began < c->good_until)
		return true;
	if (!queue_count(q, limits, &c->usage, st))
		return false;
	c->good_until = clock_now() + CENSUS_GOOD * (clock_now() - began);
	return true;
}

bool queue_has_room(const struct queue_limits *limits, const struct queue_usage *u, uint64_t octets, struct status *st)
{
	if (limits == NULL)
		return true;
	if (limits->messages != 0 && u->messages >= limits->messages)
		return status_fail(st, EX_TEMPFAIL, "the queue is full (quota_messages)");
	if (limits->bytes != 0 && u->bytes + octets > limits->bytes)
		return status_fail(st, EX_TEMPFAIL, "the queue is full (quota_bytes)");
	return true;
}

/* Text that would end a line too soon never gets into a file. */
static bool is_clean(const struct queue_entry *e)
{
	const struct envelope *env = &e->envelope;
	const char *const texts[] = { e->info.account, e->info.tag, e->info.about, env->sender, env->envid };

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (texts[i] != NULL && str_has_control(texts[i], strlen(texts[i])))
			return false;
	for (size_t i = 0; i < env->len; i++)
		if (str_has_control(env->v[i].address, strlen(env->v[i].address))
		    || str_has_control(env->v[i].given, strlen(env->v[i].given)))
			return false;
	return true;
}

static bool write_file(int fd, const struct queue_entry *e, const struct message *m, struct status *st)
{
	struct buf head;
	bool ok;

	if (!is_clean(e))
		return status_fail(st, EX_DATAERR, "a control character in the envelope");
	buf_init(&head, QFILE_HEAD_MAX);
	qfile_head(&head, e, message_octets(m));
	ok = buf_ok(&head) && io_write_all(fd, head.data, head.len) && message_write(m, fd);
	buf_release(&head);
	return ok || failed(st, "queueing the message", "");
}

bool queue_stage(struct queue *q, const char *id, const struct queue_info *info,
                 const struct envelope *env, const struct message *m, bool claim,
                 struct queue_staged *out, struct status *st)
{
	struct queue_entry e = { .info = *info, .envelope = *env, .message = *m };

	*out = (struct queue_staged){ .fd = -1 };
	snprintf(out->id, sizeof(out->id), "%s", id);
	snprintf(e.id, sizeof(e.id), "%s", id);
	if (is_there(q->queue_fd, id))
		return out->committed = true;
	out->fd = openat(q->tmp_fd, id, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out->fd < 0)
		return failed(st, "queueing the message", "");
	if ((!claim || flock(out->fd, LOCK_EX | LOCK_NB) == 0 || failed(st, "locking", id))
	    && write_file(out->fd, &e, m, st))
		return true;
	queue_staged_release(q, out);
	return false;
}

static bool set_failed(struct queue_staged *s)
{
	s->committed = false;
	return failed(&s->st, "queueing the message", "");
}

/*
 * The octets of all are on their way to the disk before the first is waited for,
 * and with them what the file system has to write down of them: a journal then
 * has all in the transaction that the first one waits for.
 */
static void sync_files(struct queue_staged *const *v, size_t n)
{
	for (size_t i = 0; n > 1 && i < n; i++)
		if (v[i]->fd >= 0)
			sync_file_range(v[i]->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	for (size_t i = 0; i < n; i++)
		v[i]->committed = v[i]->fd < 0 || fdatasync(v[i]->fd) == 0 || set_failed(v[i]);
}

/* From tmp/ into queue/: the moment of the promise. */
void queue_commit(struct queue *q, struct queue_staged *const *v, size_t n)
{
	sync_files(v, n);
	for (size_t i = 0; i < n; i++)
		if (v[i]->committed && v[i]->fd >= 0 && renameat(q->tmp_fd, v[i]->id, q->queue_fd, v[i]->id) != 0)
			set_failed(v[i]);
	if (fsync(q->queue_fd) == 0)
		return;
	for (size_t i = 0; i < n; i++)
		if (v[i]->committed && v[i]->fd >= 0) {
			set_failed(v[i]);
			unlinkat(q->queue_fd, v[i]->id, 0);
		}
}

void queue_take_back(struct queue *q, struct queue_staged *parts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (parts[i].committed && parts[i].fd >= 0)
			unlinkat(q->queue_fd, parts[i].id, 0);
		parts[i].committed = false;
	}
}

bool queue_settle(struct queue *q, struct queue_staged *parts, size_t n, struct status *st)
{
	for (size_t i = 0; i < n; i++)
		if (!parts[i].committed) {
			*st = parts[i].st;
			queue_take_back(q, parts, n);
			return false;
		}
	return true;
}

void queue_staged_release(struct queue *q, struct queue_staged *s)
{
	if (s->fd >= 0 && !s->committed)
		unlinkat(q->tmp_fd, s->id, 0);
	close_fd(&s->fd);
}

/* The file just written, through the descriptor that has its lock. */
bool queue_adopt(struct queue *q, struct queue_staged *s, struct queue_entry *claim, struct status *st)
{
	const char *why;

	queue_entry_init(claim);
	claim->fd = s->fd;
	claim->claimed = true;
	s->fd = -1;
	if (load(claim->fd, claim, &why))
		return true;
	queue_release(claim);
	unlinkat(q->queue_fd, s->id, 0); /* it will be refused, and what is refused is not kept */
	return status_fail(st, EX_SOFTWARE, "reading back what was queued: %s", why);
}

bool queue_add(struct queue *q, const char *id, const struct queue_info *info,
               const struct envelope *env, const struct message *m,
               const struct queue_limits *limits, struct queue_entry *claim, struct status *st)
{
	struct queue_staged staged, *const one = &staged;
	struct queue_usage usage;
	bool ok;

	if (is_there(q->queue_fd, id))
		return true;
	if (!queue_count(q, limits, &usage, st) || !queue_has_room(limits, &usage, message_octets(m), st)
	    || !queue_stage(q, id, info, env, m, claim != NULL, &staged, st))
		return false;
	queue_commit(q, &one, 1);
	ok = staged.committed;
	if (!ok)
		*st = staged.st;
	ok = ok && (claim == NULL || queue_adopt(q, &staged, claim, st));
	queue_staged_release(q, &staged);
	return ok;
}

/* --- what leaves the queue and is kept --- */

/*
 * Into another directory of the spool, under a name that is free there: `name`
 * becomes it.  First the new name is on the disk, then the old one is gone from
 * it: a crash between them leaves both rather than none.
 */
static bool move_to(struct queue *q, const char *id, const char *directory, char name[QUEUE_ID_MAX + 16])
{
	int to = open_directory(q->spool_fd, directory);
	bool ok;

	snprintf(name, QUEUE_ID_MAX + 16, "%s", id);
	for (unsigned n = 1; to >= 0 && is_there(to, name); n++)
		snprintf(name, QUEUE_ID_MAX + 16, "%s.%u", id, n);
	ok = to >= 0 && renameat(q->queue_fd, id, to, name) == 0 && fsync(to) == 0 && fsync(q->queue_fd) == 0;
	close_fd(&to);
	return ok;
}

static enum queue_result set_aside(struct queue *q, const char *id, const char *why, struct status *st)
{
	char name[QUEUE_ID_MAX + 16];

	if (move_to(q, id, "corrupt", name))
		status_fail(st, EX_SOFTWARE, "%s/corrupt/%s was set aside: %s", q->spool, name, why);
	else
		status_fail(st, EX_SOFTWARE, "%s/queue/%s is no queue file: %s", q->spool, id, why);
	return QUEUE_BAD;
}

bool queue_set_failed(struct queue *q, struct queue_entry *e, struct status *st)
{
	char name[QUEUE_ID_MAX + 16];

	return move_to(q, e->id, "failed", name) || failed(st, "moving to failed/", e->id);
}

/* --- claiming --- */

/* Still the file of that name: not removed while we came to it. */
static bool is_current(struct queue *q, const char *id, int fd)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && fstatat(q->queue_fd, id, &named, AT_SYMLINK_NOFOLLOW) == 0
	       && ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

static enum queue_result open_entry(struct queue *q, const char *id, bool claim,
                                    struct queue_entry *out, struct status *st)
{
	const char *why;

	queue_entry_init(out);
	if (strlen(id) > QUEUE_ID_MAX || strchr(id, '/') != NULL || id[0] == '.')
		return QUEUE_GONE;
	out->fd = openat(q->queue_fd, id, (claim ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (out->fd < 0 && errno == ENOENT)
		return QUEUE_GONE;
	if (out->fd < 0 && errno == ELOOP)
		return set_aside(q, id, "it is a symbolic link", st);
	if (out->fd < 0)
		return failed(st, "opening", id), QUEUE_ERROR;
	if (claim && flock(out->fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? QUEUE_BUSY : (failed(st, "locking", id), QUEUE_ERROR);
	if (!is_current(q, id, out->fd))
		return QUEUE_GONE;
	out->claimed = claim;
	if (load(out->fd, out, &why) && strcmp(out->id, id) == 0)
		return QUEUE_OK;
	return claim ? set_aside(q, id, why, st) : QUEUE_BAD;
}

static enum queue_result open_or_nothing(struct queue *q, const char *id, bool claim,
                                         struct queue_entry *out, struct status *st)
{
	enum queue_result result = open_entry(q, id, claim, out, st);

	if (result != QUEUE_OK)
		queue_release(out);
	return result;
}

enum queue_result queue_claim(struct queue *q, const char *id, struct queue_entry *out, struct status *st)
{
	return open_or_nothing(q, id, true, out, st);
}

enum queue_result queue_look(struct queue *q, const char *id, struct queue_entry *out, struct status *st)
{
	return open_or_nothing(q, id, false, out, st);
}

bool queue_is_busy(const struct queue_entry *e)
{
	if (flock(e->fd, LOCK_SH | LOCK_NB) != 0)
		return errno == EWOULDBLOCK;
	flock(e->fd, LOCK_UN);
	return false;
}

bool queue_may_send(struct queue *q, const struct queue_entry *n)
{
	struct queue_entry original;
	struct status st;
	const char *dash = strrchr(n->id, '-');
	bool may = true;

	if (n->info.about == NULL || dash == NULL)
		return true;
	if (queue_look(q, n->info.about, &original, &st) != QUEUE_OK)
		return true; /* it is gone, and so is what it owed */
	may = original.info.notices > strtoul(dash + 1, NULL, 10);
	queue_release(&original);
	return may;
}

/* --- changing --- */

static bool put(struct queue_entry *e, const void *p, size_t n, off_t at)
{
	return pwrite(e->fd, p, n, at) == (ssize_t)n;
}

static bool saved(struct queue_entry *e, bool ok, struct status *st)
{
	return (ok && fdatasync(e->fd) == 0) || failed(st, "writing down what came of", e->id);
}

bool queue_save_recipients(struct queue_entry *e, const bool *which, struct status *st)
{
	bool ok = true;

	for (size_t i = 0; ok && i < e->envelope.len; i++) {
		char state = qfile_state(&e->envelope.v[i]);

		ok = !which[i] || put(e, &state, 1, e->state_at[i]);
	}
	return saved(e, ok, st);
}

bool queue_save_attempt(struct queue_entry *e, struct status *st)
{
	struct buf front;
	bool ok;

	buf_init(&front, QFILE_FRONT);
	qfile_front(&front, e);
	ok = saved(e, put(e, front.data, front.len, 0), st);
	buf_release(&front);
	return ok;
}

bool queue_remove(struct queue *q, struct queue_entry *e, struct status *st)
{
	/* No sync: a file that comes back after a crash says that all is done. */
	return unlinkat(q->queue_fd, e->id, 0) == 0 || failed(st, "removing", e->id);
}

/* --- listing --- */

struct queue_list {
	DIR *dir;
};

static struct queue_list *list_of(struct queue *q, const char *name, struct status *st)
{
	int fd = open_directory(q->spool_fd, name);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct queue_list *l;

	if (dir == NULL) {
		failed(st, "reading", q->spool);
		close_fd(&fd);
		return NULL;
	}
	l = alloc(sizeof(*l));
	l->dir = dir;
	return l;
}

struct queue_list *queue_list(struct queue *q, struct status *st)
{
	return list_of(q, "queue", st);
}

const char *queue_list_next(struct queue_list *l)
{
	struct dirent *d;

	while ((d = readdir(l->dir)) != NULL)
		if (d->d_name[0] != '.' && strlen(d->d_name) <= QUEUE_ID_MAX)
			return d->d_name;
	return NULL;
}

void queue_list_free(struct queue_list *l)
{
	if (l == NULL)
		return;
	closedir(l->dir);
	free(l);
}

/* Old, and nobody holds its lock: its writer was killed. */
static bool is_left_behind(struct queue *q, const char *id)
{
	int fd = openat(q->tmp_fd, id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat sb;
	bool left = fd >= 0 && fstat(fd, &sb) == 0 && time(NULL) - sb.st_mtime > TIDY_AFTER
	            && flock(fd, LOCK_EX | LOCK_NB) == 0;

	close_fd(&fd);
	return left;
}

void queue_tidy(struct queue *q)
{
	struct status st;
	struct queue_list *l = list_of(q, "tmp", &st);
	const char *id;

	while (l != NULL && (id = queue_list_next(l)) != NULL)
		if (is_left_behind(q, id))
			unlinkat(q->tmp_fd, id, 0);
	queue_list_free(l);
}
