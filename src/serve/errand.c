#include "serve/errand.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/io.h"

/* So much is held for a caller who does not read. */
enum { OUT_ENOUGH = 64 * 1024, OUT_MAX = 256 * 1024 };

static const char operators[] = "mailchute";

static bool is_operator(const struct peer *p)
{
	return !p->caller.tcp
	       && (p->caller.uid == 0 || p->caller.uid == geteuid() || peer_is_member(p, operators));
}

static _Noreturn void be_errand(errand_function *run, const char *file, const struct peer *p,
                                const struct strv *words, const int out[2])
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	dup2(null, STDIN_FILENO);
	dup2(out[0], STDOUT_FILENO);
	dup2(out[1], STDERR_FILENO);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	exit(run(file, p->caller.uid, is_operator(p), (int)words->len, words->v));
}

static bool open_pipes(struct errand *e, int ends[2])
{
	int out[2], err[2];

	if (pipe2(out, O_CLOEXEC) != 0)
		return false;
	if (pipe2(err, O_CLOEXEC) != 0) {
		close(out[0]);
		close(out[1]);
		return false;
	}
	e->fd[0] = out[0];
	e->fd[1] = err[0];
	ends[0] = out[1];
	ends[1] = err[1];
	return true;
}

static void shut(struct errand *e)
{
	for (int i = 0; i < 2; i++) {
		if (e->fd[i] >= 0)
			close(e->fd[i]);
		e->fd[i] = -1;
	}
}

static void frame(struct errand *e, int stream, const char *p, size_t n)
{
	buf_printf(&e->out, "%d %zu\n", stream, n);
	buf_add(&e->out, p, n);
}

static void finish(struct errand *e, int code)
{
	buf_printf(&e->out, "0 %d\n", code);
}

bool errand_start(struct errand *e, errand_function *run, const char *file, const struct peer *p,
                  const struct strv *words, void (*forget)(void *arg), void *arg)
{
	static const char sorry[] = "mailchute: no process to be had\n";
	int ends[2];

	*e = (struct errand){ .fd = { -1, -1 } };
	buf_init(&e->out, OUT_MAX);
	fflush(NULL);
	if (open_pipes(e, ends)) {
		e->pid = fork();
		if (e->pid == 0) {
			forget(arg);
			be_errand(run, file, p, words, ends);
		}
		close(ends[0]);
		close(ends[1]);
		if (e->pid > 0) {
			e->until = deadline_in(ERRAND_MS);
			return true;
		}
		shut(e);
	}
	e->pid = 0;
	frame(e, 2, sorry, sizeof(sorry) - 1);
	finish(e, EX_TEMPFAIL);
	return false;
}

static void read_stream(struct errand *e, int i)
{
	char block[8192];
	ssize_t n = io_read(e->fd[i], block, sizeof(block));

	if (n > 0) {
		frame(e, i + 1, block, (size_t)n);
		return;
	}
	close(e->fd[i]);
	e->fd[i] = -1;
}

static void out_ready(void *arg, short events)
{
	(void)events;
	read_stream(arg, 0);
}

static void err_ready(void *arg, short events)
{
	(void)events;
	read_stream(arg, 1);
}

void errand_watch(struct errand *e, struct loop *l)
{
	if (e->pid == 0)
		return;
	loop_until(l, e->until);
	if (e->out.len >= OUT_ENOUGH)
		return;
	if (e->fd[0] >= 0)
		loop_watch(l, e->fd[0], POLLIN, out_ready, e);
	if (e->fd[1] >= 0)
		loop_watch(l, e->fd[1], POLLIN, err_ready, e);
}

static int exit_code(struct errand *e)
{
	int status = 0;

	waitpid(e->pid, &status, 0);
	e->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_TEMPFAIL;
}

bool errand_is_over(struct errand *e)
{
	if (e->pid == 0)
		return true;
	if (deadline_poll(e->until) == 0) {
		kill(e->pid, SIGKILL);
		shut(e);
	}
	if (e->fd[0] >= 0 || e->fd[1] >= 0)
		return false;
	finish(e, exit_code(e));
	return true;
}

void errand_stop(struct errand *e)
{
	if (e->pid != 0) {
		kill(e->pid, SIGKILL);
		shut(e);
		exit_code(e);
	}
	buf_release(&e->out);
}
