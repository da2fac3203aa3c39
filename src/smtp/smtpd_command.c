#include "smtp/smtpd_inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "smtp/argument.h"
#include "smtp/extension.h"

enum { EHLO_MAX = 2048 };

static const struct refusal bad_recipient = { EX_DATAERR, 501, "5.1.3" };
static const struct refusal unavailable = { EX_TEMPFAIL, 421, "4.3.2" };

/* --- what SMTP and XMAILCHUTE share --- */

/* MAIL or XMAIL, whose request is in t. */
static void begin(struct smtpd *s)
{
	struct status st;

	if (s->ops->begin == NULL || s->ops->begin(s->arg, &s->t.request, &st)) {
		s->t.open = true;
		smtpd_reply(s, "250 2.1.0 OK");
		return;
	}
	if (st.wait == WAIT_HOST) {
		smtpd_reply_refusal(s, &unavailable, &st);
		s->state = SMTPD_ENDED;
	} else {
		smtpd_reply_failure(s, &st);
	}
	incoming_reset(&s->t);
}

static const char *recipient_refusal(const struct incoming *t, size_t octets)
{
	if (!t->open || t->started)
		return "503 5.5.1 not now";
	return incoming_has_room(t, octets) ? NULL : "452 4.5.3 too many recipients";
}

/* RCPT and XRCPT. */
static void take_recipient(struct smtpd *s, const char *text, const struct request_dsn *dsn)
{
	struct status st;

	if (s->ops->recipient == NULL || s->ops->recipient(s->arg, text, &st)) {
		incoming_add(&s->t, text, dsn);
		smtpd_reply(s, "250 2.1.5 OK");
	} else if (st.sysexit == EX_DATAERR) {
		smtpd_reply_refusal(s, &bad_recipient, &st);
	} else {
		smtpd_reply_failure(s, &st);
	}
}

static void start_message(struct smtpd *s)
{
	const struct message_options how = {
		.dots_are_text = true, /* undot has seen to them */
		.max_octets = s->options.max_message,
		.in_memory = s->options.in_memory,
	};

	incoming_start(&s->t, &how);
}

/* --- commands --- */

static void do_helo(struct smtpd *s, const char *name)
{
	if (*name == '\0') {
		smtpd_reply_bad(s, "501 5.5.4 HELO name");
		return;
	}
	incoming_reset(&s->t); /* RFC 5321, 4.1.4 */
	smtpd_reply_lines(s, 250, s->options.name, EX_OK);
}

static void do_ehlo(struct smtpd *s, const char *name)
{
	struct buf text;

	if (*name == '\0') {
		smtpd_reply_bad(s, "501 5.5.4 EHLO name");
		return;
	}
	incoming_reset(&s->t);
	buf_init(&text, EHLO_MAX);
	buf_printf(&text, "%s\nPIPELINING\nSIZE %" PRIu64 "\n8BITMIME\nSMTPUTF8\nDSN\nCHUNKING\n"
	           "ENHANCEDSTATUSCODES\n", s->options.name, s->options.max_message);
	if (s->options.private)
		buf_printf(&text, "XMAILCHUTE%s\n", s->options.ignore_dots ? " IGNOREDOTS" : "");
	buf_puts(&text, "HELP");
	smtpd_reply_lines(s, 250, text.data, EX_OK);
	buf_release(&text);
}

static bool may_begin(struct smtpd *s)
{
	if (s->t.open)
		smtpd_reply_bad(s, "503 5.5.1 there is a transaction already");
	return !s->t.open;
}

static bool fits(const struct smtpd *s, uint64_t octets)
{
	return s->options.max_message == 0 || octets <= s->options.max_message;
}

static void do_mail(struct smtpd *s, const char *text)
{
	struct incoming *t = &s->t;
	struct argument a;
	const char *refusal;

	if (!may_begin(s))
		return;
	refusal = argument_mail(&a, text);
	if (refusal != NULL) {
		smtpd_reply_bad(s, refusal);
	} else if (!fits(s, a.size)) {
		smtpd_reply(s, "552 5.3.4 the message is larger than max_message");
	} else {
		t->request.sender = incoming_keep(t, a.address);
		t->request.smtputf8 = a.smtputf8;
		t->request.envid = incoming_keep(t, a.envid);
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
		smtpd_reply_bad(s, refusal);
		return;
	}
	refusal = argument_rcpt(&a, text);
	if (refusal != NULL)
		smtpd_reply_bad(s, refusal);
	else
		take_recipient(s, a.address, &(struct request_dsn){ .notify = a.notify, .orcpt = a.orcpt });
	argument_release(&a);
}

