#include "smtp/smtpd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "smtp/extension.h"
#include "smtp/smtpd_inside.h"

enum {
	LINE_MAX_PUBLIC = 2048,             /* RFC 5321, 4.5.3.1.4: 512, and more for each extension */
	LINE_MAX_PRIVATE = 512 * 1024,      /* a word of a command line is up to 128 KB, in xtext three times that */
	OUT_MAX = 16 * 1024 * 1024,
	PIECE = 64 * 1024,
	BAD_COMMANDS_MAX = 20,
};

/* --- replies --- */

/* Each goes through here, so none can be two. */
static void reply_line(struct smtpd *s, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_putc(&s->out, str_has_control(text + i, 1) ? ' ' : text[i]);
	buf_puts(&s->out, "\r\n");
	if (!buf_ok(&s->out))
		s->state = SMTPD_ENDED; /* it never reads */
}

void smtpd_reply(struct smtpd *s, const char *text)
{
	reply_line(s, text, strlen(text));
}

void smtpd_reply_end(struct smtpd *s, const char *text)
{
	smtpd_reply(s, text);
	s->state = SMTPD_ENDED;
}

void smtpd_reply_bad(struct smtpd *s, const char *text)
{
	smtpd_reply(s, text);
	if (++s->bad > BAD_COMMANDS_MAX)
		smtpd_reply_end(s, "421 4.7.0 too many errors");
}

void smtpd_reply_lines(struct smtpd *s, int code, const char *text, int sysexit)
{
	struct buf line;

	buf_init(&line, OUT_MAX);
	for (const char *end; ; text = end + 1) {
		end = text + strcspn(text, "\n");
		buf_reset(&line);
		buf_printf(&line, "%03d%c%.*s", code, *end == '\0' ? ' ' : '-', (int)(end - text), text);
		if (*end == '\0' && sysexit != EX_OK)
			extension_print_exit(&line, sysexit);
		reply_line(s, line.data, line.len);
		if (*end == '\0')
			break;
	}
	buf_release(&line);
}

void smtpd_reply_refusal(struct smtpd *s, const struct refusal *r, const struct status *st)
{
	char text[sizeof(st->text) + sizeof(r->enhanced) + 1];

	snprintf(text, sizeof(text), "%s %s", r->enhanced, st->text);
	smtpd_reply_lines(s, r->code, text, s->options.private ? st->sysexit : EX_OK);
}

void smtpd_reply_failure(struct smtpd *s, const struct status *st)
{
	const struct refusal r = refusal_of(st);

	smtpd_reply_refusal(s, &r, st);
}

/* --- what is whole --- */

static const struct refusal too_large = { EX_DATAERR, 552, "5.3.4" };
static const struct refusal not_stored = { EX_TEMPFAIL, 452, "4.3.1" };

/* Nothing more comes; the transaction is over if it failed. */
static void end_of_message(struct smtpd *s)
{
	struct incoming *t = &s->t;
	struct status st;

	s->reading = READ_COMMAND;
	if (!incoming_end(t, &st)) {
		smtpd_reply_refusal(s, st.sysexit == EX_DATAERR ? &too_large : &not_stored, &st);
		incoming_reset(t);
		return;
	}
	s->state = SMTPD_WAITING;
	s->ops->message(s->arg, &t->request, &t->message);
}

/* All octets of a chunk were read. */
static void end_of_chunk(struct smtpd *s)
{
	struct incoming *t = &s->t;
	char text[64];

	s->reading = READ_COMMAND;
	if (s->chunk_refusal != NULL) {
		smtpd_reply_bad(s, s->chunk_refusal);
		incoming_reset(t); /* RFC 3030, 2: what follows is refused, too */
	} else if (s->chunk_last || t->parser.failure.sysexit != EX_OK) {
		end_of_message(s);
	} else {
		snprintf(text, sizeof(text), "250 2.0.0 %" PRIu64 " octets", s->chunk);
		smtpd_reply(s, text);
	}
}

/* --- octets --- */

static void trim(struct buf *line, char c)
{
	while (line->len > 0 && line->data[line->len - 1] == c)
		buf_truncate(line, line->len - 1);
}

