#include "net/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"

/* Answer and be gone, without any of the parent's handlers at exit. */
static _Noreturn void be_child(int fd, void (*ask)(const void *question, void *answer),
                               const void *question, void *answer, size_t size)
{
	ask(question, answer);
	_exit(io_write_all(fd, answer, size) ? EX_OK : EX_OSERR);
}

/* The whole answer, or false: it is late, or the child died. */
static bool read_answer(int fd, char *answer, size_t size, deadline until)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t have = 0;
	ssize_t n;
	int ready;

	while (have < size) {
		do
			ready = poll(&p, 1, deadline_poll(until));
		while (ready < 0 && errno == EINTR);
		if (ready <= 0)
			return false;
		if ((n = io_read(fd, answer + have, size - have)) <= 0)
			return false;
		have += (size_t)n;
	}
	return true;
}

/* Late or not, the child is gone afterwards. */
static void reap(pid_t child)
{
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

bool aside(void (*ask)(const void *question, void *answer), const void *question, void *answer,
           size_t size, deadline until, struct status *st)
{
	int ends[2];
	pid_t child;
	bool ok;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return status_fail(st, EX_OSERR, "cannot make a pipe: %s", strerror(errno));
	if ((child = fork()) == 0)
		be_child(ends[1], ask, question, answer, size);
	close(ends[1]);
	if (child < 0) {
		close(ends[0]);
		return status_fail(st, EX_OSERR, "cannot fork: %s", strerror(errno));
	}
	ok = read_answer(ends[0], answer, size, until);
	close(ends[0]);
	reap(child);
	return ok || status_defer(st, WAIT_HOST, EX_TEMPFAIL, "DNS did not answer%s (check the resolver)",
	                          deadline_poll(until) == 0 ? " in time" : "");
}
