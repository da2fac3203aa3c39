#include "serve/accept.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "deliver/first.h"
#include "deliver/maillog.h"

void intake_init(struct intake *i, const struct peer *p, const struct request *r, struct message *m)
{
	*i = (struct intake){ .peer = p, .request = r, .message = m };
	prepared_init(&i->mail);
}

void intake_release(struct intake *i, struct queue *q)
{
	parts_release(&i->parts, q);
	prepared_release(&i->mail);
}

/* --- the log --- */

static struct log_event *event_of(const char *name, const struct intake *i)
{
	struct log_event *e = log_event(name);

	log_text(e, "id", i->mail.id);
	maillog_uid(e, i->peer->caller.uid);
	if (i->peer->pid != 0)
		log_number(e, "pid", (uint64_t)i->peer->pid);
	log_text(e, "program", *i->peer->program != '\0' ? i->peer->program : NULL);
	return e;
}

static void log_rejected(const struct intake *i)
{
	struct log_event *e = event_of("rejected", i);

	log_text(e, "from", i->request->sender);
	log_text(e, "error", i->st.text);
	log_text(e, "tag", i->request->tag);
	log_send(e);
}

static void log_accepted(const struct intake *i)
{
	const char *program = *i->peer->program != '\0' ? i->peer->program : NULL;
	struct log_event *e;

	maillog_changes(event_of("changed", i), i->message);
	parts_log(&i->mail, &i->info, program, i->peer->pid, i->message);
	if (!i->info.held)
		return;
	e = event_of("held", i);
	log_text(e, "limit", i->bite.rule);
	log_send(e);
}

/* --- a limit that bites --- */

static bool write_notice(struct message *m, const struct intake *i)
{
	struct buf text;
	bool ok;

	header_insert(&m->header, m->header.len, "Subject", "mailchute: a user sends more than the limit allows");
	header_insert(&m->header, m->header.len, "Auto-Submitted", "auto-generated");
	buf_init(&text, 8192);
	if (i->peer->caller.tcp)
		buf_puts(&text, "A caller by TCP");
	else
		buf_printf(&text, "The user with uid %lu", (unsigned long)i->peer->caller.uid);
	buf_printf(&text, " has reached the limit\r\n\r\n    limit %s\r\n\r\nwith the message %s.  What comes of such mail "
	           "is in the log; of this limit\r\nyou will hear no more until it has been kept for a while.\r\n",
	           i->bite.rule, i->mail.id);
	ok = buf_ok(&text) && message_add_body(m, text.data, text.len);
	buf_release(&text);
	return ok;
}

/* To the operator, by the way that all mail goes. */
static bool post_notice(const struct acceptor *a, const struct intake *i, struct status *st)
{
	const char *to = a->config->settings.operator_address;
	const struct request request = { .sender = "", .recipients = &to, .recipients_len = 1 };
	const struct caller who = { .uid = geteuid() };
	struct prepared mail;
	struct message m;
	bool ok;

	prepared_init(&mail);
	message_init(&m);
	ok = write_notice(&m, i) && prepare(&mail, a->config, &who, &request, &m, st);
	for (const struct prepared *part = &mail; ok && part != NULL; part = part->next) {
		const struct queue_info info = {
			.account = part->route.account->name,
			.uid = who.uid,
			.arrived = time(NULL),
			.held = part->held,
		};

		ok = queue_add(a->queue, part->id, &info, &part->envelope, &m, NULL, NULL, st);
	}
	message_release(&m);
	prepared_release(&mail);
	return ok;
}

static void tell_of_bite(const struct acceptor *a, const struct intake *i)
{
	struct status st = { .sysexit = EX_OK };
	struct log_event *e;

	if (!i->bite.first)
		return;
	e = event_of("limited", i);
	log_text(e, "limit", i->bite.rule);
	if (a->config->settings.operator_address != NULL && !post_notice(a, i, &st))
		log_text(e, "error", st.text);
	log_send(e);
}

/* --- one message --- */

