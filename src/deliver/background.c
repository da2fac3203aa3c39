#include "deliver/background.h"

#include "deliver/run.h"
#include "queue/retry.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void try_messages(const struct background *b)
{
	const struct filter filter = { .ids = b->ids.v, .n = b->ids.len };
	const struct run run = { .queue = b->queue, .config = b->config, .filter = &filter };
	struct status st;
	int signal;

	if (b->ids.len > 0)
		run_queue(&run, &signal, &st);
}

/* One round, and what is known after it; whether to go round again. */
static bool go_round(const struct background *b, const char *account, bool forced, struct retry_round *r)
{
	const struct filter filter = { .account = account };
	time_t began = time(NULL), next;
	bool all = forced || r->next <= began || r->since > began;
	const struct run run = {
		.queue = b->queue,
		.config = b->config,
		.filter = &filter,
		.forced = forced,
		.since = all ? 0 : r->since,
		.next = &next,
	};
	struct status st;
	int signal;

	if (!run_queue(&run, &signal, &st) || signal != 0) {
		retry_round_leave(r);
		return false;
	}
	return retry_round_end(r, began, all || next < r->next ? next : r->next);
}

static void try_account(const struct background *b, const char *account, bool forced)
{
	struct retry_round r;

	while (retry_round_begin(b->queue, account, &r) && go_round(b, account, forced, &r))
		forced = false;
}

static _Noreturn void be_background(const struct background *b)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL); /* its workers end by them */
	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	try_messages(b);
	for (size_t i = 0; i < b->accounts.len; i++)
		try_account(b, b->accounts.v[i], b->forced && i == 0);
	_exit(0);
}

void background_start(const struct background *b)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		setsid();
		if (fork() == 0)
			be_background(b);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}
