#include "deliver/attempt.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/str.h"
#include "deliver/bounce.h"
#include "deliver/maillog.h"
#include "queue/retry.h"
#include "smtp/reply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* While somebody else probes the account: when to see what it has learnt. */
enum { PROBE_SECONDS = 5 };

/* One for each event of an attempt. */
enum { NOTICES_MAX = 3 };

struct work {
	struct attempt *a;
	struct queue_entry *e;
	const struct settings *settings;
	const struct account *account;
	struct retry_account waits;      /* the account, before this attempt */
	struct downtime downtime;        /* of servers */
	int    probe;                    /* the right to ask an account that waits, or -1 */
	time_t now;
	bool   again;                    /* the last attempt was cut off */
	bool   tried;
	bool   caller_told;              /* of what was refused, by its exit code */
	bool   closed;                   /* the server closed, with 421 */
	unsigned notices;                /* before this attempt */
	bool  *which;                    /* for one recipient each: scratch */
	bool  *saved;                    /* its outcome is on the disk */
	struct status *st;
	bool   lost;                     /* an outcome could not be written down: st */
};

static size_t waiting(const struct work *w)
{
	return envelope_count(&w->e->envelope, RECIPIENT_WAITING);
}

static bool is_notification(const struct work *w)
{
	return w->e->info.about != NULL || *w->e->envelope.sender == '\0';
}

/* --- the last attempt --- */

/*
 * Notifications that a cut-off attempt has made and the message does not know
 * of were held back by queue_may_send.  This attempt makes them anew.
 */
static bool drop_notices(struct work *w)
{
	char id[QUEUE_ID_MAX + 16];
	struct queue_entry notice;

	for (unsigned i = 0; i < NOTICES_MAX; i++) {
		snprintf(id, sizeof(id), "%s-%u", w->e->id, w->e->info.notices + i);
		if (queue_claim(w->a->queue, id, &notice, w->st) != QUEUE_OK)
			continue;
		if (!queue_remove(w->a->queue, &notice, w->st))
			return false;
		queue_release(&notice);
	}
	return fsync(w->a->queue->queue_fd) == 0
	       || status_fail(w->st, EX_TEMPFAIL, "writing the queue: %s", strerror(errno));
}

/* The last attempt came to its end: nothing that it owed is owed any more. */
static bool settle_owed(struct work *w)
{
	struct envelope *env = &w->e->envelope;
	bool any = false;

	for (size_t i = 0; i < env->len; i++) {
		any |= w->which[i] = env->v[i].owed;
		env->v[i].owed = false;
	}
	return !any || queue_save_recipients(w->e, w->which, w->st);
}

static bool begin(struct work *w)
{
	for (size_t i = 0; i < w->e->envelope.len; i++)
		w->saved[i] = w->e->envelope.v[i].state != RECIPIENT_WAITING;
	if (w->a->submitting)
		return true;
	w->again = w->e->info.sending;
	return w->again ? drop_notices(w) : settle_owed(w);
}

/* --- the account --- */

static void keep_waiting(struct work *w, const struct status *why)
{
	struct envelope *env = &w->e->envelope;

	for (size_t i = 0; i < env->len; i++)
		if (env->v[i].state == RECIPIENT_WAITING)
			env->v[i].status = *why;
}

static bool account_exists(struct work *w)
{
	struct status why;

	w->account = account_named(w->a->config, w->e->info.account);
	if (w->account != NULL)
		return true;
	status_defer(&why, WAIT_ACCOUNT, EX_CONFIG, "account %s is not in the configuration any more",
	             w->e->info.account);
	keep_waiting(w, &why);
	w->a->next = w->now + retry_wait(w->settings, w->e->info.tries + 1, retry_chance());
	w->a->account_waits = true;
	return false;
}

static bool is_due(const struct work *w)
{
	return w->waits.next == 0 || w->waits.next <= w->now || w->a->forced;
}

/* Whether the account may be asked.  Of an account that waits we hold the probe then. */
static bool may_ask(struct work *w)
{
	struct status why;

	retry_account_load(w->a->queue, w->account->name, &w->waits);
	if (w->waits.next == 0)
		return true;
	if (is_due(w) && (w->probe = retry_account_probe(w->a->queue, w->account->name)) >= 0) {
		/* Whoever had it before us may have learnt something. */
		retry_account_load(w->a->queue, w->account->name, &w->waits);
		if (is_due(w))
			return true;
	}
	status_defer(&why, WAIT_ACCOUNT, EX_TEMPFAIL, "not tried, the account is waiting: %s", w->waits.why);
	keep_waiting(w, &why);
	w->a->next = w->waits.next > w->now ? w->waits.next : w->now + PROBE_SECONDS;
	w->a->account_waits = true;
	return false;
}

static void log_account(const struct work *w, const char *event, const char *why)
{
	struct log_event *e = log_event(event);

	log_text(e, "account", w->account->name);
	log_text(e, "error", why);
	log_send(e);
}

