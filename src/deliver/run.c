#include "deliver/run.h"

#include "base/alloc.h"
#include "base/log.h"
#include "deliver/bounce.h"
#include "queue/schedule.h"
#include "queue/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	FINISH_MS = 8 * 1000,         /* for what is in hand when we are told to end */
	IDLE_MS = 5 * 1000,           /* a connection is kept without mail */
	POLL_MS = 30 * 1000,          /* how often the queue is listed where nothing tells of arrivals */
	SUM_UP_MS = 10 * 60 * 1000,   /* how often we look for summaries of notifications */
	BUSY_SECONDS = 30,            /* somebody else has it: when to see what came of it */
	DIED_SECONDS = 60,
	LIST_AT_ONCE = 100,
};

/* An account: what waits for it and who works for it. */
struct lane {
	char *name;
	const struct account *account;   /* NULL: not in the configuration any more */
	struct schedule due;
	struct worker *v;                /* `len` of them are running */
	size_t len;
	size_t most;                     /* what the server was seen to take, 0: not known */
	bool works;
	bool forced;
	deadline paced_until;            /* `rate`: nothing before that */
};

struct runner {
	const struct run *r;
	struct worker_work work;
	struct lane *v;
	size_t len;
	struct queue_list *list;         /* being read, or NULL */
	deadline list_again, sum_up_again;
	int signals, watch;              /* descriptors, or -1 */
	int signal;                      /* that came */
	int64_t next;                    /* of what we have seen and do not come back to */
	struct pollfd *polls;
	struct status *st;
	bool failed;
};

/* --- lanes --- */

static size_t connections(const struct lane *l)
{
	return l->account != NULL && l->account->connections > 0 ? l->account->connections : 1;
}

static struct lane *lane_of(struct runner *x, const char *name)
{
	struct lane *l;

	for (size_t i = 0; i < x->len; i++)
		if (strcmp(x->v[i].name, name) == 0)
			return &x->v[i];
	x->v = alloc_array(x->v, x->len + 1, sizeof(*x->v));
	l = &x->v[x->len++];
	*l = (struct lane){
		.name = alloc_copy(name),
		.account = account_named(x->r->config, name),
		.forced = x->r->forced,
	};
	l->v = alloc_array(NULL, connections(l), sizeof(*l->v));
	return l;
}

static void lane_release(struct lane *l)
{
	schedule_release(&l->due);
	free(l->v);
	free(l->name);
}

/* The first message whose time has come. */
static bool has_due(const struct lane *l, time_t now)
{
	const struct schedule_entry *first = schedule_first(&l->due);

	return first != NULL && first->next <= now;
}

/* --- what there is --- */

static void log_trouble(const char *id, const char *error)
{
	struct log_event *e = log_event("trouble");

	log_text(e, "id", id);
	log_text(e, "error", error);
	log_send(e);
}

/* Claiming sets aside what is no queue file. */
static void set_aside(struct runner *x, const char *id)
{
	struct queue_entry e;
	struct status st;

	if (queue_claim(x->r->queue, id, &e, &st) == QUEUE_BAD)
		log_trouble(id, st.text);
	queue_release(&e);
}

static void leave(struct runner *x, int64_t next)
{
	if (next < x->next)
		x->next = next;
}

static void take_up(struct runner *x, const struct queue_entry *e, time_t now)
{
	const struct run *r = x->r;

	if (e->info.held || (r->filter != NULL && !filter_matches(r->filter, e)))
		return;
	if (r->forced)
		schedule_add(&lane_of(x, e->info.account)->due, e->id, 0);
	else if (r->stay || e->info.next <= now)
		schedule_add(&lane_of(x, e->info.account)->due, e->id, e->info.next);
	else
		leave(x, e->info.next);
}

/* Its change time says when it was renamed, too. */
static bool is_passed_over(const struct runner *x, const char *id)
{
	struct stat sb;

	if (x->r->filter != NULL && !filter_matches_id(x->r->filter, id))
		return true;
	return x->r->since != 0 && fstatat(x->r->queue->queue_fd, id, &sb, AT_SYMLINK_NOFOLLOW) == 0
	       && sb.st_ctime < x->r->since;
}

