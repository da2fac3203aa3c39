#include "smtp/transaction.h"

#include "base/alloc.h"
#include "base/str.h"
#include "smtp/dot.h"
#include "mail/reencode.h"
#include "smtp/dsn.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* RFC 5321, 4.5.3.1.8: every server takes so many. */
enum { RCPT_MAX = 100 };

enum { BLOCK = 16 * 1024 };

/*
 * Between chunks we listen, so a refusal costs at most one of them, and we wait
 * for a round trip: large enough for that to be nothing.
 */
enum { CHUNK = 4 * 1024 * 1024 };

/* More than a command may have, so that session_command sees it and refuses. */
enum { PARAMETERS_MAX = 64 * 1024 };

/* A recipient that has no answer yet. */
struct pending {
	struct recipient *recipient;
	bool accepted;         /* in this transaction */
	bool settled;
};

struct transaction {
	struct session *s;
	struct envelope *e;
	const struct message *m;
	bool utf8;             /* SMTPUTF8 is in force */
	struct pending *v;
	size_t len;
	size_t limit;          /* recipients that the server seems to take at once */

	/* Of the present transaction: the first `batch` of v. */
	size_t batch, accepted;
	bool mail_refused;
	bool data_wanted;      /* 354 */
	bool cut;              /* the server answered before the end of the message */
};

void transaction_settle(struct recipient *r, const struct status *st)
{
	r->status = *st;
	r->state = st->wait == WAIT_NOTHING ? RECIPIENT_FAILED : RECIPIENT_WAITING;
}

static void settle(struct pending *p, const struct status *st)
{
	transaction_settle(p->recipient, st);
	p->settled = true;
}

static void settle_all(struct transaction *t, const struct status *st)
{
	for (size_t i = 0; i < t->len; i++)
		if (!t->v[i].settled)
			settle(&t->v[i], st);
}

static void settle_accepted(struct transaction *t, const struct status *st)
{
	for (size_t i = 0; i < t->batch; i++)
		if (t->v[i].accepted)
			settle(&t->v[i], st);
}

/*
 * Make a failure of a refusal in a transaction.  530 speaks of the login, not of
 * the message (RFC 4954, 6; RFC 3207, 4).  False if the reply is out of place.
 */
static bool refusal(struct session *s, int final, struct status *st)
{
	if (s->reply.code == 530)
		session_refused(s, WAIT_ACCOUNT, EX_NOPERM, st);
	else
		session_refused(s, session_answered(s, 4) ? WAIT_MESSAGE : WAIT_NOTHING, final, st);
	return session_answered(s, 4) || session_answered(s, 5);
}

/* The commands. */

static bool chunking(const struct transaction *t)
{
	return t->s->ehlo.chunking;
}

static bool send_mail(struct transaction *t, struct status *st)
{
	const struct ehlo *offers = &t->s->ehlo;
	const struct account *a = t->s->account;
	struct buf parameters;
	bool ok;

	buf_init(&parameters, PARAMETERS_MAX);
	if (offers->size)
		buf_printf(&parameters, " SIZE=%" PRIu64, message_octets(t->m));
	if (offers->eightbitmime && t->m->body_8bit)
		buf_puts(&parameters, " BODY=8BITMIME");
	if (t->utf8)
		buf_puts(&parameters, " SMTPUTF8");
	if (offers->dsn)
		dsn_mail_parameters(&parameters,
		                    t->e->ret != RETURN_DEFAULT ? t->e->ret : (enum dsn_return)a->dsn_return,
		                    t->e->envid);
	ok = session_command(t->s, st, "MAIL FROM:<%s>%s", t->e->sender, parameters.data);
	buf_release(&parameters);
	return ok;
}

/* ORCPT wants a mailbox; what the caller wrote may be a bare name or more than an address. */
static const char *original_address(const struct recipient *r)
{
	bool mailbox = strchr(r->given, '@') != NULL && strpbrk(r->given, " \t<>") == NULL;

	return mailbox ? r->given : r->address;
}

static bool send_rcpt(struct transaction *t, const struct recipient *r, struct status *st)
{
	unsigned notify = envelope_notify(t->e, r, t->s->account->dsn_notify);
	struct buf parameters;
	bool ok;

	buf_init(&parameters, PARAMETERS_MAX);
	if (t->s->ehlo.dsn)
		dsn_rcpt_parameters(&parameters, notify, r->orcpt ? NULL : original_address(r), t->utf8);
	if (t->s->ehlo.dsn && r->orcpt != NULL)
		dsn_orcpt(&parameters, r->orcpt, t->utf8);
	ok = session_command(t->s, st, "RCPT TO:<%s>%s", r->address, parameters.data);
	buf_release(&parameters);
	return ok;
}

