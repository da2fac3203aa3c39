#include "config/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "config/machine.h"

enum { COMMAND_MS = 30 * 1000, LOOK_MS = 20 };

static void restore_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void provide_home(void)
{
	char *home = getenv("HOME") == NULL ? machine_home() : NULL;

	if (home != NULL)
		setenv("HOME", home, 0);
	free(home);
}

/*
 * What the command says on stderr is for people only: success is silent, and a
 * shell that stumbles over a password prints it.
 */
static _Noreturn void become(const char *command, int out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setpgid(0, 0);
	restore_signals();
	provide_home();
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0
	    || !(isatty(STDERR_FILENO) || dup2(null, STDERR_FILENO) >= 0))
		_exit(126);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* Read what is there; true at the end. */
static bool take_output(int fd, struct buf *out)
{
	char block[4096];
	ssize_t n = io_read(fd, block, sizeof(block));

	if (n > 0)
		buf_add(out, block, (size_t)n);
	explicit_bzero(block, sizeof(block));
	return n == 0 || (n < 0 && errno != EAGAIN);
}

/*
 * Until the command has ended: something that it left running may hold the
 * pipe open for ever, so the end of the output alone does not decide.
 */
static bool wait_for(pid_t pid, int fd, struct buf *out, int *how)
{
	deadline until = deadline_in(COMMAND_MS);
	bool open = true, ended = false;

	while (!ended) {
		struct pollfd p = { .fd = open ? fd : -1, .events = POLLIN };

		if (deadline_poll(until) == 0)
			return false;
		if (poll(&p, 1, open ? LOOK_MS : 1) > 0)
			open = !take_output(fd, out);
		ended = waitpid(pid, how, WNOHANG) == pid;
	}
	while (open && poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0) > 0)
		open = !take_output(fd, out);
	return true;
}

static bool judge(int how, struct buf *out, struct status *st)
{
	if (WIFSIGNALED(how))
		return status_fail(st, EX_CONFIG, "the command was killed by signal %d", WTERMSIG(how));
	if (WEXITSTATUS(how) != 0)
		return status_fail(st, EX_CONFIG, "the command ended with exit code %d", WEXITSTATUS(how));
	if (memchr(out->data, '\0', out->len) != NULL)
		return status_fail(st, EX_CONFIG, "the command wrote a NUL");
	buf_truncate(out, strcspn(out->data, "\n"));
	if (out->len > 0 && out->data[out->len - 1] == '\r')
		buf_truncate(out, out->len - 1);
	if (!buf_ok(out) && out->len == out->max)
		return status_fail(st, EX_CONFIG, "the command's first line is too long");
	return out->len > 0 || status_fail(st, EX_CONFIG, "the command wrote nothing in its first line");
}

static bool attend(pid_t pid, int fd, struct buf *out, struct status *st)
{
	int how;

	setpgid(pid, pid); /* as the child does: whoever comes first */
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (wait_for(pid, fd, out, &how))
		return judge(how, out, st);
	kill(-pid, SIGKILL);
	waitpid(pid, &how, 0);
	return status_fail(st, EX_CONFIG, "the command took more than %d s", COMMAND_MS / 1000);
}

bool command_run(const char *command, struct buf *out, struct status *st)
{
	int ends[2];
	pid_t pid;
	bool ok;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return status_fail(st, EX_OSERR, "cannot make a pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0)
		become(command, ends[1]);
	close(ends[1]);
	ok = pid < 0 ? status_fail(st, EX_OSERR, "cannot fork: %s", strerror(errno))
	             : attend(pid, ends[0], out, st);
	close(ends[0]);
	return ok;
}