static size_t take_command(struct smtpd *s, const char *p, size_t n)
{
	const char *lf = memchr(p, '\n', n);
	size_t text = lf != NULL ? (size_t)(lf - p) : n;

	buf_add(&s->line, p, text);
	s->after_cr = text > 0 ? p[text - 1] == '\r' : s->after_cr;
	if (lf == NULL)
		return n;
	if (s->options.strict && !s->after_cr) {
		/* Waiting for the CRLF would be right as well, and end in a timeout. */
		smtpd_reply_end(s, "521 5.5.2 lines end with CR LF");
		return text + 1;
	}
	if (s->options.strict && buf_ok(&s->line))
		buf_truncate(&s->line, s->line.len - 1);
	else
		trim(&s->line, '\r');
	trim(&s->line, ' ');
	smtpd_command(s);
	if (s->reading == READ_CHUNK && s->chunk_left == 0)
		end_of_chunk(s);
	buf_reset(&s->line);
	s->after_cr = false;
	return text + 1;
}

static size_t take_data(struct smtpd *s, const char *p, size_t n)
{
	size_t taken = undot_decode(&s->undot, &s->text, p, n < PIECE ? n : PIECE);

	parser_feed(&s->t.parser, s->text.data, s->text.len);
	buf_reset(&s->text);
	if (s->undot.state == UNDOT_END)
		end_of_message(s);
	return taken;
}

static size_t take_chunk(struct smtpd *s, const char *p, size_t n)
{
	size_t taken = n < s->chunk_left ? n : (size_t)s->chunk_left;

	if (s->chunk_refusal == NULL)
		parser_feed(&s->t.parser, p, taken);
	s->chunk_left -= taken;
	if (s->chunk_left == 0)
		end_of_chunk(s);
	return taken;
}

size_t smtpd_feed(struct smtpd *s, const char *p, size_t n)
{
	static size_t (*const take[])(struct smtpd *, const char *, size_t) = {
		[READ_COMMAND] = take_command,
		[READ_DATA] = take_data,
		[READ_CHUNK] = take_chunk,
	};
	size_t at = 0;

	s->answered = false;
	while (at < n && s->state == SMTPD_READING && !s->answered)
		at += take[s->reading](s, p + at, n - at);
	buf_release(&s->text); /* there may be thousands of us, who wait */
	if (s->line.len == 0)
		buf_release(&s->line);
	return at;
}

/* --- what its owner asks for --- */

struct smtpd *smtpd_new(const struct smtpd_options *o, const struct smtpd_ops *ops, void *arg)
{
	struct smtpd *s = alloc(sizeof(*s));

	*s = (struct smtpd){ .options = *o, .ops = ops, .arg = arg };
	s->options.name = alloc_copy(o->name);
	buf_init(&s->out, OUT_MAX);
	buf_init(&s->line, o->private ? LINE_MAX_PRIVATE : LINE_MAX_PUBLIC);
	buf_init(&s->text, 2 * PIECE);
	incoming_init(&s->t);
	buf_printf(&s->out, "220 %s ESMTP mailchute\r\n", s->options.name);
	return s;
}

void smtpd_free(struct smtpd *s)
{
	if (s == NULL)
		return;
	incoming_reset(&s->t);
	buf_release(&s->out);
	buf_release(&s->line);
	buf_release(&s->text);
	free((char *)s->options.name);
	free(s->ending);
	free(s);
}

enum smtpd_state smtpd_state(const struct smtpd *s)
{
	return s->state;
}

struct buf *smtpd_out(struct smtpd *s)
{
	return &s->out;
}

static void end(struct smtpd *s)
{
	char text[256];

	incoming_reset(&s->t);
	buf_release(&s->line);
	snprintf(text, sizeof(text), "421 4.3.2 %s", s->ending);
	smtpd_reply_end(s, text);
}

static void answered(struct smtpd *s)
{
	incoming_reset(&s->t);
	s->bad = 0;
	s->answered = true;
	if (s->state == SMTPD_WAITING)
		s->state = SMTPD_READING;
	if (s->ending != NULL)
		end(s);
}

void smtpd_answer(struct smtpd *s, int code, int sysexit, const char *text)
{
	smtpd_reply_lines(s, code, text, s->options.private && code / 100 != 2 ? sysexit : EX_OK);
	answered(s);
}

void smtpd_refuse(struct smtpd *s, const struct status *st)
{
	smtpd_reply_failure(s, st);
	answered(s);
}

void smtpd_end(struct smtpd *s, const char *text)
{
	if (s->ending != NULL || s->state == SMTPD_ENDED || s->state == SMTPD_HANDED_OVER)
		return;
	s->ending = alloc_copy(text);
	if (s->state == SMTPD_READING)
		end(s);
}

size_t smtpd_held(const struct smtpd *s)
{
	return s->line.cap + s->out.cap + incoming_held(&s->t);
}

bool smtpd_is_idle(const struct smtpd *s)
{
	return s->state == SMTPD_READING && !s->t.open && s->reading == READ_COMMAND && s->line.len == 0;
}