static void look_at(struct runner *x, const char *id)
{
	struct queue_entry e;
	struct status st;
	enum queue_result result;

	if (is_passed_over(x, id))
		return;
	result = queue_look(x->r->queue, id, &e, &st);
	if (result == QUEUE_OK)
		take_up(x, &e, time(NULL));
	else if (result == QUEUE_BAD)
		set_aside(x, id);
	queue_release(&e);
}

static bool is_in_hand(const struct runner *x, const char *id)
{
	for (size_t i = 0; i < x->len; i++)
		for (size_t j = 0; j < x->v[i].len; j++)
			if (strcmp(x->v[i].v[j].id, id) == 0)
				return true;
	return false;
}

/*
 * It arrived, or somebody wants it looked at.  What we have of it already must
 * not be there twice; while the list is read, an arrival may be in it as well.
 */
static void news(void *arg, const char *id)
{
	struct runner *x = arg;

	if (is_in_hand(x, id))
		return;
	for (size_t i = 0; i < x->len; i++)
		if (schedule_remove(&x->v[i].due, id))
			break;
	look_at(x, id);
}

/* Each once, also if it is named twice. */
static void look_at_named(struct runner *x)
{
	const struct filter *f = x->r->filter;

	for (size_t i = 0; i < f->n; i++)
		news(x, f->ids[i]);
}

static void start_list(struct runner *x)
{
	if (x->r->filter != NULL && x->r->filter->ids != NULL) {
		look_at_named(x);
		return;
	}
	queue_list_free(x->list);
	for (size_t i = 0; i < x->len; i++)
		schedule_release(&x->v[i].due);
	x->list = queue_list(x->r->queue, x->st);
	x->failed |= x->list == NULL;
	x->list_again = x->r->stay && x->watch < 0 ? deadline_in(POLL_MS) : DEADLINE_NEVER;
}

static void sum_up(struct runner *x)
{
	struct status st;

	if (!bounce_sum_up(x->r->queue, x->r->config, time(NULL), &st))
		log_trouble(NULL, st.text);
	x->sum_up_again = x->r->stay ? deadline_in(SUM_UP_MS) : DEADLINE_NEVER;
}

static void read_list(struct runner *x)
{
	const char *id = "";

	for (int i = 0; x->list != NULL && i < LIST_AT_ONCE && (id = queue_list_next(x->list)) != NULL; i++)
		look_at(x, id);
	if (id == NULL) {
		queue_list_free(x->list);
		x->list = NULL;
	}
}

/* --- giving out work --- */

/* In a new worker: what is the parent's alone. */
static void forget(void *arg)
{
	struct runner *x = arg;

	for (size_t i = 0; i < x->len; i++)
		for (size_t j = 0; j < x->v[i].len; j++)
			close(x->v[i].v[j].fd);
	close(x->signals);
	if (x->watch >= 0)
		close(x->watch);
}

static struct worker *idle_worker(struct lane *l)
{
	for (size_t i = 0; i < l->len; i++)
		if (l->v[i].id[0] == '\0')
			return &l->v[i];
	return NULL;
}

static size_t most_workers(const struct lane *l)
{
	if (!l->works)
		return 1;
	return l->most > 0 ? l->most : connections(l);
}

/* One that has nothing to do, or a new one if the account may have more. */
static struct worker *find_worker(struct runner *x, struct lane *l)
{
	struct worker *w = idle_worker(l);

	if (l->len == 0)
		l->most = 0; /* it may take more by now */
	if (w != NULL || l->len >= most_workers(l))
		return w;
	if (worker_start(&l->v[l->len], &x->work, l->account, forget, x))
		return &l->v[l->len++];
	/* With nobody at work this would go on for ever. */
	if (l->len == 0 && !x->failed) {
		status_fail(x->st, EX_OSERR, "cannot start a process: %s", strerror(errno));
		x->failed = true;
	}
	return NULL;
}

