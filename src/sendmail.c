/*
 * The program that callers run.  It links libc alone and needs no right but
 * that to connect: mail goes to the daemon, which knows the configuration, its
 * passwords and the queue.  With a configuration of the caller's own, or where
 * no daemon is, it becomes `mailchute`, which does it all in one process.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/str.h"
#include "cmd/ask.h"
#include "cmd/door.h"
#include "cmd/handover.h"
#include "cmd/options.h"
#include "cmd/personality.h"
#include "cmd/process.h"
#include "cmd/report.h"
#include "config/place.h"
#include "smtp/extension.h"
#include "smtp/stdio.h"

static const char program[] = "sendmail";
static const char mailchute[] = BINDIR "/mailchute";

/* A call. */
struct front {
	const struct personality *as;
	struct options options;
	size_t argc;                   /* without the name */
	const char *const *args;
};

static const struct trace *trace(const struct front *f)
{
	return report_trace(f->options.verbose);
}

/* Callers write first and look afterwards: a refused call reads it all. */
static int refuse(const struct front *f, const struct status *st)
{
	process_drain(STDIN_FILENO);
	if (f->options.request.errors != ERRORS_QUIET)
		report_failure(program, st);
	return st->sysexit;
}

/* The same call in one process; `option` (or NULL) goes first.  Comes back only if that fails. */
static int become(const struct front *f, const char *option)
{
	struct strv words;
	struct status st;

	strv_init(&words);
	strv_add(&words, f->as->name);
	if (option != NULL)
		strv_add(&words, option);
	for (size_t i = 0; i < f->argc; i++)
		strv_add(&words, f->args[i]);
	execv(mailchute, words.v);
	status_fail(&st, EX_OSERR, "cannot run %s: %s", mailchute, strerror(errno));
	strv_release(&words);
	if (f->options.mode == MODE_DELIVER)
		return refuse(f, &st);
	report_failure(program, &st);
	return st.sysexit;
}

/* What was read of standard input is standard input again. */
static bool put_back(const struct message *m, struct status *st)
{
	int fd = io_tmpfile();
	bool ok = fd >= 0 && message_write(m, fd) && lseek(fd, 0, SEEK_SET) == 0
	          && dup2(fd, STDIN_FILENO) == STDIN_FILENO;

	if (!ok)
		status_fail(st, EX_TEMPFAIL, "keeping the message: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return ok;
}

/* -i: the lone dot was seen to. */
static int become_with(const struct front *f, const struct message *m)
{
	struct status st;

	return put_back(m, &st) ? become(f, "-i") : refuse(f, &st);
}

static int report(const struct front *f, const struct answer *a)
{
	return f->options.request.errors == ERRORS_QUIET ? a->sysexit : report_answer(program, a);
}

/* The request of an option's or a client's, to the daemon. */
static bool give(const struct front *f, const struct request *r, const struct message *m, struct answer *a)
{
	const struct handover h = {
		.socket = DOOR_SOCKET,
		.request = r,
		.message = m,
		.trace = trace(f),
		.step_ms = DOOR_STEP_MS,
		.answer_ms = HANDOVER_ANSWER_MS,
	};

	return handover(&h, a);
}

static int give_message(const struct front *f, const struct message *m)
{
	struct answer a;
	int code;

	answer_init(&a);
	if (give(f, &f->options.request, m, &a))
		code = report(f, &a);
	else
		code = become_with(f, m);
	answer_release(&a);
	return code;
}

/* --- a message on standard input --- */

/* What must be known before it is read.  False: no daemon. */
static bool knock(const struct front *f, struct message_options *how)
{
	struct door d;
	struct status st;
	bool there = door_open(&d, DOOR_SOCKET, DOOR_STEP_MS, NULL, &st);

	*how = (struct message_options){
		.dots_are_text = f->options.dots_are_text || d.ignore_dots,
		.max_octets = d.max_message,
	};
	door_close(&d);
	return there;
}

static int deliver(const struct front *f)
{
	const struct request *r = &f->options.request;
	struct message_options how;
	struct message m;
	struct status st;
	int code;

	if (!knock(f, &how))
		return become(f, NULL);
	if (r->recipients_len == 0 && !r->header_recipients) {
		status_fail(&st, EX_USAGE, "no recipients; -t would take those in the header");
		return refuse(f, &st);
	}
	message_init(&m);
	if (message_read(&m, STDIN_FILENO, &how, &st)) {
		process_commit();
		code = give_message(f, &m);
	} else {
		code = refuse(f, &st);
	}
	message_release(&m);
	return code;
}

/* --- SMTP on standard input --- */

struct session {
	const struct front *front;
	struct smtpd *smtpd;
};

static void take_message(void *arg, const struct request *r, struct message *m)
{
	const struct session *s = arg;
	struct answer a;

	answer_init(&a);
	if (give(s->front, r, m, &a))
		smtpd_answer(s->smtpd, a.code, a.sysexit, a.text.data);
	else
		smtpd_answer(s->smtpd, 451, EX_TEMPFAIL, "4.3.2 the daemon is gone, try again later");
	answer_release(&a);
}

static const struct smtpd_ops session_ops = { .message = take_message };

static int speak(const struct front *f)
{
	struct session s = { .front = f };
	struct door d;
	struct status st;
	bool there = door_open(&d, DOOR_SOCKET, DOOR_STEP_MS, NULL, &st);
	int code;

	if (there)
		s.smtpd = smtpd_new(&(struct smtpd_options){ .name = d.host, .max_message = d.max_message },
		                    &session_ops, &s);
	door_close(&d);
	if (!there)
		return become(f, NULL);
	code = smtp_stdio(s.smtpd, STDIO_IDLE_MS);
	smtpd_free(s.smtpd);
	return code;
}

/* --- the rest --- */

static int ask_daemon(const struct front *f)
{
	struct strv words;
	bool there;
	int code;

	strv_init(&words);
	strv_add(&words, program);
	for (size_t i = 0; i < f->as->n; i++)
		strv_add(&words, f->as->options[i]);
	for (size_t i = 0; i < f->argc; i++)
		strv_add(&words, f->args[i]);
	there = ask(DOOR_SOCKET, &words, &code);
	strv_release(&words);
	return there ? code : become(f, NULL);
}

static int in_one_process(const struct front *f)
{
	return become(f, NULL);
}

static int show_version(const struct front *f)
{
	(void)f;
	puts("mailchute " VERSION);
	return EX_OK;
}

static int (*const modes[])(const struct front *f) = {
	[MODE_DELIVER] = deliver,
	[MODE_SMTP] = speak,
	[MODE_MAILQ] = ask_daemon,
	[MODE_NEWALIASES] = in_one_process,
	[MODE_RESOLVE] = ask_daemon,
	[MODE_VERSION] = show_version,
	[MODE_RUN_QUEUE] = ask_daemon,
};

static int run(const struct front *f)
{
	if (f->options.mode != MODE_VERSION && (f->options.config != NULL || place_has_own()))
		return become(f, NULL);
	return modes[f->options.mode](f);
}

int main(int argc, char **argv)
{
	struct front f = {
		.as = personality_of(argv[0]),
		.argc = argc > 0 ? (size_t)argc - 1 : 0,
		.args = (const char *const *)argv + (argc > 0),
	};
	struct status st;

	process_start(0);
	if (!personality_parse(f.as, &f.options, f.argc, f.args, &st))
		return process_end(personality_usage(&f.options, &st));
	if (f.options.mode != MODE_SMTP) /* which says nothing on stderr */
		process_discard_on_signal(program);
	return process_end(run(&f));
}
