#include "compat.h"
#include "cmd/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/io.h"

/*
 * What was not open is opened in order, so each gets its own number.  Reading
 * 0 must fail: an empty message is not what the caller meant.
 */
static void open_missing(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0
		    && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDWR) != fd)
			_exit(EX_IOERR);
}

static void reset_signals(void)
{
	sigset_t none;

	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL); /* refused for SIGKILL and the like */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void process_start(int handed_over)
{
	static const struct rlimit no_core = { 0, 0 };

	open_missing();
	closefrom(STDERR_FILENO + 1 + handed_over);
	umask(077);
	reset_signals();
	setrlimit(RLIMIT_CORE, &no_core);
	setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 0);
}

/* For the handlers; set before they are. */
static const char *program_name;

static void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

/*
 * Ending in the handler is safe and leaves no race: nothing was promised to
 * anyone, and only functions that may be called here are.
 */
static void discard(int signo)
{
	(void)signo;
	say(program_name);
	say(": interrupted before the end of the message: nothing was sent\n");
	_exit(EX_TEMPFAIL);
}

static void abandon(int signo)
{
	(void)signo;
	say(program_name);
	say(": interrupted while sending: the message may have been sent or not\n");
	_exit(EX_TEMPFAIL);
}

static void handle(int signo, void (*handler)(int))
{
	struct sigaction act = { .sa_handler = handler, .sa_flags = SA_RESTART };

	sigfillset(&act.sa_mask);
	sigaction(signo, &act, NULL);
}

void process_discard_on_signal(const char *program)
{
	program_name = program;
	handle(SIGHUP, discard);
	handle(SIGINT, discard);
	handle(SIGTERM, discard);
}

void process_commit(void)
{
	handle(SIGHUP, SIG_IGN);
	handle(SIGINT, abandon);
	handle(SIGTERM, SIG_IGN);
}

void process_drain(int fd)
{
	char block[8192];

	if (isatty(fd))
		return;
	while (io_read_patiently(fd, block, sizeof(block)) > 0)
		;
}

int process_end(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	perror("mailchute: standard output");
	return code == EX_OK ? EX_IOERR : code;
}
