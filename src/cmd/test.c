#include "cmd/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/io.h"
#include "base/str.h"
#include "cmd/ask.h"
#include "cmd/door.h"
#include "cmd/handover.h"
#include "cmd/options.h"
#include "cmd/post.h"
#include "cmd/report.h"
#include "cmd/sheet.h"
#include "config/place.h"
#include "deliver/result.h"
#include "smtp/extension.h"

/* What is to be sent, and as whose. */
struct test {
	const char *config;        /* -C, or NULL */
	const char *sender;        /* -f, or NULL */
	const char *address;
	struct request request;
	struct message message;
};

/* What completing it adds is a part of the test: no From, no Date, no Message-ID. */
static bool write_message(int fd, const char *address)
{
	char host[256] = "";
	struct buf text;
	bool ok;

	gethostname(host, sizeof(host) - 1);
	buf_init(&text, 4096);
	buf_printf(&text,
	           "To: %s\n"
	           "Subject: Test message from %s\n"
	           "Auto-Submitted: auto-generated\n"
	           "\n"
	           "mailchute on %s sent this message as a test.\n"
	           "If you can read it, mail from there arrives.\n",
	           address, host, host);
	ok = buf_ok(&text) && io_write_all(fd, text.data, text.len) && lseek(fd, 0, SEEK_SET) == 0;
	buf_release(&text);
	return ok;
}

static bool make_message(struct test *t, struct status *st)
{
	const struct message_options how = { .dots_are_text = true };
	int fd = io_tmpfile();
	bool ok;

	ok = (fd >= 0 && write_message(fd, t->address)) || status_fail(st, EX_TEMPFAIL, "storing the message: %s",
	                                                                            strerror(errno));
	ok = ok && message_read(&t->message, fd, &how, st);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* --- by the daemon --- */

/* Words of the daemon's, a line each, the code in front gone. */
static void show_words(const char *label, enum paint p, const char *text)
{
	struct strv lines = { 0 };

	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.len; i++, label = "")
		sheet_painted(label, p, "%s", lines.v[i] + reply_enhanced(lines.v[i]));
	strv_release(&lines);
}

static void show_answer(const struct answer *a)
{
	static const struct {
		const char *start;
		enum paint paint;
		const char *next;
	} known[] = {
		{ "2.0.0 accepted as ", PAINT_GOOD, "the server has it; the daemon's log says which, under this id" },
		{ EXTENSION_KEPT, PAINT_NOTE, "it waits: mailchute queue show ID, and mailchute check --online" },
		{ "2.0.0 queued as ", PAINT_NOTE, "it waits for its turn: mailchute queue show ID" },
	};

	for (size_t i = 0; i < COUNT_OF(known); i++) {
		if (a->sysexit != EX_OK || !str_starts(a->text.data, known[i].start))
			continue;
		show_words("Outcome:", known[i].paint, a->text.data);
		sheet_row("", "%s", known[i].next);
		return;
	}
	show_words("Refused:", PAINT_BAD, a->text.data);
}

/* Who it resolves to, by which account and which hosts, is the daemon's to know. */
static void show_route(const struct test *t)
{
	struct strv words = { 0 };
	int code;

	strv_add(&words, "sendmail");
	strv_add(&words, "-bv");
	if (t->sender != NULL) {
		strv_add(&words, "-f");
		strv_add(&words, t->sender);
	}
	strv_add(&words, "--");
	strv_add(&words, t->address);
	ask(DOOR_SOCKET, &words, &code);
	strv_release(&words);
}

/* False: no daemon takes it. */
static bool test_by_daemon(struct test *t, int *code)
{
	const struct handover h = {
		.socket = DOOR_SOCKET,
		.request = &t->request,
		.message = &t->message,
		.trace = report_trace(1),
		.step_ms = DOOR_STEP_MS,
		.answer_ms = HANDOVER_ANSWER_MS,
	};
	struct answer a;
	bool given;

	answer_init(&a);
	t->request.delivery = DELIVERY_WAIT;
	given = handover(&h, &a);
	if (given) {
		sheet_row("By:", "the daemon at %s", DOOR_SOCKET);
		fflush(stdout);
		show_route(t);
		show_answer(&a);
		*code = a.sysexit;
	}
	answer_release(&a);
	return given;
}