static void pace(struct lane *l)
{
	const struct rate *rate = l->account != NULL ? &l->account->rate : NULL;

	if (rate != NULL && rate->count > 0)
		l->paced_until = clock_now() + rate->period / (int64_t)rate->count;
}

static void give_out(struct runner *x, struct lane *l)
{
	struct worker *w;
	struct schedule_entry e;

	while (has_due(l, time(NULL)) && clock_now() >= l->paced_until && (w = find_worker(x, l)) != NULL) {
		e = schedule_take(&l->due);
		worker_give(w, e.id, l->forced, l->works && l->len > 1); /* if it has died we shall read so */
		pace(l);
	}
}

/* --- what came of it --- */

static void come_back(struct runner *x, struct lane *l, const char *id, int64_t next)
{
	if (x->r->stay)
		schedule_add(&l->due, id, next);
	else
		leave(x, next);
}

static void take_answer(struct runner *x, struct lane *l, struct worker *w, const struct worker_answer *a)
{
	if (a->account_works)
		l->works = true;
	/* What one has just learnt need not be learnt again for each message. */
	if (a->account_waits)
		l->works = l->forced = false;
	if (a->result == WORKER_KEPT)
		come_back(x, l, w->id, a->next);
	else if (a->result == WORKER_BUSY)
		come_back(x, l, w->id, time(NULL) + BUSY_SECONDS);
	w->id[0] = '\0';
	w->idle_until = deadline_in(IDLE_MS);
}

static void drop_worker(struct lane *l, struct worker *w)
{
	worker_dismiss(w);
	*w = l->v[--l->len];
}

static void bury(struct runner *x, struct lane *l, struct worker *w)
{
	log_trouble(w->id, "the process that delivered it died");
	come_back(x, l, w->id, time(NULL) + DIED_SECONDS);
	drop_worker(l, w);
}

/* The server takes fewer connections than we may make: the message goes over one of the others. */
static void make_room(struct lane *l, struct worker *w)
{
	l->most = l->len > 1 ? l->len - 1 : 1;
	schedule_add(&l->due, w->id, 0);
	drop_worker(l, w);
}

static void hear(struct runner *x, struct lane *l, struct worker *w)
{
	struct worker_answer answer;

	if (!worker_answer(w, &answer))
		bury(x, l, w);
	else if (answer.crowded)
		make_room(l, w);
	else
		take_answer(x, l, w, &answer);
}

static void dismiss_idle(struct lane *l, bool all)
{
	for (size_t j = l->len; j-- > 0;)
		if (l->v[j].id[0] == '\0' && (all || deadline_poll(l->v[j].idle_until) == 0))
			drop_worker(l, &l->v[j]);
}

/* --- waiting --- */

static deadline lane_wakes(const struct lane *l)
{
	const struct schedule_entry *first = schedule_first(&l->due);
	deadline until = DEADLINE_NEVER;
	bool idle = false;

	for (size_t j = 0; j < l->len; j++)
		if (l->v[j].id[0] == '\0') {
			idle = true;
			until = deadline_min(until, l->v[j].idle_until);
		}
	/* With all hands full an answer comes first. */
	if (first == NULL || (!idle && l->len > 0 && first->next <= time(NULL)))
		return until;
	if (first->next <= time(NULL))
		return deadline_min(until, l->paced_until);
	return deadline_min(until, deadline_in((first->next - time(NULL)) * 1000));
}

static deadline wakes(const struct runner *x)
{
	deadline until = deadline_min(x->list_again, x->sum_up_again);

	if (x->list != NULL)
		return clock_now();
	for (size_t i = 0; i < x->len; i++)
		until = deadline_min(until, lane_wakes(&x->v[i]));
	return until;
}

static size_t add_poll(struct runner *x, size_t n, int fd)
{
	x->polls = alloc_array(x->polls, n + 1, sizeof(*x->polls));
	x->polls[n] = (struct pollfd){ .fd = fd, .events = POLLIN };
	return n + 1;
}

