#include "queue/retry.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

int64_t retry_wait(const struct settings *s, unsigned tries, uint32_t chance)
{
	int64_t least = s->retry_min / 1000, most = s->retry_max / 1000, wait = least > 0 ? least : 1;

	for (unsigned i = 1; i < tries && wait < most; i++)
		wait *= 2;
	if (wait > most && most > 0)
		wait = most;
	/* From three quarters to five quarters, so that what failed together does not come back together. */
	return wait * 3 / 4 + (int64_t)((uint64_t)(wait / 2 + 1) * chance >> 32);
}

uint32_t retry_chance(void)
{
	uint32_t chance = 0;

	if (getrandom(&chance, sizeof(chance), 0) != sizeof(chance))
		chance = (uint32_t)getpid() * 2654435761U;
	return chance;
}

static bool older(time_t arrived, time_t now, int64_t ms)
{
	return ms > 0 && now - arrived >= ms / 1000;
}

bool retry_is_expired(const struct settings *s, time_t arrived, time_t now)
{
	return older(arrived, now, s->expire);
}

bool retry_wants_warning(const struct settings *s, time_t arrived, time_t now)
{
	return older(arrived, now, s->warn);
}

/* --- accounts that wait --- */

/* An account's name is free text: as a file name it keeps what is harmless, the rest is %XX. */
static char *file_of(const char *account, const char *suffix)
{
	struct buf b;

	buf_init(&b, 250 - strlen(suffix));
	buf_puts(&b, "accounts/");
	for (; *account != '\0'; account++) {
		bool plain = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", *account);

		buf_printf(&b, plain ? "%c" : "%%%02X", (unsigned char)*account);
	}
	b.max = 250;
	buf_puts(&b, suffix);
	return buf_detach(&b);
}

static int open_account(struct queue *q, const char *account, const char *suffix, int flags)
{
	char *name = file_of(account, suffix);
	int fd = openat(q->spool_fd, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);

	free(name);
	return fd;
}

void retry_account_load(struct queue *q, const char *account, struct retry_account *out)
{
	int fd = open_account(q, account, "", O_RDONLY);
	struct buf text;
	long long next = 0;
	int at = 0;

	*out = (struct retry_account){ .next = 0 };
	if (fd < 0)
		return;
	buf_init(&text, 1024);
	if (io_read_all(fd, &text) && sscanf(text.data, "tries %u next %lld\n%n", &out->tries, &next, &at) == 2
	    && at > 0) {
		out->next = (time_t)next;
		snprintf(out->why, sizeof(out->why), "%.*s", (int)strcspn(text.data + at, "\n"), text.data + at);
	}
	buf_release(&text);
	close(fd);
}

/* Whole or not at all: written aside and renamed.  Losing it costs an attempt, so no sync. */
static void save(struct queue *q, const char *account, const struct retry_account *r)
{
	char *name = file_of(account, ""), *aside = file_of(account, ".new");
	int fd = openat(q->spool_fd, aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct buf text;

	buf_init(&text, 1024);
	buf_printf(&text, "tries %u next %lld\n%s\n", r->tries, (long long)r->next, r->why);
	if (fd >= 0 && io_write_all(fd, text.data, text.len))
		renameat(q->spool_fd, aside, q->spool_fd, name);
	if (fd >= 0)
		close(fd);
	buf_release(&text);
	free(name);
	free(aside);
}

bool retry_account_failed(struct queue *q, const char *account, const struct settings *s,
                          const char *why, time_t now)
{
	struct retry_account r;
	bool first;

	retry_account_load(q, account, &r);
	first = r.tries == 0;
	/* Several messages that failed together are one failure. */
	if (!first && r.next > now)
		return false;
	r.tries++;
	r.next = now + retry_wait(s, r.tries, retry_chance());
	snprintf(r.why, sizeof(r.why), "%s", why);
	save(q, account, &r);
	return first;
}

void retry_account_works(struct queue *q, const char *account)
{
	char *name = file_of(account, "");

	unlinkat(q->spool_fd, name, 0);
	free(name);
}

int retry_account_probe(struct queue *q, const char *account)
{
	int fd = open_account(q, account, ".probe", O_RDWR | O_CREAT);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* --- rounds --- */

/* A line of so many octets; one more octet behind it is word for the one that goes on. */
enum { ROUND_LINE = 64 };

bool retry_round_begin(struct queue *q, const char *account, struct retry_round *out)
{
	char line[ROUND_LINE + 1] = "";
	long long since, next;

	*out = (struct retry_round){ .fd = open_account(q, account, ".round", O_RDWR | O_CREAT) };
	if (out->fd < 0)
		return false;
	/* First the word, then the lock: whoever holds it looks for words after letting go of it. */
	if (pwrite(out->fd, "+", 1, ROUND_LINE) != 1 || flock(out->fd, LOCK_EX | LOCK_NB) != 0
	    || ftruncate(out->fd, ROUND_LINE) != 0) {
		retry_round_leave(out);
		return false;
	}
	if (pread(out->fd, line, ROUND_LINE, 0) == ROUND_LINE
	    && sscanf(line, "since %lld next %lld", &since, &next) == 2) {
		out->since = (time_t)since;
		out->next = (time_t)next;
	}
	return true;
}

void retry_round_leave(struct retry_round *r)
{
	close(r->fd);
	r->fd = -1;
}

bool retry_round_end(struct retry_round *r, time_t began, time_t next)
{
	char line[ROUND_LINE];
	struct stat sb;
	bool again;

	memset(line, '\n', sizeof(line));
	line[snprintf(line, sizeof(line), "since %lld next %lld", (long long)began - 1, (long long)next)] = '\n';
	again = pwrite(r->fd, line, ROUND_LINE, 0) == ROUND_LINE && flock(r->fd, LOCK_UN) == 0
	        && fstat(r->fd, &sb) == 0 && sb.st_size > ROUND_LINE;
	retry_round_leave(r);
	return again;
}
