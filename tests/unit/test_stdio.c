#include <signal.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/io.h"
#include "smtp/stdio.h"
#include "unit.h"

#define GREETING "220 h ESMTP mailchute\r\n"

/* A process that speaks on our pipes. */
struct child {
	pid_t pid;
	int in, out;               /* ours: what it reads, and what it says */
};

static void take_message(void *arg, const struct request *r, struct message *m)
{
	struct smtpd *const *s = arg;

	(void)r, (void)m;
	smtpd_answer(*s, 250, EX_OK, "2.0.0 sent");
}

static _Noreturn void speak(int idle_ms)
{
	static const struct smtpd_ops ops = { .message = take_message };
	struct smtpd *s;

	s = smtpd_new(&(struct smtpd_options){ .name = "h" }, &ops, &s);
	_exit(smtp_stdio(s, idle_ms));
}

static void start(struct child *c, int idle_ms)
{
	int in[2], out[2];

	ck_assert_int_eq(pipe(in), 0);
	ck_assert_int_eq(pipe(out), 0);
	c->pid = fork();
	if (c->pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		for (int fd = STDERR_FILENO; fd < 20; fd++)
			close(fd);         /* nothing is ever said on stderr */
		speak(idle_ms);
	}
	close(in[0]);
	close(out[1]);
	c->in = in[1];
	c->out = out[0];
}

static void say(struct child *c, const char *text)
{
	ck_assert(io_write_all(c->in, text, strlen(text)));
}

/* All that it said until it ended, with that exit code. */
static void ends(struct child *c, int code, const char *said)
{
	struct buf text;
	int status;

	buf_init(&text, 10000);
	ck_assert(io_read_all(c->out, &text));
	ck_assert_str_eq(text.data, said);
	ck_assert_int_eq(waitpid(c->pid, &status, 0), c->pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), code);
	buf_release(&text);
	close(c->in);
	close(c->out);
}

/* Who says nothing for long enough is told so; the time starts anew with each word. */
START_TEST(idle)
{
	struct child c;

	ck_assert_int_ge(STDIO_IDLE_MS, 60 * 60 * 1000);
	start(&c, 300);
	usleep(200 * 1000);
	say(&c, "NOOP\r\n");
	usleep(200 * 1000);
	say(&c, "NOOP\r\n");
	ends(&c, EX_OK, GREETING "250 2.0.0 OK\r\n250 2.0.0 OK\r\n421 4.3.2 nothing was said for too long\r\n");
}
END_TEST

START_TEST(end_of_input)
{
	struct child c;

	start(&c, 60 * 1000);
	say(&c, "NOOP\nMAIL FROM:<a@x>\nRCPT TO:<b@y>\nDATA\nhalf");
	close(c.in);
	ends(&c, EX_OK, GREETING "250 2.0.0 OK\r\n250 2.1.0 OK\r\n250 2.1.5 OK\r\n"
	     "354 go ahead; end with a dot on a line of its own\r\n");
}
END_TEST

START_TEST(told_to_stop)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	struct child c;
	char greeting[sizeof(GREETING)] = "";

	start(&c, 60 * 1000);
	ck_assert_int_eq(read(c.out, greeting, sizeof(greeting) - 1), sizeof(greeting) - 1);
	kill(c.pid, signals[_i]);
	ends(&c, EX_OK, "421 4.3.2 the process is told to stop\r\n");
}
END_TEST

/* Who never reads is not waited for, either. */
START_TEST(does_not_read)
{
	struct child c;
	int status;
	char noops[60000];

	for (size_t i = 0; i + 6 <= sizeof(noops); i += 6)
		memcpy(noops + i, "HELP\r\n", 6);
	start(&c, 300);
	ck_assert(io_write_all(c.in, noops, sizeof(noops)));
	ck_assert_int_eq(waitpid(c.pid, &status, 0), c.pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), EX_IOERR);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smtp/stdio");
	TCase *tc = tcase_create("stdio");

	tcase_add_test(tc, idle);
	tcase_add_test(tc, end_of_input);
	tcase_add_loop_test(tc, told_to_stop, 0, 3);
	tcase_add_test(tc, does_not_read);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