/* Why the account, rather than the message, failed; NULL if it did not. */
static const struct status *account_failure(const struct work *w)
{
	const struct envelope *env = &w->e->envelope;
	const struct status *why = NULL;

	for (size_t i = 0; i < env->len; i++) {
		const struct recipient *r = &env->v[i];

		if (!w->which[i])
			continue;
		if (r->state != RECIPIENT_WAITING || r->status.wait == WAIT_MESSAGE)
			return NULL;
		why = &r->status;
	}
	return why;
}

/* What the attempt says about the account. */
static void judge_account(struct work *w)
{
	const struct status *why = account_failure(w);

	if (why == NULL) {
		w->a->account_works = true;
		if (w->waits.tries > 0) {
			retry_account_works(w->a->queue, w->account->name);
			log_account(w, "resumed", NULL);
		}
		return;
	}
	/* It was not the message that failed; but one that a server closes on may be why, and comes back later and later. */
	w->closed = why->reply == REPLY_CLOSING;
	if (!w->closed)
		w->e->info.tries--;
	if (w->a->others_work && why->wait == WAIT_HOST) {
		w->a->crowded = true;
		return;
	}
	if (retry_account_failed(w->a->queue, w->account->name, w->settings, why->text, w->now))
		log_account(w, "waiting", why->text);
	retry_account_load(w->a->queue, w->account->name, &w->waits);
	w->a->account_waits = true;
}

/* --- sending --- */

/* A server that offers DSN has taken over what the sender asked to be told. */
static bool is_owed(const struct work *w, const struct recipient *r, bool dsn)
{
	unsigned notify = envelope_notify(&w->e->envelope, r, w->account ? w->account->dsn_notify : 0);

	if (is_notification(w))
		return false;
	return r->state == RECIPIENT_FAILED || ((notify & NOTIFY_SUCCESS) && !dsn);
}

/* Every outcome that is news goes to the disk. */
static void save_outcomes(void *arg, bool dsn)
{
	struct work *w = arg;
	struct envelope *env = &w->e->envelope;
	bool *news = alloc_array(NULL, env->len + 1, sizeof(*news));
	bool any = false;

	for (size_t i = 0; i < env->len; i++) {
		struct recipient *r = &env->v[i];

		any |= news[i] = !w->saved[i] && r->state != RECIPIENT_WAITING;
		if (news[i]) {
			w->saved[i] = true;
			r->owed = is_owed(w, r, dsn);
		}
	}
	if (any && !queue_save_recipients(w->e, news, w->st))
		w->lost = true;
	free(news);
}

static void send(struct work *w)
{
	struct envelope *env = &w->e->envelope;
	struct delivery d = {
		.config = w->a->config,
		.account = w->account,
		.envelope = env,
		.message = &w->e->message,
		.trace = w->a->trace,
		.link = w->a->link,
		.downtime = &w->downtime,
		.until = w->a->until,
		.over = save_outcomes,
		.arg = w,
		.log = true,
		.id = w->e->id,
		.tag = w->e->info.tag,
		.uid = w->e->info.uid,
		.tries = w->e->info.tries,
		.waited = w->now > w->e->info.arrived ? (int64_t)(w->now - w->e->info.arrived) * 1000 : 0,
		.again = w->again || w->e->info.doubtful,
	};

	for (size_t i = 0; i < env->len; i++)
		w->which[i] = env->v[i].state == RECIPIENT_WAITING;
	deliver(&d);
	for (size_t i = 0; i < env->len; i++)
		w->e->info.doubtful |= env->v[i].state == RECIPIENT_WAITING && env->v[i].status.doubtful;
	judge_account(w);
	save_outcomes(w, false); /* what no transaction was needed for */
}

/* From here until finish() a crash leaves `sending` in the file. */
static bool mark(struct work *w)
{
	w->e->info.tries++;
	w->e->info.sending = true;
	return w->a->submitting || queue_save_attempt(w->e, w->st);
}

static bool try(struct work *w)
{
	if (waiting(w) == 0 || w->a->keep_only || !account_exists(w) || !may_ask(w))
		return true;
	if (!mark(w))
		return false;
	w->tried = true;
	send(w);
	return !w->lost;
}

/* --- what has waited too long --- */

static void log_failed(const struct work *w, const struct recipient *r)
{
	struct maillog log = {
		.id = w->e->id,
		.uid = w->e->info.uid,
		.account = w->e->info.account,
		.size = message_octets(&w->e->message),
		.tries = w->e->info.tries,
		.delay = (int64_t)(w->now - w->e->info.arrived) * 1000,
		.tag = w->e->info.tag,
	};

	maillog_recipient(&log, w->e->envelope.sender, r);
}

