#include "deliver/worker.h"

#include "base/log.h"
#include "deliver/attempt.h"
#include "deliver/confine.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_AGAIN = 5, WAIT_STEP_MS = 20 };

struct job {
	char id[QUEUE_ID_MAX + 1];
	bool forced, others_work;
};

/* --- the child --- */

static void log_trouble(const char *event, const char *id, const struct status *st)
{
	struct log_event *e = log_event(event);

	log_text(e, "id", id);
	log_text(e, "error", st->text);
	log_send(e);
}

static struct worker_answer keep(time_t next)
{
	return (struct worker_answer){ .result = WORKER_KEPT, .next = next };
}

static struct worker_answer try(const struct worker_work *work, struct link *link,
                                struct queue_entry *e, const struct job *job)
{
	struct attempt a = {
		.queue = work->queue,
		.config = work->config,
		.entry = e,
		.link = link,
		.trace = work->trace,
		.forced = job->forced,
		.others_work = job->others_work,
	};
	struct worker_answer answer;
	struct status st;

	switch (attempt(&a, &st)) {
	case ATTEMPT_DONE:
		answer = (struct worker_answer){ .result = WORKER_GONE };
		break;
	case ATTEMPT_KEPT:
		answer = keep(a.next);
		break;
	default:
		log_trouble("trouble", e->id, &st);
		answer = keep(time(NULL) + work->config->settings.retry_min / 1000 + 1);
	}
	answer.account_waits = a.account_waits;
	answer.account_works = a.account_works;
	answer.crowded = a.crowded;
	return answer;
}

static struct worker_answer work_on(const struct worker_work *work, struct link *link, const struct job *job)
{
	struct worker_answer answer = { .result = WORKER_GONE };
	struct queue_entry e;
	struct status st;

	switch (queue_claim(work->queue, job->id, &e, &st)) {
	case QUEUE_BUSY:
		answer.result = WORKER_BUSY;
		return answer;
	case QUEUE_GONE:
		return answer;
	case QUEUE_OK:
		break;
	default:
		log_trouble("trouble", job->id, &st);
		return answer;
	}
	if (e.info.held)
		;
	else if (!job->forced && e.info.next > time(NULL))
		answer = keep(e.info.next);
	else if (!queue_may_send(work->queue, &e))
		answer = keep(time(NULL) + LOOK_AGAIN);
	else
		answer = try(work, link, &e, job);
	queue_release(&e);
	return answer;
}

static _Noreturn void be_worker(int fd, const struct worker_work *work)
{
	struct link link = { .open = false };
	struct worker_answer answer;
	struct job job;

	while (recv(fd, &job, sizeof(job), 0) == sizeof(job)) {
		answer = work_on(work, &link, &job);
		if (send(fd, &answer, sizeof(answer), MSG_NOSIGNAL) != sizeof(answer))
			break;
	}
	link_close(&link);
	_exit(0);
}

/* --- the parent --- */

bool worker_start(struct worker *w, const struct worker_work *work, const struct account *account,
                  void (*forget)(void *arg), void *arg)
{
	int ends[2];

	*w = (struct worker){ .fd = -1 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return false;
	fflush(NULL);
	w->pid = fork();
	if (w->pid == 0) {
		close(ends[0]);
		forget(arg);
		confine(account, work->queue->spool);
		be_worker(ends[1], work);
	}
	close(ends[1]);
	if (w->pid < 0) {
		close(ends[0]);
		return false;
	}
	w->fd = ends[0];
	return true;
}

bool worker_give(struct worker *w, const char *id, bool forced, bool others_work)
{
	struct job job = { .forced = forced, .others_work = others_work };

	snprintf(job.id, sizeof(job.id), "%s", id);
	snprintf(w->id, sizeof(w->id), "%s", id);
	return send(w->fd, &job, sizeof(job), MSG_NOSIGNAL) == sizeof(job);
}

bool worker_answer(struct worker *w, struct worker_answer *out)
{
	return recv(w->fd, out, sizeof(*out), 0) == sizeof(*out);
}

void worker_dismiss(struct worker *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

void worker_wait(struct worker *w, deadline until)
{
	static const struct timespec step = { .tv_nsec = WAIT_STEP_MS * 1000000L };

	worker_dismiss(w);
	while (waitpid(w->pid, NULL, WNOHANG) == 0) {
		if (deadline_poll(until) == 0)
			kill(w->pid, SIGKILL);
		nanosleep(&step, NULL);
	}
}
