#include "cmd/submit.h"

#include <stdio.h>
#include <unistd.h>

#include "cmd/post.h"
#include "cmd/process.h"
#include "cmd/report.h"
#include "config/config.h"
#include "deliver/result.h"
#include "mail/message.h"

/* A message on its way. */
struct work {
	const struct submission *s;
	const struct options *options;
	struct config  config;
	struct message message;
	struct post    post;
};

static void work_init(struct work *w, const struct submission *s)
{
	*w = (struct work){ .s = s, .options = s->options };
	config_init(&w->config);
	message_init(&w->message);
	w->post = (struct post){
		.config = &w->config,
		.request = &w->options->request,
		.message = &w->message,
		.trace = report_trace(w->options->verbose),
		.now = s->now,
		.told = w->options->request.errors == ERRORS_MAIL ? TELL_SENDER : TELL_CALLER,
	};
	post_init(&w->post);
}

static void work_release(struct work *w)
{
	post_release(&w->post);
	message_release(&w->message);
	config_release(&w->config);
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

static bool is_quiet(const struct work *w)
{
	return w->options->request.errors == ERRORS_QUIET;
}

static int refuse(const struct work *w, const struct status *st)
{
	process_drain(w->s->input);
	post_log_rejected(&w->post, st);
	if (!is_quiet(w))
		report_failure(w->s->program, st);
	return st->sysexit;
}

static void report(const struct work *w)
{
	const struct prepared *part = &w->post.mail;

	for (; !is_quiet(w) && part != NULL; part = w->post.queued ? NULL : part->next)
		report_result(w->s->program, &part->envelope, part->route.account->name);
}

/* A person may wonder. */
static bool wants_words(const struct work *w)
{
	return !is_quiet(w) && isatty(STDERR_FILENO);
}

static void report_kept(const struct work *w)
{
	if (!wants_words(w))
		return;
	fprintf(stderr, "%s: kept in the queue as %s, to be tried again\n", w->s->program, w->post.mail.id);
	report(w);
}

static void report_held(const struct work *w)
{
	for (const struct prepared *part = &w->post.mail; part != NULL; part = part->next)
		if (part->held && wants_words(w))
			fprintf(stderr, "%s: held in the queue as %s: allow_to does not name its recipients\n",
			        w->s->program, part->id);
}

static int finish(const struct work *w)
{
	const struct post *p = &w->post;
	const struct prepared *worst = post_worst(p);
	int code = worst != NULL ? result_exit(&worst->envelope) : EX_OK;

	if (p->kept && p->tried)
		report_kept(w);
	if (p->queued)
		report_held(w);
	if (p->kept || (p->queued && p->told == TELL_SENDER))
		return EX_OK;
	if (code != EX_OK)
		report(w);
	return code;
}

int submit(const struct submission *s)
{
	struct work w;
	struct status st;
	int code;

	work_init(&w, s);
	if (post_configure(&w.config, s->options->config, &st) && read_input(&w, &st) && post(&w.post, &st))
		code = finish(&w);
	else
		code = refuse(&w, &st);
	work_release(&w);
	return code;
}
