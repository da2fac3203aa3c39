#include "cmd/send.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/io.h"
#include "base/str.h"
#include "cmd/door.h"
#include "cmd/handover.h"
#include "cmd/options.h"
#include "cmd/report.h"
#include "cmd/submit.h"
#include "config/place.h"
#include "mail/compose.h"

static const char program[] = "mailchute";

struct order {
	struct composition mail;
	const char *body;          /* a file; NULL: standard input */
	unsigned verbose;
};

static void order_release(struct order *o)
{
	strv_release(&o->mail.to);
	strv_release(&o->mail.cc);
	strv_release(&o->mail.bcc);
	strv_release(&o->mail.files);
}

/* --- the command line --- */

static bool take(struct order *o, int option, const char *value)
{
	switch (option) {
	case 'f':
		o->mail.from = value;
		break;
	case 't':
		strv_add(&o->mail.to, value);
		break;
	case 'c':
		strv_add(&o->mail.cc, value);
		break;
	case 'b':
		strv_add(&o->mail.bcc, value);
		break;
	case 's':
		o->mail.subject = value;
		break;
	case 'B':
		o->body = value;
		break;
	case 'a':
		strv_add(&o->mail.files, value);
		break;
	case 'v':
		o->verbose++;
		break;
	default:
		return false;
	}
	return true;
}

static bool parse(struct order *o, const struct call *call)
{
	static const struct option rows[] = {
		{ "from", required_argument, NULL, 'f' },
		{ "to", required_argument, NULL, 't' },
		{ "cc", required_argument, NULL, 'c' },
		{ "bcc", required_argument, NULL, 'b' },
		{ "subject", required_argument, NULL, 's' },
		{ "body", required_argument, NULL, 'B' },
		{ "attach", required_argument, NULL, 'a' },
		{ "verbose", no_argument, NULL, 'v' },
		{ 0 },
	};
	int option;

	opterr = 0;
	optind = 1;
	while ((option = getopt_long(call->argc, call->argv, "v", rows, NULL)) != -1)
		if (!take(o, option, optarg))
			return false;
	for (int i = optind; i < call->argc; i++)
		strv_add(&o->mail.to, call->argv[i]);
	return o->mail.to.len + o->mail.cc.len + o->mail.bcc.len > 0;
}

/* --- sending it --- */

/* False: no daemon took it. */
static bool give(const struct order *o, int fd, int *code, struct status *st)
{
	const struct request request = { .header_recipients = true };
	const struct message_options how = { .dots_are_text = true };
	struct message m;
	const struct handover h = {
		.socket = DOOR_SOCKET,
		.request = &request,
		.message = &m,
		.trace = report_trace(o->verbose),
		.step_ms = DOOR_STEP_MS,
		.answer_ms = HANDOVER_ANSWER_MS,
	};
	struct answer a;
	bool given;

	message_init(&m);
	answer_init(&a);
	given = message_read(&m, fd, &how, st) && handover(&h, &a);
	if (given)
		*code = report_answer(program, &a);
	answer_release(&a);
	message_release(&m);
	return given;
}

static int send_here(const struct order *o, const char *config, int fd)
{
	struct options options;
	struct submission s = { .options = &options, .program = program, .input = fd };

	options_init(&options);
	options.config = config;
	options.dots_are_text = true;
	options.verbose = o->verbose;
	options.request.header_recipients = true;
	return submit(&s);
}

static bool open_text(struct order *o, struct status *st)
{
	o->mail.text = STDIN_FILENO;
	if (o->body != NULL)
		o->mail.text = open(o->body, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return o->mail.text >= 0 || status_fail(st, EX_DATAERR, "%s: %s", o->body, strerror(errno));
}

static bool make(struct order *o, int fd, struct status *st)
{
	bool ok = (fd >= 0 || status_fail(st, EX_TEMPFAIL, "storing the message: %s", strerror(errno)))
	          && open_text(o, st) && compose(&o->mail, fd, st);

	if (o->body != NULL && o->mail.text >= 0)
		close(o->mail.text);
	return ok;
}

/* The way that sendmail would go. */
static int send_it(const struct order *o, const char *config, int fd)
{
	struct status st;
	int code;

	if (config == NULL && !place_has_own() && give(o, fd, &code, &st))
		return code;
	if (lseek(fd, 0, SEEK_SET) == 0)
		return send_here(o, config, fd);
	status_fail(&st, EX_TEMPFAIL, "reading the message again: %s", strerror(errno));
	report_failure(program, &st);
	return st.sysexit;
}

int send_command(const struct call *call)
{
	struct order o = { .mail = { .text = -1 } };
	struct status st;
	int fd, code;

	if (!parse(&o, call)) {
		order_release(&o);
		return command_usage(call);
	}
	fd = io_tmpfile();
	if (make(&o, fd, &st)) {
		code = send_it(&o, call->config, fd);
	} else {
		report_failure(program, &st);
		code = st.sysexit;
	}
	if (fd >= 0)
		close(fd);
	order_release(&o);
	return code;
}
