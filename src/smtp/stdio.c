#include "smtp/stdio.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/alloc.h"

enum { BLOCK = 64 * 1024 };

/* SIGHUP, SIGINT and SIGTERM, to be read from a descriptor. */
static int take_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Never blocks for longer, whatever the caller made of it: a pipe that is writable has room for PIPE_BUF. */
static bool flush(struct buf *out, int idle_ms)
{
	struct pollfd writable = { .fd = STDOUT_FILENO, .events = POLLOUT };
	ssize_t n;
	int ready;

	while (out->len > 0) {
		ready = poll(&writable, 1, idle_ms);
		n = ready > 0 ? write(STDOUT_FILENO, out->data, out->len < PIPE_BUF ? out->len : PIPE_BUF) : ready;
		if (n > 0)
			buf_consume(out, (size_t)n);
		else if (ready == 0 || (errno != EAGAIN && errno != EINTR))
			return false;
	}
	return true;
}

/* What there is to read, 0 at the end and -1 for a failure; -2: there is nothing, and the session is over. */
static ssize_t receive(struct smtpd *s, int signals, char *block, int idle_ms)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	ssize_t n;

	do {
		int ready = poll(fds, 2, idle_ms);

		if (ready == 0 || (ready > 0 && fds[1].revents != 0)) {
			smtpd_end(s, ready == 0 ? "nothing was said for too long" : "the process is told to stop");
			return -2;
		}
		n = ready < 0 ? -1 : read(STDIN_FILENO, block, BLOCK);
	} while (n < 0 && (errno == EAGAIN || errno == EINTR));
	return n;
}

/* Between two messages of one piece the answer to the first goes out. */
static bool feed(struct smtpd *s, const char *p, size_t n, int idle_ms)
{
	bool ok = true;

	for (size_t at = 0; ok && at < n && smtpd_state(s) == SMTPD_READING; ok = flush(smtpd_out(s), idle_ms))
		at += smtpd_feed(s, p + at, n - at);
	return ok;
}

int smtp_stdio(struct smtpd *s, int idle_ms)
{
	char *block = alloc(BLOCK);
	int signals = take_signals();
	bool ok = flush(smtpd_out(s), idle_ms);
	ssize_t n = 1;

	while (ok && smtpd_state(s) == SMTPD_READING && (n = receive(s, signals, block, idle_ms)) > 0)
		ok = feed(s, block, (size_t)n, idle_ms);
	ok = flush(smtpd_out(s), idle_ms) && ok && n != -1;
	if (signals >= 0)
		close(signals);
	free(block);
	return ok ? EX_OK : EX_IOERR;
}
