#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/process.h"
#include "unit.h"

/* What a process may do to itself, in one of its own; its exit code. */
static int in_child(void (*f)(void))
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		f();
		_exit(EX_OK);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "killed by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

/* The same, and what it said on stderr. */
static int in_child_saying(void (*f)(void), char *said, size_t size)
{
	int ends[2], keep = dup(STDERR_FILENO), code;
	ssize_t n;

	ck_assert_int_eq(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	code = in_child(f);
	dup2(keep, STDERR_FILENO);
	close(ends[1]);
	close(keep);
	n = read(ends[0], said, size - 1);
	said[n > 0 ? n : 0] = '\0';
	close(ends[0]);
	return code;
}

/* Children say by their exit code where it went wrong. */
static void must(bool ok, int code)
{
	if (!ok)
		_exit(code);
}

static void start_without_descriptors(void)
{
	char c = 'x';

	dup2(STDERR_FILENO, 7);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	process_start(0);
	must(read(STDIN_FILENO, &c, 1) < 0 && errno == EBADF, 1);
	must(write(STDOUT_FILENO, &c, 1) == 1, 2);
	must(write(STDERR_FILENO, &c, 1) == 1, 3);
	must(fcntl(7, F_GETFD) < 0, 4);
}

static void start_with_one_missing(void)
{
	struct stat before, after;

	must(fstat(STDERR_FILENO, &before) == 0, 1);
	close(STDOUT_FILENO);
	process_start(0);
	must(fstat(STDERR_FILENO, &after) == 0 && before.st_ino == after.st_ino, 2);
	must(fcntl(STDOUT_FILENO, F_GETFD) >= 0, 3);
}

START_TEST(descriptors)
{
	ck_assert_int_eq(in_child(start_without_descriptors), EX_OK);
	ck_assert_int_eq(in_child(start_with_one_missing), EX_OK);
}
END_TEST

static void start_with_strange_signals(void)
{
	sigset_t set;

	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	process_start(0);
	must(sigprocmask(SIG_BLOCK, NULL, &set) == 0, 1);
	for (int signo = 1; signo < SIGSYS; signo++)
		must(!sigismember(&set, signo), 2);
	must(signal(SIGCHLD, SIG_DFL) == SIG_DFL, 3);
	must(signal(SIGTERM, SIG_DFL) == SIG_DFL, 4);
	must(signal(SIGPIPE, SIG_DFL) == SIG_IGN, 5);
	must(signal(SIGXFSZ, SIG_DFL) == SIG_IGN, 6);
}

static void start_with_strange_masks(void)
{
	umask(0);
	unsetenv("PATH");
	process_start(0);
	must(umask(0) == 077, 1);
	must(getenv("PATH") != NULL, 2);
}

START_TEST(signals_and_masks)
{
	ck_assert_int_eq(in_child(start_with_strange_signals), EX_OK);
	ck_assert_int_eq(in_child(start_with_strange_masks), EX_OK);
}
END_TEST

static const int discarding[] = { SIGHUP, SIGINT, SIGTERM };
static int the_signal;

static void interrupted_while_reading(void)
{
	process_discard_on_signal("sendmail");
	raise(the_signal);
}

START_TEST(a_signal_discards)
{
	char said[200];

	the_signal = discarding[_i];
	ck_assert_int_eq(in_child_saying(interrupted_while_reading, said, sizeof(said)), EX_TEMPFAIL);
	ck_assert_str_eq(said, "sendmail: interrupted before the end of the message: nothing was sent\n");
}
END_TEST

static void interrupted_while_sending(void)
{
	process_discard_on_signal("sendmail");
	process_commit();
	raise(SIGHUP);
	raise(SIGTERM);
	raise(the_signal);
}

START_TEST(after_the_end_only_a_person_interrupts)
{
	char said[200];

	the_signal = SIGTERM;
	ck_assert_int_eq(in_child_saying(interrupted_while_sending, said, sizeof(said)), EX_OK);
	ck_assert_str_eq(said, "");
	the_signal = SIGINT;
	ck_assert_int_eq(in_child_saying(interrupted_while_sending, said, sizeof(said)), EX_TEMPFAIL);
	ck_assert_ptr_nonnull(strstr(said, "may have been sent or not"));
}
END_TEST

START_TEST(drains_to_the_end)
{
	static char block[50000];
	int ends[2];
	char c;

	ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
	ck_assert_int_gt(write(ends[1], block, sizeof(block)), 0);
	if (fork() == 0) {
		usleep(50000);
		must(write(ends[1], "more", 4) == 4, 1);
		_exit(EX_OK);
	}
	close(ends[1]);
	process_drain(ends[0]);
	ck_assert_int_eq(read(ends[0], &c, 1), 0);
	close(ends[0]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cmd/process");
	TCase *tc = tcase_create("process");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, descriptors);
	tcase_add_test(tc, signals_and_masks);
	tcase_add_loop_test(tc, a_signal_discards, 0, 3);
	tcase_add_test(tc, after_the_end_only_a_person_interrupts);
	tcase_add_test(tc, drains_to_the_end);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