/* Their replies.  False only if one is out of place. */

static bool take_mail(struct transaction *t, struct status *st)
{
	t->s->open_transaction = true;
	if (session_answered(t->s, 2))
		return true;
	t->mail_refused = true;
	if (!refusal(t->s, EX_UNAVAILABLE, st))
		return false;
	settle_all(t, st);
	return true;
}

/*
 * After the first accepted recipient 452, or 552 as RFC 821 had it, says that
 * there are too many (RFC 5321, 4.5.3.1.10): they stay pending.  If it was
 * something else, the next transaction will tell.
 */
static bool too_many(const struct transaction *t)
{
	return t->accepted > 0 && (t->s->reply.code == 452 || t->s->reply.code == 552);
}

static bool take_rcpt(struct transaction *t, struct pending *p, struct status *st)
{
	if (t->mail_refused)
		return true;
	if (session_answered(t->s, 2)) {
		p->accepted = true;
		t->accepted++;
		return true;
	}
	if (too_many(t)) {
		t->limit = t->accepted;
		return true;
	}
	if (!refusal(t->s, EX_NOUSER, st))
		return false;
	settle(p, st);
	return true;
}

static bool take_data(struct transaction *t, struct status *st)
{
	t->data_wanted = t->s->reply.code == 354;
	if (t->data_wanted || t->accepted == 0)
		return true;
	if (!refusal(t->s, EX_UNAVAILABLE, st))
		return false;
	settle_accepted(t, st);
	return true;
}

static bool take_rset(struct transaction *t, struct status *st)
{
	if (session_answered(t->s, 2)) {
		t->s->open_transaction = false;
		return true;
	}
	session_refused(t->s, WAIT_HOST, EX_TEMPFAIL, st);
	t->s->usable = false;
	return false;
}

/*
 * The steps of a transaction are counted: RSET, MAIL, RCPT for each recipient
 * of the batch, DATA.
 */
enum step { STEP_RSET, STEP_MAIL, STEP_RCPT, STEP_DATA };

static enum step step_at(const struct transaction *t, size_t at)
{
	if (at < STEP_RCPT)
		return (enum step)at;
	return at < STEP_RCPT + t->batch ? STEP_RCPT : STEP_DATA;
}

static bool step_send(struct transaction *t, size_t at, struct status *st)
{
	switch (step_at(t, at)) {
	case STEP_RSET:
		return session_command(t->s, st, "RSET");
	case STEP_MAIL:
		return send_mail(t, st);
	case STEP_RCPT:
		return send_rcpt(t, t->v[at - STEP_RCPT].recipient, st);
	default:
		return session_command(t->s, st, "DATA");
	}
}

static bool step_take(struct transaction *t, size_t at, struct status *st)
{
	switch (step_at(t, at)) {
	case STEP_RSET:
		return take_rset(t, st);
	case STEP_MAIL:
		return take_mail(t, st);
	case STEP_RCPT:
		return take_rcpt(t, &t->v[at - STEP_RCPT], st);
	default:
		return take_data(t, st);
	}
}

/* Without PIPELINING we know before a step whether it makes sense. */
static bool step_is_due(const struct transaction *t, size_t at)
{
	switch (step_at(t, at)) {
	case STEP_RCPT:
		return !t->mail_refused;
	case STEP_DATA:
		return t->accepted > 0;
	default:
		return true;
	}
}

static bool no_reply(const struct transaction *t, size_t at, struct status *st)
{
	static const char *const names[] = { "RSET", "MAIL", "RCPT", "DATA" };

	return status_during(st, "%s", names[step_at(t, at)]);
}

/* Up to DATA's reply; with BDAT up to the last recipient's. */
static bool ask(struct transaction *t, struct status *st)
{
	bool pipelining = t->s->ehlo.pipelining;
	size_t steps = STEP_RCPT + t->batch + !chunking(t);
	size_t at = t->s->open_transaction ? STEP_RSET : STEP_MAIL, sent = at;

	for (; at < steps && (pipelining || step_is_due(t, at)); at++) {
		while (sent < steps && (sent == at || pipelining)) {
			if (!step_send(t, sent++, st)) {
				t->s->usable = false; /* answers are under way that nobody will read */
				return false;
			}
		}
		if (!session_reply(t->s, st))
			return no_reply(t, at, st);
		if (!step_take(t, at, st))
			return false;
	}
	return true;
}

/* The message. */

static bool unreadable(struct transaction *t, struct status *st)
{
	t->s->usable = false; /* it waits for the rest, which we cannot give */
	return status_fail(st, EX_TEMPFAIL, "the message cannot be read back: %s", strerror(errno));
}