static bool give_up(struct work *w)
{
	struct envelope *env = &w->e->envelope;

	if (waiting(w) == 0 || !retry_is_expired(w->settings, w->e->info.arrived, w->now))
		return true;
	for (size_t i = 0; i < env->len; i++) {
		struct recipient *r = &env->v[i];

		if (r->state != RECIPIENT_WAITING)
			continue;
		status_during(&r->status, "given up, it has waited too long");
		r->status.wait = WAIT_NOTHING;
		r->status.sysexit = EX_UNAVAILABLE;
		r->state = RECIPIENT_FAILED;
		log_failed(w, r);
	}
	save_outcomes(w, false);
	return !w->lost;
}

/* --- telling the sender --- */

static bool tell(struct work *w, enum bounce_event event)
{
	static const enum recipient_state states[] = {
		[BOUNCE_FAILED] = RECIPIENT_FAILED,
		[BOUNCE_DELAYED] = RECIPIENT_WAITING,
		[BOUNCE_DELIVERED] = RECIPIENT_SENT,
	};
	const struct envelope *env = &w->e->envelope;
	bool any = false;

	for (size_t i = 0; i < env->len; i++)
		any |= w->which[i] = env->v[i].state == states[event]
		                     && (env->v[i].owed || event == BOUNCE_DELAYED);
	if (!any)
		return true;
	if (!bounce_send(w->a->queue, w->a->config, w->e, event, w->which, w->st))
		return false;
	w->e->info.notices++;
	return true;
}

static bool tell_delay(struct work *w)
{
	if (w->e->info.warned || waiting(w) == 0
	    || !retry_wants_warning(w->settings, w->e->info.arrived, w->now))
		return true;
	w->e->info.warned = true;
	return tell(w, BOUNCE_DELAYED);
}

/* The exit code says it all. */
static bool caller_is_told(const struct work *w)
{
	return w->a->submitting && !w->a->by_mail && waiting(w) == 0
	       && envelope_count(&w->e->envelope, RECIPIENT_FAILED) > 0
	       && (w->a->tell == NULL || w->a->tell(w->a->arg));
}

/* A message that was cut off stays as it is until it has been tried again. */
static bool is_undecided(const struct work *w)
{
	return w->again && !w->tried && waiting(w) > 0;
}

static bool notify(struct work *w)
{
	w->caller_told = caller_is_told(w);
	if (w->caller_told || is_notification(w) || is_undecided(w))
		return true;
	return tell(w, BOUNCE_FAILED) && tell(w, BOUNCE_DELIVERED) && tell_delay(w);
}

/* --- the end --- */

static bool leave_queue(struct work *w)
{
	if (is_notification(w) && !w->caller_told
	    && envelope_count(&w->e->envelope, RECIPIENT_FAILED) > 0)
		return queue_set_failed(w->a->queue, w->e, w->st);
	return queue_remove(w->a->queue, w->e, w->st);
}

static void remember_answer(struct work *w)
{
	const struct envelope *env = &w->e->envelope;

	for (size_t i = 0; i < env->len; i++)
		if (env->v[i].state == RECIPIENT_WAITING) {
			snprintf(w->e->last, sizeof(w->e->last), "%.*s", (int)sizeof(w->e->last) - 1,
			         env->v[i].status.text);
			return;
		}
}

/* A probe comes behind what waits with it: the next one is another message. */
static time_t next_attempt(const struct work *w)
{
	time_t own = w->now + retry_wait(w->settings, w->e->info.tries, retry_chance());

	if (w->a->crowded)
		return w->now;
	if (!w->a->account_waits)
		return own;
	return w->closed && own > w->waits.next ? own : w->waits.next + 1;
}

/* While an account waits its messages are looked at often, and seldom is there anything to write. */
static bool has_changed(const struct work *w)
{
	return w->tried || w->a->submitting || w->e->info.notices != w->notices;
}

static bool stay(struct work *w)
{
	if (!has_changed(w))
		return true;
	if (w->tried)
		w->a->next = w->e->info.next = next_attempt(w);
	w->e->info.sending = is_undecided(w);
	remember_answer(w);
	return queue_save_attempt(w->e, w->st);
}

enum attempt_result attempt(struct attempt *a, struct status *st)
{
	size_t n = a->entry->envelope.len + 1;
	struct work w = {
		.a = a,
		.e = a->entry,
		.settings = &a->config->settings,
		.downtime = { .queue = a->queue },
		.probe = -1,
		.now = time(NULL),
		.notices = a->entry->info.notices,
		.which = alloc(n),
		.saved = alloc(n),
		.st = st,
	};
	enum attempt_result result = ATTEMPT_ERROR;

	a->account_waits = a->account_works = a->crowded = false;
	if (begin(&w) && try(&w) && give_up(&w) && notify(&w)) {
		if (waiting(&w) == 0)
			result = leave_queue(&w) ? ATTEMPT_DONE : ATTEMPT_ERROR;
		else
			result = stay(&w) ? ATTEMPT_KEPT : ATTEMPT_ERROR;
	}
	if (w.probe >= 0)
		close(w.probe);
	free(w.which);
	free(w.saved);
	return result;
}