bool accept_has_room(const struct acceptor *a, struct status *st)
{
	const struct queue_limits most = parts_limits(&a->config->settings);

	if (queue_census(a->queue, &most, a->census, st) && queue_has_room(&most, &a->census->usage, 0, st))
		return true;
	st->wait = WAIT_HOST;
	return false;
}

/* Somebody it can go to. */
static bool has_recipient(struct intake *i)
{
	const struct envelope *e = &i->mail.envelope;

	if (envelope_count(e, RECIPIENT_WAITING) > 0)
		return true;
	i->st = e->v[0].status;
	return false;
}

static size_t count_recipients(const struct intake *i)
{
	size_t n = 0;

	for (const struct prepared *part = &i->mail; part != NULL; part = part->next)
		n += part->envelope.len;
	return n;
}

static bool is_within_limits(const struct acceptor *a, struct intake *i)
{
	enum policy_verdict verdict;

	verdict = policy_count(a->policy, &a->config->settings, i->peer, count_recipients(i), clock_now(),
	                       &i->bite, &i->st);
	i->info.held = verdict == POLICY_HOLD;
	return verdict == POLICY_PASS || verdict == POLICY_HOLD;
}

static bool fits(const struct acceptor *a, struct intake *i)
{
	const struct queue_limits most = parts_limits(&a->config->settings);

	i->full = !parts_fit(&i->mail, message_octets(i->message), &most, &a->census->usage, &i->st);
	return !i->full;
}

static bool stage(const struct acceptor *a, struct intake *i)
{
	bool owes = first_owes(&i->mail.envelope);

	i->wait = i->request->delivery == DELIVERY_WAIT && !i->info.held && !i->mail.held;
	i->attempted = owes || i->wait;
	i->info = (struct queue_info){
		.tag = (char *)i->request->tag,
		.uid = i->peer->caller.uid,
		.arrived = time(NULL),
		.held = i->info.held,
		.sending = i->attempted,
	};
	return parts_stage(&i->parts, a->queue, &i->mail, &i->info, i->message, &i->st);
}

static bool take_in(const struct acceptor *a, struct intake *i)
{
	i->mail.aliases = a->aliases;
	return policy_may_send(&a->config->settings, i->peer, i->request, i->message, &i->st)
	       && prepare(&i->mail, a->config, &i->peer->caller, i->request, i->message, &i->st)
	       && has_recipient(i) && is_within_limits(a, i) && fits(a, i) && stage(a, i);
}

/* Stages what may come in, into `staged`, which has room for all; how many were looked at. */
static size_t take_in_some(const struct acceptor *a, struct intake *const *v, size_t n, struct parts **staged,
                           size_t *staged_len)
{
	const struct queue_limits most = parts_limits(&a->config->settings);
	struct status st;
	size_t i, recipients = 0;

	queue_census(a->queue, &most, a->census, &st); /* if it cannot be counted, the last count has to do */
	for (i = 0; i < n && recipients < BATCH_RECIPIENTS; i++) {
		if ((v[i]->accepted = take_in(a, v[i])))
			staged[(*staged_len)++] = &v[i]->parts;
		recipients += count_recipients(v[i]);
	}
	return i;
}

/* It was committed, or refused before. */
static void settle(const struct acceptor *a, struct intake *i)
{
	maillog_aliases(i->mail.id, &i->mail.complaints);
	i->accepted = i->accepted && queue_settle(a->queue, i->parts.v, i->parts.len, &i->st);
	if (i->accepted)
		log_accepted(i);
	else
		log_rejected(i);
	tell_of_bite(a, i);
}

size_t accept_some(const struct acceptor *a, struct intake *const *v, size_t n)
{
	struct parts **staged = alloc_array(NULL, n, sizeof(*staged));
	size_t len = 0, taken = take_in_some(a, v, n, staged, &len);

	parts_commit(a->queue, staged, len);
	for (size_t i = 0; i < taken; i++)
		settle(a, v[i]);
	free(staged);
	return taken;
}