/*
 * Hand over a block.  False if the server spoke before its turn or hung up: it
 * has decided, and since nothing but the rest of the message could follow, the
 * connection is given up after its reply.  After the last block it is its turn.
 */
static bool send_block(struct transaction *t, const char *p, size_t n, bool last)
{
	if (session_data(t->s, p, n) && (last || !session_interrupted(t->s)))
		return true;
	t->cut = true;
	t->s->usable = false;
	return false;
}

static bool send_dotted(struct transaction *t, struct status *st)
{
	struct message_source source;
	struct dot dot;
	struct buf out;
	char block[BLOCK];
	long n;

	message_start(&source, t->m);
	dot_init(&dot);
	buf_init(&out, 4 * BLOCK);
	while ((n = message_next(&source, block, sizeof(block))) > 0) {
		buf_reset(&out);
		dot_encode(&dot, &out, block, (size_t)n);
		if (!send_block(t, out.data, out.len, false))
			break;
	}
	if (n == 0) {
		buf_reset(&out);
		dot_finish(&dot, &out);
		session_data(t->s, out.data, out.len);
	}
	buf_release(&out);
	return n >= 0 || unreadable(t, st);
}

/* The next `left` octets of the message, as many as were announced. */
static bool send_octets(struct transaction *t, struct message_source *source, uint64_t left,
                        struct status *st)
{
	char block[BLOCK];

	while (left > 0) {
		long n = message_next(source, block, left < sizeof(block) ? (size_t)left : sizeof(block));

		if (n <= 0)
			return unreadable(t, st);
		left -= (uint64_t)n;
		if (!send_block(t, block, (size_t)n, left == 0))
			break;
	}
	return true;
}

/* A chunk but the last was taken, or the message is refused. */
static bool take_chunk(struct transaction *t, struct status *st)
{
	if (!session_reply(t->s, st))
		return status_during(st, "BDAT");
	if (session_answered(t->s, 2))
		return true;
	if (refusal(t->s, EX_UNAVAILABLE, st))
		settle_accepted(t, st);
	return false;
}

static bool send_chunks(struct transaction *t, struct status *st)
{
	uint64_t left = message_octets(t->m);
	struct message_source source;

	message_start(&source, t->m);
	for (;;) {
		uint64_t n = left < CHUNK ? left : CHUNK;

		left -= n;
		session_command(t->s, st, "BDAT %" PRIu64 "%s", n, left == 0 ? " LAST" : "");
		if (!send_octets(t, &source, n, st))
			return false;
		if (left == 0 || t->cut)
			return true;
		if (!take_chunk(t, st))
			return t->s->usable;
	}
}

/* Its verdict. */

/*
 * Nothing came back.  If all was sent the server may have the message: the one
 * case where SMTP cannot tell (RFC 1047).
 */
static bool no_verdict(struct transaction *t, struct status *st)
{
	if (t->cut || t->s->broken || st->reply != 0)
		return status_during(st, t->cut ? "in the message" : "at the end of the message");
	st->wait = WAIT_MESSAGE;
	st->sysexit = EX_TEMPFAIL;
	st->doubtful = true;
	return status_during(st, "no answer to the whole message, which may arrive twice");
}

static void sent(struct pending *p, const struct reply *reply)
{
	struct buf words;

	buf_init(&words, sizeof(p->recipient->status.text) - 1);
	reply_print(reply, &words);
	p->recipient->state = RECIPIENT_SENT;
	status_defer(&p->recipient->status, WAIT_NOTHING, EX_OK, "%s", words.data);
	p->recipient->status.reply = reply->code;
	p->settled = true;
	buf_release(&words);
}

static bool take_verdict(struct transaction *t, struct pending *p, struct status *st)
{
	if (session_answered(t->s, 2) && !t->cut) {
		sent(p, &t->s->reply);
		return true;
	}
	if (!refusal(t->s, EX_UNAVAILABLE, st)) /* 2xx to half a message among them */
		return false;
	settle(p, st);
	return true;
}

/* One reply for all; LMTP gives one to each accepted recipient (RFC 2033, 4.2). */
static bool take_verdicts(struct transaction *t, struct status *st)
{
	bool each = t->s->account->lmtp && !t->cut, ask_again = true;

	for (size_t i = 0; i < t->batch; i++) {
		struct pending *p = &t->v[i];

		if (!p->accepted || p->settled)
			continue;
		if (ask_again && !session_reply(t->s, st))
			return no_verdict(t, st);
		t->s->open_transaction = false;
		ask_again = each;
		if (!take_verdict(t, p, st))
			return false;
	}
	if (!t->cut)
		return true;
	return status_defer(st, WAIT_HOST, EX_TEMPFAIL, "the server answered before the end of the message");
}