static void wait_for_news(struct runner *x)
{
	size_t n = 0;

	n = add_poll(x, n, x->signals);
	n = add_poll(x, n, x->watch);
	for (size_t i = 0; i < x->len; i++)
		for (size_t j = 0; j < x->v[i].len; j++)
			n = add_poll(x, n, x->v[i].v[j].fd);
	if (poll(x->polls, n, deadline_poll(wakes(x))) < 0)
		for (size_t i = 0; i < n; i++)
			x->polls[i].revents = 0;
}

static void take_signal(struct runner *x)
{
	struct signalfd_siginfo info;

	if (read(x->signals, &info, sizeof(info)) == sizeof(info))
		x->signal = (int)info.ssi_signo;
}

/* Backwards, since a worker that has died makes room for the last one; polls are in the same order. */
static void hear_all(struct runner *x)
{
	size_t n = 2;

	for (size_t i = 0; i < x->len; i++)
		n += x->v[i].len;
	for (size_t i = x->len; i-- > 0;)
		for (size_t j = x->v[i].len; j-- > 0;)
			if (x->polls[--n].revents != 0)
				hear(x, &x->v[i], &x->v[i].v[j]);
	if (x->polls[1].revents != 0 && !watch_read(x->watch, news, x))
		start_list(x);
	if (x->polls[0].revents != 0)
		take_signal(x);
}

/* --- the run --- */

static bool is_over(const struct runner *x)
{
	if (x->failed || x->signal != 0)
		return true;
	if (x->r->stay || x->list != NULL)
		return false;
	for (size_t i = 0; i < x->len; i++)
		if (x->v[i].len > 0 || x->v[i].due.len > 0)
			return false;
	return true;
}

static void turn(struct runner *x)
{
	read_list(x);
	for (size_t i = 0; i < x->len; i++) {
		give_out(x, &x->v[i]);
		dismiss_idle(&x->v[i], !x->r->stay && x->list == NULL && x->v[i].due.len == 0);
	}
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	if (is_over(x))
		return;
	wait_for_news(x);
	hear_all(x);
	if (deadline_poll(x->list_again) == 0)
		start_list(x);
	if (deadline_poll(x->sum_up_again) == 0)
		sum_up(x);
}

static void end_workers(struct runner *x)
{
	deadline until = deadline_in(FINISH_MS);

	for (size_t i = 0; i < x->len; i++)
		for (size_t j = 0; j < x->v[i].len; j++)
			worker_dismiss(&x->v[i].v[j]);
	for (size_t i = 0; i < x->len; i++)
		for (size_t j = 0; j < x->v[i].len; j++)
			worker_wait(&x->v[i].v[j], until);
}

static void runner_release(struct runner *x)
{
	queue_list_free(x->list);
	for (size_t i = 0; i < x->len; i++)
		lane_release(&x->v[i]);
	free(x->v);
	free(x->polls);
	close(x->signals);
	if (x->watch >= 0)
		close(x->watch);
}

static sigset_t end_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	return set;
}

bool run_queue(const struct run *r, int *signal, struct status *st)
{
	struct runner x = {
		.r = r,
		.work = { .queue = r->queue, .config = r->config, .trace = r->trace },
		.watch = r->stay ? watch_open(r->queue) : -1,
		.st = st,
		.list_again = DEADLINE_NEVER,
		.next = INT64_MAX,
	};
	sigset_t signals = end_signals(), before;

	sigprocmask(SIG_BLOCK, &signals, &before);
	x.signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	queue_tidy(r->queue);
	sum_up(&x);
	for (start_list(&x); !is_over(&x);)
		turn(&x);
	end_workers(&x);
	runner_release(&x);
	sigprocmask(SIG_SETMASK, &before, NULL);
	*signal = x.signal;
	if (r->next != NULL)
		*r->next = x.next;
	return !x.failed;
}
