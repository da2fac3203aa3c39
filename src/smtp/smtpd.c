#include "smtp/smtpd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "mail/address.h"
#include "smtp/argument.h"
#include "smtp/dot.h"
#include "smtp/extension.h"
#include "smtp/refusal.h"

enum {
	LINE_MAX_PUBLIC = 2048,             /* RFC 5321, 4.5.3.1.4: 512, and more for each extension */
	LINE_MAX_PRIVATE = 512 * 1024,      /* a word of a command line is up to 128 KB, in xtext three times that */
	RECIPIENTS_OCTETS_MAX = 16 * 1024 * 1024,
	OUT_MAX = 16 * 1024 * 1024,
	PIECE = 64 * 1024,
	BAD_COMMANDS_MAX = 20,
};

/* From MAIL on. */
struct transaction {
	bool open;
	struct request request;
	struct strv texts;                  /* that the request borrows */
	struct strv recipients;
	struct request_dsn *dsn;            /* of each of them */
	size_t octets;                      /* in all of them */

	/* From DATA or the first BDAT on. */
	bool started;
	struct message message;
	struct parser parser;
};

struct smtpd {
	struct smtpd_options options;
	const struct smtpd_ops *ops;
	void *arg;
	enum smtpd_state state;
	bool answered;                      /* a message, since smtpd_feed() was called */
	struct buf out;
	unsigned bad;                       /* commands, since the last message */
	char *ending;                       /* smtpd_end() was called, with these words */

	enum { READ_COMMAND, READ_DATA, READ_CHUNK } reading;
	struct buf line;                    /* a command */
	bool after_cr;                      /* the last octet of it was one */
	struct undot undot;
	struct buf text;                    /* what undot made of a piece */
	uint64_t chunk, chunk_left;
	bool chunk_last;
	const char *chunk_refusal;          /* for when it is read; NULL: it is taken */