static bool send_message(struct transaction *t, struct status *st)
{
	session_note(t->s, "the message, %" PRIu64 " octets", message_octets(t->m));
	return (chunking(t) ? send_chunks(t, st) : send_dotted(t, st)) && take_verdicts(t, st);
}

/*
 * Nobody accepted, yet the server waits for data: RFC 2920, 3.1 has us send none.
 * But if MAIL was refused too, it follows no rules that we could rely on.
 */
static bool send_nothing(struct transaction *t, struct status *st)
{
	if (t->mail_refused) {
		t->s->usable = false;
		return status_defer(st, WAIT_HOST, EX_PROTOCOL, "the server refused MAIL and accepted DATA");
	}
	t->s->open_transaction = false;
	return session_ask(t->s, st, ".") || status_during(st, "end of data");
}

/* Transactions. */

static bool has_accepted(const struct transaction *t)
{
	for (size_t i = 0; i < t->batch; i++)
		if (t->v[i].accepted && !t->v[i].settled)
			return true;
	return false;
}

static bool run(struct transaction *t, struct status *st)
{
	t->batch = t->len < t->limit ? t->len : t->limit;
	t->accepted = 0;
	t->mail_refused = t->data_wanted = t->cut = false;
	if (!ask(t, st))
		return false;
	if (has_accepted(t))
		return send_message(t, st);
	return !t->data_wanted || send_nothing(t, st);
}

/* Keep what is still pending. */
static void compact(struct transaction *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->len; i++)
		if (!t->v[i].settled)
			t->v[kept++] = (struct pending){ .recipient = t->v[i].recipient };
	t->len = kept;
}

static void collect(struct transaction *t)
{
	t->v = alloc_array(NULL, t->e->len + 1, sizeof(*t->v));
	for (size_t i = 0; i < t->e->len; i++)
		if (t->e->v[i].state == RECIPIENT_WAITING)
			t->v[t->len++] = (struct pending){ .recipient = &t->e->v[i] };
}

/* What the server cannot do for this message, told without asking it. */

static bool fits(struct transaction *t, struct status *st)
{
	uint64_t octets = message_octets(t->m), most = t->s->ehlo.max_size;

	return most == 0 || octets <= most
	       || status_fail(st, EX_UNAVAILABLE,
	                      "the message has %" PRIu64 " octets, the server takes %" PRIu64, octets, most);
}

static bool is_ascii(const char *s)
{
	return str_is_ascii(s, strlen(s));
}

/*
 * A server without SMTPUTF8 still takes a message from an ASCII sender to those
 * recipients that are ASCII.  If all are, it was asked for by name and is missed.
 */
static void do_without_smtputf8(struct transaction *t)
{
	size_t before = t->len;
	struct status st;

	status_fail(&st, EX_UNAVAILABLE, "the server does not offer SMTPUTF8, which this address needs");
	for (size_t i = 0; i < t->len; i++)
		if (!is_ascii(t->v[i].recipient->address))
			settle(&t->v[i], &st);
	compact(t);
	status_fail(&st, EX_UNAVAILABLE, "the server does not offer SMTPUTF8, which this message needs");
	if (t->len == before || !is_ascii(t->e->sender))
		settle_all(t, &st);
}

static void check_demands(struct transaction *t)
{
	struct status st;

	if (!fits(t, &st))
		settle_all(t, &st);
	else if (t->e->smtputf8 && !t->s->ehlo.smtputf8)
		do_without_smtputf8(t);
	compact(t);
}

bool transaction_send(struct session *s, struct envelope *e, const struct message *m,
                      const struct transaction_watch *watch, struct status *st)
{
	struct transaction t = {
		.s = s,
		.e = e,
		.m = m,
		.utf8 = e->smtputf8 && s->ehlo.smtputf8,
		.limit = s->ehlo.rcpt_max > 0 ? s->ehlo.rcpt_max : RCPT_MAX,
	};
	struct message seven_bit;
	bool ok = true;

	message_init(&seven_bit);
	/* RFC 6152, 3.  What cannot be converted goes as it is: most servers take it all the same. */
	if (!s->ehlo.eightbitmime && message_reencoded(m, REENCODE_8BIT, &seven_bit))
		t.m = &seven_bit;
	collect(&t);
	for (check_demands(&t); ok && t.len > 0; compact(&t)) {
		ok = run(&t, st);
		if (watch != NULL)
			watch->over(watch->arg, s);
	}
	if (!ok) {
		status_during(st, "%s", s->host);
		settle_all(&t, st);
	}
	free(t.v);
	message_release(&seven_bit);
	return ok;
}
