#include "serve/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "deliver/confine.h"
#include "deliver/first.h"
#include "deliver/result.h"

enum { UNDECIDED, ACCEPTED, REFUSED };

bool trials_init(struct trials *t, struct queue *q, trial_over *over)
{
	*t = (struct trials){ .queue = q, .over = over };
	t->told = mmap(NULL, TRIALS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (t->told == MAP_FAILED)
		return false;
	for (size_t i = 0; i < TRIALS_MAX; i++)
		t->v[i] = (struct trial){ .fd = -1, .told = &t->told[i] };
	return true;
}

static bool decide(struct trial *t, unsigned char what)
{
	unsigned char undecided = UNDECIDED;

	return atomic_compare_exchange_strong(t->told, &undecided, what);
}

/* --- the process --- */

static bool tell(void *arg)
{
	return decide(arg, REFUSED);
}

/* "67\n" and a line a recipient; of what is kept "0\n". */
static void answer(int fd, int sysexit, const struct envelope *e, const char *account)
{
	struct buf text;

	buf_init(&text, TRIAL_TEXT_MAX); /* what is over is cut */
	buf_printf(&text, "%d\n", sysexit);
	result_print(e, account, &text);
	io_write_all(fd, text.data, text.len);
	buf_release(&text);
}

static _Noreturn void be_trial(struct trials *ts, struct trial *t, const struct trial_start *s, int fd)
{
	struct first first = {
		.queue = ts->queue,
		.config = s->config,
		.entry = s->entry,
		.envelope = s->envelope,
		.by_mail = s->by_mail,
		.tell = tell,
		.arg = t,
	};

	confine(account_named(s->config, s->entry->info.account), ts->queue->spool);
	if (first_attempt(&first))
		answer(fd, EX_OK, s->envelope, s->entry->info.account);
	else if (atomic_load(t->told) == REFUSED)
		answer(fd, result_exit(s->envelope), s->envelope, s->entry->info.account);
	_exit(0);
}

/* --- here --- */

static struct trial *free_one(struct trials *ts)
{
	for (size_t i = 0; i < TRIALS_MAX; i++)
		if (ts->v[i].pid == 0)
			return &ts->v[i];
	return NULL;
}

struct trial *trial_start(struct trials *ts, const struct trial_start *s)
{
	struct trial *t = free_one(ts);
	int ends[2];

	if (t == NULL || pipe2(ends, O_CLOEXEC) != 0)
		return NULL;
	atomic_store(t->told, UNDECIDED);
	fflush(NULL);
	t->pid = fork();
	if (t->pid == 0) {
		s->forget(s->arg);
		close(ends[0]);
		be_trial(ts, t, s, ends[1]);
	}
	close(ends[1]);
	if (t->pid < 0) {
		close(ends[0]);
		t->pid = 0;
		return NULL;
	}
	t->fd = ends[0];
	t->until = deadline_in(TRIAL_MS);
	t->waits = s->waits;
	snprintf(t->id, sizeof(t->id), "%s", s->entry->id);
	buf_init(&t->answer, TRIAL_TEXT_MAX + 1);
	return t;
}

static void say(struct trials *ts, struct trial *t, int sysexit, const char *text)
{
	void *waits = t->waits;

	t->waits = NULL;
	if (waits != NULL)
		ts->over(waits, t->id, sysexit, text);
}

static bool is_kept(struct trials *ts, const struct trial *t)
{
	return faccessat(ts->queue->queue_fd, t->id, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/*
 * It has ended.  Without a word that is an acceptance, unless it died between
 * taking a refused message out and telling why.
 */
static void conclude(struct trials *ts, struct trial *t)
{
	char *text;
	long sysexit = strtol(t->answer.data, &text, 10);

	if (t->answer.len > 0 && *text == '\n')
		say(ts, t, (int)sysexit, text + 1);
	else if (atomic_load(t->told) == REFUSED && !is_kept(ts, t))
		say(ts, t, EX_UNAVAILABLE, "refused; the reason was lost\n");
	else
		say(ts, t, EX_OK, "");
}

static void ended(struct trials *ts, struct trial *t)
{
	waitpid(t->pid, NULL, 0);
	conclude(ts, t);
	close(t->fd);
	buf_release(&t->answer);
	t->fd = -1;
	t->pid = 0;
}

static void hear(struct trial *t)
{
	char block[4096];
	ssize_t n = io_read(t->fd, block, sizeof(block));

	if (n > 0)
		buf_add(&t->answer, block, (size_t)n);
	else
		t->until = 0; /* the end: see trials_expire */
}

static void ready(void *arg, short events)
{
	(void)events;
	hear(arg);
}

void trials_watch(struct trials *ts, struct loop *l)
{
	for (size_t i = 0; i < TRIALS_MAX; i++)
		if (ts->v[i].pid != 0) {
			loop_watch(l, ts->v[i].fd, POLLIN, ready, &ts->v[i]);
			loop_until(l, ts->v[i].until);
		}
}

void trial_leave(struct trial *t)
{
	decide(t, ACCEPTED);
	t->waits = NULL;
	t->until = DEADLINE_NEVER;
}

void trials_expire(struct trials *ts, bool all)
{
	for (size_t i = 0; i < TRIALS_MAX; i++) {
		struct trial *t = &ts->v[i];

		if (t->pid == 0)
			continue;
		if (t->until == 0) {
			ended(ts, t);
		} else if (t->waits != NULL && (all || deadline_poll(t->until) == 0)) {
			/* If it has just decided to refuse, its words are on their way. */
			if (decide(t, ACCEPTED))
				say(ts, t, EX_OK, "the first attempt goes on\n");
			t->until = DEADLINE_NEVER;
		}
	}
}