/* --- by this process --- */

static const char *or_none(const char *what)
{
	return *what != '\0' ? what : "none";
}

/* A Unix socket and a maildir have no port, and no TLS. */
static void show_passage(const struct passage *p)
{
	if (*p->host == '\0')
		return;
	if (p->port == 0) {
		sheet_row("Server:", "%s", p->host);
	} else if (*p->address == '\0') {
		sheet_row("Server:", "%s, port %u: no connection", p->host, (unsigned)p->port);
	} else {
		sheet_row("Server:", "%s (%s), port %u", p->host, p->address, (unsigned)p->port);
		sheet_row("TLS:", "%s", or_none(p->tls));
		sheet_row("Login:", "%s", or_none(p->auth));
	}
}

static void show_recipient(const struct recipient *r)
{
	static const struct {
		const char *words;
		enum paint paint;
	} states[] = {
		[RECIPIENT_WAITING] = { "not now", PAINT_NOTE },
		[RECIPIENT_SENT] = { "sent", PAINT_GOOD },
		[RECIPIENT_FAILED] = { "refused", PAINT_BAD },
	};

	sheet_row("To:", "%s", r->address);
	sheet_painted("Outcome:", states[r->state].paint, "%s: %s", states[r->state].words, r->status.text);
	if (r->state != RECIPIENT_SENT && r->status.remedy != NULL)
		sheet_row("To do:", "%s", r->status.remedy);
}

static void show_part(void *arg, const struct prepared *part, const struct passage *p)
{
	const struct route *r = &part->route;

	(void)arg;
	sheet_row("Account:", "%s, %s%s", r->account->name,
	          r->entry != NULL ? "by its from " : "which takes what no other does",
	          r->entry != NULL ? r->entry : "");
	sheet_row("From:", "<%s>", r->sender);
	show_passage(p);
	for (size_t i = 0; i < part->envelope.len; i++)
		show_recipient(&part->envelope.v[i]);
}

static int send_here(struct test *t, const struct config *c, struct status *st)
{
	struct post p = {
		.config = c,
		.request = &t->request,
		.message = &t->message,
		.trace = report_trace(1),
		.now = true,
		.went = show_part,
	};
	const struct prepared *worst;
	int code = EX_OK;

	post_init(&p);
	if (post(&p, st)) {
		worst = post_worst(&p);
		code = worst != NULL ? result_exit(&worst->envelope) : EX_OK;
	} else {
		code = st->sysexit;
		report_failure("mailchute", st);
	}
	post_release(&p);
	return code;
}

static int test_here(struct test *t)
{
	struct config c;
	struct status st;
	int code;

	config_init(&c);
	if (post_configure(&c, t->config, &st)) {
		code = send_here(t, &c, &st);
	} else {
		code = st.sysexit;
		report_failure("mailchute", &st);
	}
	config_release(&c);
	return code;
}

/* --- the command --- */

static bool parse(struct test *t, const struct call *call)
{
	bool named = call->argc == 4 && strcmp(call->argv[1], "-f") == 0;

	if (!named && call->argc != 2)
		return false;
	t->config = call->config;
	t->sender = named ? call->argv[2] : NULL;
	t->address = call->argv[call->argc - 1];
	t->request = (struct request){ .sender = t->sender, .recipients = &t->address, .recipients_len = 1 };
	return true;
}

/* The way that sendmail would go. */
static int run(struct test *t)
{
	int code;

	if (t->config == NULL && !place_has_own() && test_by_daemon(t, &code))
		return code;
	return test_here(t);
}

int test_command(const struct call *call)
{
	struct test t;
	struct status st;
	int code;

	if (!parse(&t, call))
		return command_usage(call);
	message_init(&t.message);
	if (make_message(&t, &st)) {
		code = run(&t);
	} else {
		report_failure("mailchute", &st);
		code = st.sysexit;
	}
	message_release(&t.message);
	return code;
}