/* Why no message can come now, or NULL. */
static const char *message_refusal(const struct incoming *t)
{
	if (!t->open)
		return "503 5.5.1 MAIL first";
	return incoming_has_recipients(t) ? NULL : "554 5.5.1 no valid recipients";
}

static void do_data(struct smtpd *s, const char *text)
{
	const char *refusal = s->t.started ? "503 5.5.1 BDAT has begun" : message_refusal(&s->t);

	(void)text;
	if (refusal != NULL) {
		smtpd_reply_bad(s, refusal);
		return;
	}
	start_message(s);
	undot_init(&s->undot, s->options.strict);
	s->reading = READ_DATA;
	smtpd_reply(s, "354 go ahead; end with a dot on a line of its own");
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
		smtpd_reply_end(s, "521 5.5.4 BDAT octets [LAST]");
		return;
	}
	s->chunk_refusal = message_refusal(&s->t);
	if (s->chunk_refusal == NULL)
		start_message(s);
	s->reading = READ_CHUNK;
}

static void do_rset(struct smtpd *s, const char *text)
{
	(void)text;
	incoming_reset(&s->t);
	smtpd_reply(s, "250 2.0.0 OK");
}

static void do_noop(struct smtpd *s, const char *text)
{
	(void)text;
	smtpd_reply(s, "250 2.0.0 OK");
}

/* RFC 5321, 3.5.3 */
static void do_vrfy(struct smtpd *s, const char *text)
{
	(void)text;
	smtpd_reply(s, "252 2.5.2 send it some mail, and see");
}

static void do_help(struct smtpd *s, const char *text)
{
	(void)text;
	smtpd_reply(s, "214 2.0.0 RFC 5321: HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT");
}

static void do_quit(struct smtpd *s, const char *text)
{
	(void)text;
	smtpd_reply_end(s, "221 2.0.0 bye");
}

static void do_nothing(struct smtpd *s, const char *text)
{
	(void)text;
	smtpd_reply_bad(s, "502 5.5.1 not here");
}

/* A web page that makes a browser send it speaks to us, too. */
static void do_http(struct smtpd *s, const char *text)
{
	(void)text;
	smtpd_reply_end(s, "521 5.7.0 this is no web server");
}

/* --- XMAILCHUTE --- */

static void do_xmail(struct smtpd *s, const char *text)
{
	struct incoming *t = &s->t;
	struct status st;

	if (!may_begin(s))
		return;
	if (extension_parse_mail(&t->request, &t->texts, text, &st)) {
		begin(s);
		return;
	}
	smtpd_reply_failure(s, &st);
	incoming_reset(t);
}

static void do_xrcpt(struct smtpd *s, const char *text)
{
	const char *refusal = recipient_refusal(&s->t, strlen(text));
	char *operand = refusal == NULL ? xtext_parse(text, strlen(text)) : NULL;

	if (refusal != NULL)
		smtpd_reply_bad(s, refusal);
	else if (operand == NULL)
		smtpd_reply_bad(s, "501 5.5.4 no xtext");
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
		smtpd_reply_bad(s, "501 5.5.4 not so");
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

void smtpd_command(struct smtpd *s)
{
	const char *line = s->line.data;
	size_t verb = strcspn(line, " ");
	const struct command *c = find_command(s, line, verb);

	if (!buf_ok(&s->line))
		smtpd_reply_bad(s, "500 5.5.2 the line is too long");
	else if (buf_has_control(&s->line))
		smtpd_reply_bad(s, "500 5.5.2 control characters in a command");
	else if (c == NULL)
		smtpd_reply_bad(s, "500 5.5.2 unknown command");
	else
		c->run(s, line + verb + strspn(line + verb, " "));
}