	struct transaction t;
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

/* "250 2.0.0 OK" */
static void reply(struct smtpd *s, const char *text)
{
	reply_line(s, text, strlen(text));
}

static void reply_end(struct smtpd *s, const char *text)
{
	reply(s, text);
	s->state = SMTPD_ENDED;
}

/* What the client should not have said. */
static void reply_bad(struct smtpd *s, const char *text)
{
	reply(s, text);
	if (++s->bad > BAD_COMMANDS_MAX)
		reply_end(s, "421 4.7.0 too many errors");
}

/* The lines of a text that LF parts. */
static void reply_lines(struct smtpd *s, int code, const char *text, int sysexit)
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

/* --- failures --- */

static const struct refusal too_large = { EX_DATAERR, 552, "5.3.4" };
static const struct refusal not_stored = { EX_TEMPFAIL, 452, "4.3.1" };
static const struct refusal bad_recipient = { EX_DATAERR, 501, "5.1.3" };
static const struct refusal unavailable = { EX_TEMPFAIL, 421, "4.3.2" };

static void refuse_with(struct smtpd *s, const struct refusal *r, const struct status *st)
{
	char text[sizeof(st->text) + sizeof(r->enhanced) + 1];

	snprintf(text, sizeof(text), "%s %s", r->enhanced, st->text);
	reply_lines(s, r->code, text, s->options.private ? st->sysexit : EX_OK);
}

static void refuse(struct smtpd *s, const struct status *st)
{
	const struct refusal r = refusal_of(st);

	refuse_with(s, &r, st);
}

/* --- the transaction --- */

static void transaction_reset(struct transaction *t)
{
	struct status st;

	if (t->started)
		parser_end(&t->parser, &st);
	message_release(&t->message);
	strv_release(&t->texts);
	strv_release(&t->recipients);
	free(t->dsn);
	*t = (struct transaction){ .open = false };
	message_init(&t->message);
}

static bool has_recipients(const struct transaction *t)
{
	return t->recipients.len > 0 || t->request.header_recipients;
}

static void transaction_start(struct smtpd *s)
{
	const struct message_options how = {
		.dots_are_text = true, /* undot has seen to them */
		.max_octets = s->options.max_message,
		.in_memory = s->options.in_memory,
	};

	if (s->t.started)
		return;
	s->t.started = true;
	parser_init(&s->t.parser, &s->t.message, &how);
}

/* Nothing more comes; the transaction is over if it failed. */
static void end_of_message(struct smtpd *s)
{
	struct transaction *t = &s->t;
	struct status st;

	s->reading = READ_COMMAND;
	t->started = false;
	if (!parser_end(&t->parser, &st)) {
		refuse_with(s, st.sysexit == EX_DATAERR ? &too_large : &not_stored, &st);
		transaction_reset(t);
		return;
	}
	t->request.recipients = (const char *const *)t->recipients.v;
	t->request.recipients_len = t->recipients.len;
	t->request.recipients_dsn = t->dsn;
	t->message.nuls += t->request.nuls;
	t->message.lone_crs += t->request.lone_crs;
	s->state = SMTPD_WAITING;
	s->ops->message(s->arg, &t->request, &t->message);
}

/* MAIL or XMAIL, whose request is in t. */
static void begin(struct smtpd *s)
{
	struct status st;

	if (s->ops->begin == NULL || s->ops->begin(s->arg, &s->t.request, &st)) {
		s->t.open = true;
		reply(s, "250 2.1.0 OK");
		return;
	}
	if (st.wait == WAIT_HOST) {
		refuse_with(s, &unavailable, &st);
		s->state = SMTPD_ENDED;
	} else {
		refuse(s, &st);
	}
	transaction_reset(&s->t);
}

static const char *recipient_refusal(const struct transaction *t, size_t octets)
{
	if (!t->open || t->started)
		return "503 5.5.1 not now";
	if (t->recipients.len >= ADDRESSES_MAX || octets > RECIPIENTS_OCTETS_MAX - t->octets)
		return "452 4.5.3 too many recipients";
	return NULL;
}

/* What the request borrows from then on. */
static const char *keep(struct transaction *t, const char *text)
{
	if (text == NULL)
		return NULL;
	strv_add(&t->texts, text);
	return t->texts.v[t->texts.len - 1];
}

static void add_recipient(struct transaction *t, const char *text, const struct request_dsn *dsn)
{
	size_t n = t->recipients.len;

	if ((n & (n - 1)) == 0) /* a power of two: it is full */
		t->dsn = alloc_array(t->dsn, n > 0 ? 2 * n : 1, sizeof(*t->dsn));
	strv_add(&t->recipients, text);
	t->dsn[n] = *dsn;
	t->dsn[n].orcpt = keep(t, dsn->orcpt);
	t->octets += strlen(text);
}

/* RCPT and XRCPT. */
static void take_recipient(struct smtpd *s, const char *text, const struct request_dsn *dsn)
{
	struct status st;

	if (s->ops->recipient == NULL || s->ops->recipient(s->arg, text, &st)) {
		add_recipient(&s->t, text, dsn);
		reply(s, "250 2.1.5 OK");
	} else if (st.sysexit == EX_DATAERR) {
		refuse_with(s, &bad_recipient, &st);
	} else {
		refuse(s, &st);
	}
}

/* --- commands --- */

static void do_helo(struct smtpd *s, const char *name)
{
	if (*name == '\0') {
		reply_bad(s, "501 5.5.4 HELO name");
		return;
	}
	transaction_reset(&s->t); /* RFC 5321, 4.1.4 */
	reply_lines(s, 250, s->options.name, EX_OK);
}

static void do_ehlo(struct smtpd *s, const char *name)
{
	struct buf text;

	if (*name == '\0') {
		reply_bad(s, "501 5.5.4 EHLO name");
		return;
	}
	transaction_reset(&s->t);
	buf_init(&text, LINE_MAX_PUBLIC);
	buf_printf(&text, "%s\nPIPELINING\nSIZE %" PRIu64 "\n8BITMIME\nSMTPUTF8\nDSN\nCHUNKING\n"
	           "ENHANCEDSTATUSCODES\n", s->options.name, s->options.max_message);
	if (s->options.private)
		buf_printf(&text, "XMAILCHUTE%s\n", s->options.ignore_dots ? " IGNOREDOTS" : "");
	buf_puts(&text, "HELP");
	reply_lines(s, 250, text.data, EX_OK);
	buf_release(&text);
}

static bool may_begin(struct smtpd *s)
{
	if (s->t.open)
		reply_bad(s, "503 5.5.1 there is a transaction already");
	return !s->t.open;
}

static bool fits(const struct smtpd *s, uint64_t octets)
{
	return s->options.max_message == 0 || octets <= s->options.max_message;
}

static void do_mail(struct smtpd *s, const char *text)
{
	struct transaction *t = &s->t;
	struct argument a;
	const char *refusal;

	if (!may_begin(s))
		return;
	refusal = argument_mail(&a, text);
	if (refusal != NULL) {
		reply_bad(s, refusal);
	} else if (!fits(s, a.size)) {
		reply(s, "552 5.3.4 the message is larger than max_message");
	} else {
		t->request.sender = keep(t, a.address);
		t->request.smtputf8 = a.smtputf8;
		t->request.envid = keep(t, a.envid);
		t->request.ret = a.ret;
		t->request.body = a.body;
		begin(s);
	}
	argument_release(&a);
}

static void do_rcpt(struct smtpd *s, const char *text)
{
	const char *refusal = recipient_refusal(&s->t, strlen(text));
	struct argument a;

	if (refusal != NULL) {
		reply_bad(s, refusal);
		return;
	}
	refusal = argument_rcpt(&a, text);
	if (refusal != NULL)
		reply_bad(s, refusal);
	else
		take_recipient(s, a.address, &(struct request_dsn){ .notify = a.notify, .orcpt = a.orcpt });
	argument_release(&a);
}

/* Why no message can come now, or NULL. */
static const char *message_refusal(const struct transaction *t)
{
	if (!t->open)
		return "503 5.5.1 MAIL first";
	return has_recipients(t) ? NULL : "554 5.5.1 no valid recipients";
}

static void do_data(struct smtpd *s, const char *text)
{
	const char *refusal = s->t.started ? "503 5.5.1 BDAT has begun" : message_refusal(&s->t);

	(void)text;
	if (refusal != NULL) {
		reply_bad(s, refusal);
		return;
	}
	transaction_start(s);
	undot_init(&s->undot, s->options.strict);
	s->reading = READ_DATA;
	reply(s, "354 go ahead; end with a dot on a line of its own");
}

/* All octets of a chunk were read. */
static void end_of_chunk(struct smtpd *s)
{
	struct transaction *t = &s->t;
	char text[64];

	s->reading = READ_COMMAND;
	if (s->chunk_refusal != NULL) {
		reply_bad(s, s->chunk_refusal);
		transaction_reset(t); /* RFC 3030, 2: what follows is refused, too */
	} else if (s->chunk_last || t->parser.failure.sysexit != EX_OK) {
		end_of_message(s);
	} else {
		snprintf(text, sizeof(text), "250 2.0.0 %" PRIu64 " octets", s->chunk);
		reply(s, text);
	}
}

/* "N" or "N LAST" */
static bool parse_chunk(struct smtpd *s, const char *text)
{
	size_t n = strspn(text, "0123456789");

	s->chunk = s->chunk_left = strtoull(text, NULL, 10);
	s->chunk_last = text[n] == ' ' && str_iequal(text + n + strspn(text + n, " "), "LAST");
	return n > 0 && n < 20 && (text[n] == '\0' || s->chunk_last);
}

static void do_bdat(struct smtpd *s, const char *text)
{
	if (!parse_chunk(s, text)) {
		/* Nobody knows where the next command begins. */
		reply_end(s, "521 5.5.4 BDAT octets [LAST]");
		return;
	}
	s->chunk_refusal = message_refusal(&s->t);
	if (s->chunk_refusal == NULL)
		transaction_start(s);
	s->reading = READ_CHUNK;
	if (s->chunk == 0)
		end_of_chunk(s);
}

static void do_rset(struct smtpd *s, const char *text)
{
	(void)text;
	transaction_reset(&s->t);
	reply(s, "250 2.0.0 OK");
}

static void do_noop(struct smtpd *s, const char *text)
{
	(void)text;
	reply(s, "250 2.0.0 OK");
}

/* RFC 5321, 3.5.3 */
static void do_vrfy(struct smtpd *s, const char *text)
{
	(void)text;
	reply(s, "252 2.5.2 send it some mail, and see");
}

static void do_help(struct smtpd *s, const char *text)
{
	(void)text;
	reply(s, "214 2.0.0 RFC 5321: HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT");
}

static void do_quit(struct smtpd *s, const char *text)
{
	(void)text;
	reply_end(s, "221 2.0.0 bye");
}

static void do_nothing(struct smtpd *s, const char *text)
{
	(void)text;
	reply_bad(s, "502 5.5.1 not here");
}

/* A web page that makes a browser send it speaks to us, too. */
static void do_http(struct smtpd *s, const char *text)
{
	(void)text;
	reply_end(s, "521 5.7.0 this is no web server");
}

/* --- XMAILCHUTE --- */

static void do_xmail(struct smtpd *s, const char *text)
{
	struct transaction *t = &s->t;
	struct status st;

	if (!may_begin(s))
		return;
	if (extension_parse_mail(&t->request, &t->texts, text, &st)) {
		begin(s);
		return;
	}
	refuse(s, &st);
	transaction_reset(t);
}

static void do_xrcpt(struct smtpd *s, const char *text)
{
	const char *refusal = recipient_refusal(&s->t, strlen(text));
	char *operand = refusal == NULL ? xtext_parse(text, strlen(text)) : NULL;

	if (refusal != NULL)
		reply_bad(s, refusal);
	else if (operand == NULL)
		reply_bad(s, "501 5.5.4 no xtext");
	else
		take_recipient(s, operand, &(struct request_dsn){ .notify = 0 });
	free(operand);
}

/* False if one is no xtext. */
static bool parse_words(struct strv *words, const char *text)
{
	while (*(text += strspn(text, " ")) != '\0') {
		size_t n = strcspn(text, " ");
		char *word = xtext_parse(text, n);

		if (word == NULL)
			return false;
		strv_take(words, word);
		text += n;
	}
	return words->len > 0;
}

static void do_xrun(struct smtpd *s, const char *text)
{
	struct strv words;

	strv_init(&words);
	if (s->t.open || s->ops->run == NULL || !parse_words(&words, text)) {
		reply_bad(s, "501 5.5.4 not so");
	} else {
		s->state = SMTPD_HANDED_OVER;
		s->ops->run(s->arg, &words);
	}
	strv_release(&words);
}

static const struct command {
	const char *verb;
	void (*run)(struct smtpd *s, const char *argument);
	bool private;
} commands[] = {
	{ "HELO", .run = do_helo },
	{ "EHLO", .run = do_ehlo },
	{ "MAIL", .run = do_mail },
	{ "RCPT", .run = do_rcpt },
	{ "DATA", .run = do_data },
	{ "BDAT", .run = do_bdat },
	{ "RSET", .run = do_rset },
	{ "NOOP", .run = do_noop },
	{ "VRFY", .run = do_vrfy },
	{ "HELP", .run = do_help },
	{ "QUIT", .run = do_quit },
	{ "EXPN", .run = do_nothing },
	{ "AUTH", .run = do_nothing },
	{ "STARTTLS", .run = do_nothing },
	{ "GET", .run = do_http },
	{ "HEAD", .run = do_http },
	{ "POST", .run = do_http },
	{ "PUT", .run = do_http },
	{ "CONNECT", .run = do_http },
	{ "XMAIL", .run = do_xmail, .private = true },
	{ "XRCPT", .run = do_xrcpt, .private = true },
	{ "XRUN", .run = do_xrun, .private = true },
};

static const struct command *find_command(const struct smtpd *s, const char *line, size_t verb)
{
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		if (strlen(commands[i].verb) == verb && str_iequaln(commands[i].verb, line, verb)
		    && (s->options.private || !commands[i].private))
			return &commands[i];
	return NULL;
}

/* A whole command is in s->line. */
static void run_command(struct smtpd *s)
{
	const char *line = s->line.data;
	size_t verb = strcspn(line, " ");
	const struct command *c = find_command(s, line, verb);

	if (!buf_ok(&s->line))
		reply_bad(s, "500 5.5.2 the line is too long");
	else if (buf_has_control(&s->line))
		reply_bad(s, "500 5.5.2 control characters in a command");
	else if (c == NULL)
		reply_bad(s, "500 5.5.2 unknown command");
	else
		c->run(s, line + verb + strspn(line + verb, " "));
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
		reply_end(s, "521 5.5.2 lines end with CR LF");
		return text + 1;
	}
	if (s->options.strict && buf_ok(&s->line))
		buf_truncate(&s->line, s->line.len - 1);
	else
		trim(&s->line, '\r');
	trim(&s->line, ' ');
	run_command(s);
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
	message_init(&s->t.message);
	buf_printf(&s->out, "220 %s ESMTP mailchute\r\n", s->options.name);
	return s;
}

