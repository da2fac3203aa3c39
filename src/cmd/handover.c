#include "cmd/handover.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cmd/door.h"
#include "smtp/dsn.h"
#include "smtp/extension.h"

enum {
	BLOCK = 32 * 1024,
	LINE_MAX_OCTETS = 512 * 1024,  /* an argument has at most 128 KB, in xtext three times that */
	BATCH = 100,                   /* commands whose replies may wait in a stream's buffer */
};

void answer_init(struct answer *a)
{
	a->code = a->sysexit = 0;
	buf_init(&a->text, SIZE_MAX / 2);
}

void answer_release(struct answer *a)
{
	buf_release(&a->text);
	answer_init(a);
}

/* A handover under way.  Each step: false if the connection is of no more use. */
struct work {
	const struct handover *h;
	struct door door;
	struct answer *answer;
	struct buf line;
	bool refused;                  /* `answer` says how */
	struct status st;
};

/* Without an exit code of its own a refusal has that of its kind. */
static void take_reply(struct work *w)
{
	const struct reply *r = &w->door.reply;
	struct answer *a = w->answer;
	size_t len;
	int sysexit = extension_exit(r->text.data, &len);

	a->code = r->code;
	if (r->code < 400)
		a->sysexit = EX_OK;
	else if (sysexit >= EX__BASE && sysexit <= EX__MAX)
		a->sysexit = sysexit;
	else
		a->sysexit = r->code < 500 ? EX_TEMPFAIL : EX_UNAVAILABLE;
	buf_reset(&a->text);
	buf_add(&a->text, r->text.data, len);
}

/* The next reply; the first refusal is kept. */
static bool hear(struct work *w, int64_t ms)
{
	if (!door_hear(&w->door, ms, &w->st) || door_is_closing(&w->door))
		return false;
	if (!w->refused)
		take_reply(w);
	w->refused = w->answer->sysexit != EX_OK;
	return true;
}

static bool hear_all(struct work *w, size_t n)
{
	if (!door_flush(&w->door, &w->st))
		return false;
	while (n-- > 0)
		if (!hear(w, w->h->step_ms))
			return false;
	return true;
}

/* What came by SMTP has its DSN parameters, and is an address that was looked at. */
static void print_recipient(struct buf *line, const struct request *r, size_t i)
{
	if (r->recipients_dsn == NULL) {
		buf_puts(line, "XRCPT ");
		xtext_print(line, r->recipients[i]);
		return;
	}
	buf_printf(line, "RCPT TO:<%s>", r->recipients[i]);
	dsn_rcpt_parameters(line, r->recipients_dsn[i].notify, NULL, false);
	if (r->recipients_dsn[i].orcpt != NULL)
		buf_printf(line, " ORCPT=%s", r->recipients_dsn[i].orcpt);
}

static bool say_mail(struct work *w)
{
	struct request request = *w->h->request;

	request.nuls += w->h->message->nuls;
	request.lone_crs += w->h->message->lone_crs;
	buf_reset(&w->line);
	extension_print_mail(&w->line, &request);
	return door_say(&w->door, &w->line, &w->st);
}

static bool say_recipient(struct work *w, size_t i)
{
	buf_reset(&w->line);
	print_recipient(&w->line, w->h->request, i);
	return door_say(&w->door, &w->line, &w->st);
}

/* Pipelined, but no further than the replies have room. */
static bool give_envelope(struct work *w)
{
	size_t said = 1;

	if (!say_mail(w))
		return false;
	for (size_t i = 0; i < w->h->request->recipients_len && !w->refused; i++) {
		if (!say_recipient(w, i))
			return false;
		if (++said == BATCH && !hear_all(w, said))
			return false;
		said %= BATCH;
	}
	return hear_all(w, said);
}

static bool write_message(struct work *w)
{
	char *block = alloc(BLOCK);
	struct message_source source;
	bool ok = true;
	long n;

	message_start(&source, w->h->message);
	while (ok && (n = message_next(&source, block, BLOCK)) > 0)
		ok = stream_write(&w->door.stream, block, (size_t)n, deadline_in(w->h->step_ms), &w->st);
	if (ok && n < 0)
		ok = status_fail(&w->st, EX_IOERR, "reading what was kept of the message: %s", strerror(errno));
	free(block);
	return ok && door_flush(&w->door, &w->st);
}

/* What is refused in the middle of the message has its reply waiting. */
static bool give_message(struct work *w, bool *all_given)
{
	buf_reset(&w->line);
	buf_printf(&w->line, "BDAT %" PRIu64 " LAST", message_octets(w->h->message));
	*all_given = door_say(&w->door, &w->line, &w->st) && write_message(w);
	return hear(w, *all_given ? w->h->answer_ms : 1);
}

/* Whether to send it again is for people to decide. */
static void doubt(struct work *w)
{
	w->answer->code = 451;
	w->answer->sysexit = EX_TEMPFAIL;
	buf_reset(&w->answer->text);
	buf_printf(&w->answer->text, "4.4.2 the daemon did not say what became of the message: %s", w->st.text);
}

static bool give(struct work *w)
{
	const struct handover *h = w->h;
	bool all_given;

	if (!door_open(&w->door, h->socket, h->step_ms, h->trace, &w->st))
		return false;
	if (!give_envelope(w))
		return w->refused; /* 421 is followed by nothing */
	if (w->refused || give_message(w, &all_given))
		return true;
	if (!all_given || w->door.reply.code == 421)
		return false;
	doubt(w);
	return true;
}

bool handover(const struct handover *h, struct answer *a)
{
	struct work w = { .h = h, .answer = a };
	bool given;

	buf_init(&w.line, LINE_MAX_OCTETS);
	given = give(&w);
	door_close(&w.door);
	buf_release(&w.line);
	return given;
}
