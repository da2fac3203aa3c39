#include "deliver/deliver.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "deliver/maillog.h"
#include "smtp/session.h"
#include "smtp/transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* An attempt so far: what the log and a further failure have to know. */
struct attempt {
	const struct delivery *d;
	int64_t started;
	bool *concerned;         /* a recipient: it was waiting when we started */
	struct status why;       /* what kept the hosts from dealing with it */
	struct buf host;         /* the last one */
	char tls[16], auth[32];  /* of its session */
};

/* One more host failed: the text tells of each.  Where their codes differ, one of them may do later. */
static void add_failure(struct status *why, const struct status *st)
{
	if (why->sysexit == EX_OK || st->wait != WAIT_HOST) {
		*why = *st;
		return;
	}
	status_defer(why, WAIT_HOST, why->sysexit == st->sysexit ? st->sysexit : EX_TEMPFAIL,
	             "%s; %s", why->text, st->text);
	why->reply = st->reply;
}

/* For those of whom nothing was said; a 4xx of their own says more. */
static void settle_unanswered(struct envelope *e, const struct status *why)
{
	for (size_t i = 0; i < e->len; i++)
		if (e->v[i].state == RECIPIENT_WAITING && e->v[i].status.wait != WAIT_MESSAGE)
			transaction_settle(&e->v[i], why);
}

static void remember(struct attempt *t, const struct session *s)
{
	buf_reset(&t->host);
	buf_puts(&t->host, s->host != NULL ? s->host : "");
	snprintf(t->tls, sizeof(t->tls), "%s", s->tls.version);
	snprintf(t->auth, sizeof(t->auth), "%s", s->auth);
}

/* Whether the next host should be asked as well. */
static bool try_host(struct attempt *t, size_t host)
{
	const struct delivery *d = t->d;
	struct session s;
	struct status st;
	bool ok;

	ok = session_open(&s, d->config, d->account, host, d->trace, &st)
	     && transaction_send(&s, d->envelope, d->message, &st);
	if (!ok) {
		add_failure(&t->why, &st);
		settle_unanswered(d->envelope, &t->why);
	}
	remember(t, &s);
	session_close(&s);
	return !ok && st.wait == WAIT_HOST && envelope_count(d->envelope, RECIPIENT_WAITING) > 0;
}

static void log_outcome(const struct attempt *t)
{
	const struct delivery *d = t->d;
	struct maillog log = {
		.id = d->id,
		.uid = getuid(),
		.account = d->account->name,
		.host = t->host.data,
		.tls = t->tls,
		.auth = t->auth,
		.size = message_octets(d->message),
		.tries = 1,
		.delay = clock_now() - t->started,
		.tag = d->tag,
	};

	for (size_t i = 0; i < d->envelope->len; i++)
		if (t->concerned[i])
			maillog_recipient(&log, d->envelope->sender, &d->envelope->v[i]);
}

/* Whom it is about.  What an earlier attempt said of them is not to be taken for this one's. */
static void start(struct attempt *t)
{
	struct envelope *e = t->d->envelope;

	t->concerned = alloc_array(NULL, e->len + 1, sizeof(*t->concerned));
	for (size_t i = 0; i < e->len; i++) {
		t->concerned[i] = e->v[i].state == RECIPIENT_WAITING;
		if (t->concerned[i])
			e->v[i].status = (struct status){ .sysexit = EX_OK };
	}
	buf_init(&t->host, 1024);
}

static bool can_be_tried(const struct account *a, struct status *st)
{
	if (a->maildir != NULL)
		return status_defer(st, WAIT_ACCOUNT, EX_CONFIG,
		                    "account %s: this version cannot deliver to a `maildir`", a->name);
	if (a->socket == NULL && a->hosts.len == 0)
		return status_defer(st, WAIT_ACCOUNT, EX_CONFIG, "account %s has no `host`", a->name);
	return true;
}

void deliver(const struct delivery *d)
{
	struct attempt t = { .d = d, .started = clock_now() };
	size_t hosts = d->account->socket != NULL ? 1 : d->account->hosts.len;

	start(&t);
	if (!can_be_tried(d->account, &t.why))
		settle_unanswered(d->envelope, &t.why);
	else
		for (size_t i = 0; i < hosts && try_host(&t, i); i++)
			;
	if (d->log)
		log_outcome(&t);
	buf_release(&t.host);
	free(t.concerned);
}