void smtpd_free(struct smtpd *s)
{
	if (s == NULL)
		return;
	transaction_reset(&s->t);
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

	transaction_reset(&s->t);
	buf_release(&s->line);
	snprintf(text, sizeof(text), "421 4.3.2 %s", s->ending);
	reply_end(s, text);
}

static void answered(struct smtpd *s)
{
	transaction_reset(&s->t);
	s->bad = 0;
	s->answered = true;
	if (s->state == SMTPD_WAITING)
		s->state = SMTPD_READING;
	if (s->ending != NULL)
		end(s);
}

void smtpd_answer(struct smtpd *s, int code, int sysexit, const char *text)
{
	reply_lines(s, code, text, s->options.private && code / 100 != 2 ? sysexit : EX_OK);
	answered(s);
}

void smtpd_refuse(struct smtpd *s, const struct status *st)
{
	refuse(s, st);
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
	const struct transaction *t = &s->t;
	size_t message = t->started ? parser_held(&t->parser) : message_held(&t->message);
	size_t recipient = sizeof(*t->recipients.v) + 2 * sizeof(void *) + sizeof(*t->dsn);

	return s->line.cap + s->out.cap + message + t->octets + t->recipients.len * recipient;
}

bool smtpd_is_idle(const struct smtpd *s)
{
	return s->state == SMTPD_READING && !s->t.open && s->reading == READ_COMMAND && s->line.len == 0;
}
