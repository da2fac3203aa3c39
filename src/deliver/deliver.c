#include "deliver/deliver.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "deliver/maildir.h"
#include "deliver/maillog.h"
#include "smtp/transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* An attempt so far: what the log and a further failure have to know. */
struct attempt {
	const struct delivery *d;
	int64_t started;
	bool *concerned;         /* a recipient: it was waiting when we started */
	struct status why;       /* what kept the hosts from dealing with it */
	bool broke_off;          /* one of them let us in, and hung up over this message */
	struct passage passage;
	struct link *link;
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
	struct passage *p = &t->passage;

	snprintf(p->host, sizeof(p->host), "%s", s->host != NULL ? s->host : "");
	session_address(s, p->address, sizeof(p->address));
	p->port = s->port;
	snprintf(p->tls, sizeof(p->tls), "%s", s->tls.version);
	snprintf(p->cipher, sizeof(p->cipher), "%s", s->tls.cipher);
	snprintf(p->auth, sizeof(p->auth), "%s", s->auth);
}

void link_close(struct link *l)
{
	if (l->open)
		session_close(&l->session);
	l->open = false;
}

static bool is_late(const struct delivery *d)
{
	return d->until != 0 && clock_now() >= d->until;
}

static void over(void *arg, const struct session *s)
{
	const struct delivery *d = ((struct attempt *)arg)->d;

	if (d->over != NULL)
		d->over(d->arg, s->ehlo.dsn);
}

static bool send(struct attempt *t, struct status *st)
{
	const struct delivery *d = t->d;
	const struct transaction_watch watch = { .over = over, .arg = t };

	if (transaction_send(&t->link->session, d->envelope, d->message, &watch, st))
		return true;
	if (st->wait == WAIT_HOST && is_late(d))
		st->wait = WAIT_MESSAGE;
	return false;
}

/* As what downtime knows it. */
static char *name_of(const struct smarthost *server)
{
	return alloc_printf("%s:%u", server->host, (unsigned)server->port);
}

/* A login that was refused and the like are no fault of the one server. */
static void learn(const struct delivery *d, const struct smarthost *server, bool ok, const struct status *st)
{
	char *name = name_of(server);

	if (ok)
		downtime_works(d->downtime, name, time(NULL));
	else if (st->wait == WAIT_HOST && !is_late(d))
		downtime_failed(d->downtime, name, time(NULL));
	free(name);
}

/* Whether the next one should be asked as well. */
static bool try_server(struct attempt *t, const struct smarthost *server, bool one_of_several)
{
	const struct delivery *d = t->d;
	struct session *s = &t->link->session;
	struct status st;
	bool let_in, ok;

	t->link->open = true;
	let_in = session_open(s, d->config, d->account, server, d->trace, d->until, &st);
	ok = let_in && send(t, &st);
	t->broke_off |= let_in && !ok && st.wait == WAIT_HOST && st.reply != REPLY_CLOSING;
	if (one_of_several && d->downtime != NULL)
		learn(d, server, ok, &st);
	if (!ok) {
		add_failure(&t->why, &st);
		settle_unanswered(d->envelope, &t->why);
	}
	remember(t, s);
	if (!ok || d->link == NULL)
		link_close(t->link);
	return !ok && st.wait == WAIT_HOST && !is_late(d)
	       && envelope_count(d->envelope, RECIPIENT_WAITING) > 0;
}

/* Whether the session that was kept, if any, has dealt with it. */
static bool try_kept(struct attempt *t)
{
	struct session *s = &t->link->session;
	struct status st;
	bool done;

	if (!t->link->open || !s->usable || s->account != t->d->account) {
		link_close(t->link);
		return false;
	}
	s->trace = t->d->trace;
	s->until = t->d->until;
	done = send(t, &st);
	remember(t, s);
	if (done)
		return true;
	link_close(t->link);
	if (st.wait == WAIT_HOST)
		return false;
	settle_unanswered(t->d->envelope, &st);
	return true;
}

