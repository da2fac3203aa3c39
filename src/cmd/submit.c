#include "cmd/submit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cmd/keep.h"
#include "cmd/process.h"
#include "cmd/report.h"
#include "config/config.h"
#include "deliver/deliver.h"
#include "deliver/maillog.h"
#include "deliver/result.h"
#include "mail/message.h"
#include "route/prepare.h"

/* A message on its way. */
struct work {
	const struct submission *s;
	const struct options *options;
	struct config   config;
	struct message  message;
	struct prepared mail;
};

static void work_init(struct work *w, const struct submission *s)
{
	*w = (struct work){ .s = s, .options = s->options };
	config_init(&w->config);
	message_init(&w->message);
	prepared_init(&w->mail);
}

static void work_release(struct work *w)
{
	prepared_release(&w->mail);
	message_release(&w->message);
	config_release(&w->config);
}

static bool load(struct work *w, struct status *st)
{
	bool ok = config_load(&w->config, w->options->config, st);

	report_open_log(ok ? &w->config.settings : NULL);
	/* The caller's directory is not ours to hold for the hours that input may take. */
	return ok && (chdir("/") == 0 || status_fail(st, EX_OSERR, "cannot change to /"));
}

static bool read_input(struct work *w, struct status *st)
{
	struct message_options how = {
		.dots_are_text = w->options->dots_are_text || w->config.settings.ignore_dots,
		.max_octets = w->config.settings.max_message,
	};

	if (!message_read(&w->message, w->s->input, &how, st))
		return false;
	if (w->s->commit)
		process_commit();
	return true;
}

/* Octets that no server would take are changed, but not without a word. */
static void log_changes(const struct work *w)
{
	struct log_event *e;

	if (w->message.nuls == 0 && w->message.lone_crs == 0)
		return;
	e = log_event("changed");
	log_text(e, "id", w->mail.id);
	log_number(e, "nul_dropped", w->message.nuls);
	log_number(e, "cr_to_blank", w->message.lone_crs);
	log_send(e);
}

/* What recipients_add refused: deliver() does not see them. */
static void log_refused(const struct work *w)
{
	struct maillog log = {
		.id = w->mail.id,
		.uid = getuid(),
		.account = w->mail.route.account->name,
		.size = message_octets(&w->message),
		.tag = w->options->request.tag,
	};

	for (size_t i = 0; i < w->mail.envelope.len; i++)
		if (w->mail.envelope.v[i].state == RECIPIENT_FAILED)
			maillog_recipient(&log, w->mail.envelope.sender, &w->mail.envelope.v[i]);
}

static const struct trace *trace(const struct work *w)
{
	return w->options->verbose > 0 ? &report_trace : NULL;
}

static void report(const struct work *w)
{
	if (w->options->request.errors != ERRORS_QUIET)
		report_result(w->s->program, &w->mail.envelope, w->mail.route.account->name);
}

/* Nothing is kept: the exit code is the server's answer. */
static int send_now(struct work *w)
{
	struct delivery d = {
		.config = &w->config,
		.account = w->mail.route.account,
		.envelope = &w->mail.envelope,
		.message = &w->message,
		.trace = trace(w),
		.log = true,
		.id = w->mail.id,
		.tag = w->options->request.tag,
		.uid = getuid(),
		.tries = 1,
	};
	int code;

	if (envelope_count(&w->mail.envelope, RECIPIENT_WAITING) > 0)
		deliver(&d);
	code = result_exit(&w->mail.envelope);
	if (code != EX_OK)
		report(w);
	return code;
}

static int refuse(const struct work *w, const struct status *st)
{
	struct log_event *e = log_event("rejected");

	process_drain(w->s->input);
	log_text(e, "id", w->mail.id);
	log_number(e, "uid", getuid());
	log_text(e, "from", w->options->request.sender);
	log_text(e, "error", st->text);
	log_text(e, "tag", w->options->request.tag);
	log_send(e);
	if (w->options->request.errors != ERRORS_QUIET)
		report_failure(w->s->program, st);
	return st->sysexit;
}

/* Whether there is a queue, and what to do once the message is in it: -od, else `deliver`. */
static bool is_kept(const struct work *w, enum keep_then *then)
{
	static const enum keep_then asked[] = {
		[DELIVERY_WAIT] = KEEP_TRIED,
		[DELIVERY_BACKGROUND] = KEEP_SENDING,
		[DELIVERY_QUEUE] = KEEP_ONLY,
	};
	enum deliver_mode configured = w->config.settings.deliver;

	if (w->s->now || configured == DELIVER_NOW)
		return false;
	*then = configured == DELIVER_QUEUE ? KEEP_ONLY : KEEP_TRIED;
	if (w->options->request.delivery != DELIVERY_DEFAULT)
		*then = asked[w->options->request.delivery];
	/* Who wants to see the dialogue waits for it. */
	if (*then == KEEP_SENDING && w->options->verbose > 0)
		*then = KEEP_TRIED;
	return true;
}

/* A person may wonder. */
static void report_kept(const struct work *w)
{
	if (w->options->request.errors == ERRORS_QUIET || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "%s: kept in the queue as %s, to be tried again\n", w->s->program, w->mail.id);
	report(w);
}

static int send_by_queue(struct work *w, enum keep_then then)
{
	struct keep k = {
		.config = &w->config,
		.account = w->mail.route.account,
		.id = w->mail.id,
		.tag = w->options->request.tag,
		.trace = trace(w),
		.then = then,
		.by_mail = w->options->request.errors == ERRORS_MAIL && *w->mail.envelope.sender != '\0',
	};
	struct status st;
	bool kept;
	int code;

	if (!keep_message(&k, &w->message, &w->mail.envelope, &kept, &st))
		return refuse(w, &st);
	if (kept && then == KEEP_TRIED)
		report_kept(w);
	code = kept || k.by_mail ? EX_OK : result_exit(&w->mail.envelope);
	if (code != EX_OK)
		report(w);
	return code;
}

static int send_message(struct work *w)
{
	enum keep_then then;

	log_changes(w);
	log_refused(w);
	/* Where no recipient is an address there is nothing to keep. */
	if (!is_kept(w, &then) || envelope_count(&w->mail.envelope, RECIPIENT_WAITING) == 0)
		return send_now(w);
	return send_by_queue(w, then);
}

int submit(const struct submission *s)
{
	struct caller who = { .uid = getuid() };
	struct work w;
	struct status st;
	int code;

	work_init(&w, s);
	if (load(&w, &st) && read_input(&w, &st)
	    && prepare(&w.mail, &w.config, &who, &w.options->request, &w.message, &st))
		code = send_message(&w);
	else
		code = refuse(&w, &st);
	work_release(&w);
	return code;
}