static void put_into_maildir(struct attempt *t)
{
	const struct delivery *d = t->d;
	struct envelope *e = d->envelope;
	struct status st = { .sysexit = EX_OK };
	struct buf name;

	buf_init(&name, sizeof(st.text));
	snprintf(t->passage.host, sizeof(t->passage.host), "%s", d->account->maildir);
	if (!maildir_deliver(d->account->maildir, d->id, e, d->message, &name, &st)) {
		settle_unanswered(e, &st);
	} else {
		snprintf(st.text, sizeof(st.text), "%s", name.data);
		for (size_t i = 0; i < e->len; i++)
			if (e->v[i].state == RECIPIENT_WAITING) {
				e->v[i].state = RECIPIENT_SENT;
				e->v[i].status = st;
			}
		if (d->over != NULL)
			d->over(d->arg, false);
	}
	trace_line(d->trace, TRACE_NOTE, st.text);
	buf_release(&name);
}

static bool is_down(const struct downtime *d, const struct smarthost *server)
{
	char *name = name_of(server);
	bool down = downtime_has(d, name, time(NULL));

	free(name);
	return down;
}

/* Those that failed lately behind the others; both as they were. */
static void put_down_last(struct downtime *d, struct smarthosts *s)
{
	struct smarthost *v = alloc_array(NULL, s->len, sizeof(*v));
	size_t n = 0;

	downtime_refresh(d, time(NULL));
	for (int down = 0; down <= 1; down++)
		for (size_t i = 0; i < s->len; i++)
			if (is_down(d, &s->v[i]) == down)
				v[n++] = s->v[i];
	free(s->v);
	s->v = v;
}

/* DNS may not know some of them. */
static void find_servers(struct attempt *t, struct smarthosts *all)
{
	const struct account *a = t->d->account;
	deadline until = deadline_in(a->connect_timeout);
	struct status st;

	if (t->d->until != 0)
		until = deadline_min(until, t->d->until);
	smarthosts_init(all);
	for (size_t i = 0; i < smarthosts_entries(a); i++)
		if (!smarthosts_add(all, a, i, until, &st))
			add_failure(&t->why, &st);
	if (all->len == 0)
		settle_unanswered(t->d->envelope, &t->why);
	if (all->len > 1 && t->d->downtime != NULL)
		put_down_last(t->d->downtime, all);
}

static void try_servers(struct attempt *t)
{
	struct smarthosts all;

	find_servers(t, &all);
	for (size_t i = 0; i < all.len && try_server(t, &all.v[i], all.len > 1); i++)
		;
	smarthosts_release(&all);
}

/* What made a server hang up may do so again, and the next message of the account need not. */
static void blame_message(const struct attempt *t)
{
	struct envelope *e = t->d->envelope;

	for (size_t i = 0; t->broke_off && i < e->len; i++)
		if (e->v[i].state == RECIPIENT_WAITING && e->v[i].status.wait == WAIT_HOST)
			e->v[i].status.wait = WAIT_MESSAGE;
}

static void log_outcome(const struct attempt *t)
{
	const struct delivery *d = t->d;
	struct maillog log = {
		.id = d->id,
		.uid = d->uid,
		.account = d->account->name,
		.host = t->passage.host,
		.tls = t->passage.tls,
		.auth = t->passage.auth,
		.size = message_octets(d->message),
		.tries = d->tries,
		.delay = d->waited + clock_now() - t->started,
		.again = d->again,
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
}

static bool can_be_tried(const struct account *a, struct status *st)
{
	if (a->maildir == NULL && a->socket == NULL && a->hosts.len == 0)
		return status_defer(st, WAIT_ACCOUNT, EX_CONFIG, "account %s has no `host`", a->name);
	return true;
}

void deliver(const struct delivery *d)
{
	struct link own = { .open = false };
	struct attempt t = {
		.d = d,
		.started = clock_now(),
		.link = d->link != NULL ? d->link : &own,
	};

	start(&t);
	if (!can_be_tried(d->account, &t.why))
		settle_unanswered(d->envelope, &t.why);
	else if (d->account->maildir != NULL)
		put_into_maildir(&t);
	else if (!try_kept(&t))
		try_servers(&t);
	blame_message(&t);
	if (d->log)
		log_outcome(&t);
	if (d->passage != NULL)
		*d->passage = t.passage;
	free(t.concerned);
}
