#include "base/str.h"
#include "smtp/smtpd.h"
#include "unit.h"

/*
 * A conversation: what the client sends, what it gets (without the greeting), and
 * what messages came of it: "SENDER|RECIPIENT,...|TEXT" each, LF for CRLF.
 */
struct row {
	const char *in, *out, *got;
	bool strict, private;
	uint64_t max;
	enum smtpd_state state;       /* in the end */
};

#define MAIL "MAIL FROM:<a@x>\r\n"
#define RCPT "RCPT TO:<b@y>\r\n"
#define OPEN MAIL RCPT
#define OK_MAIL "250 2.1.0 OK\r\n"
#define OK_RCPT "250 2.1.5 OK\r\n"
#define OK_OPEN OK_MAIL OK_RCPT
#define GO "354 go ahead; end with a dot on a line of its own\r\n"
#define OK "250 2.0.0 OK\r\n"
#define SENT "250 2.0.0 sent\r\n"
#define BYE "221 2.0.0 bye\r\n"
#define NO_PATH "501 5.1.3 the address has to stand between < and >\r\n"

static const struct row rows[] = {
	/* Commands. */
	{ .in = "HELO [127.0.0.1]\r\nQUIT\r\n", .out = "250 h\r\n" BYE, .state = SMTPD_ENDED },
	{ .in = "EHLO x\r\n", .out = "250-h\r\n250-PIPELINING\r\n250-SIZE 0\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
	  "250-DSN\r\n250-CHUNKING\r\n250-ENHANCEDSTATUSCODES\r\n250 HELP\r\n" },
	{ .in = "EHLO x\r\n", .private = true, .strict = true, .max = 9,
	  .out = "250-h\r\n250-PIPELINING\r\n250-SIZE 9\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
	  "250-DSN\r\n250-CHUNKING\r\n250-ENHANCEDSTATUSCODES\r\n250-XMAILCHUTE\r\n250 HELP\r\n" },
	{ .in = "ehlo\r\nnoop\r\nNoOp x\r\n", .out = "501 5.5.4 EHLO name\r\n" OK OK },
	{ .in = "VRFY root\nEXPN x\nHELP\nAUTH PLAIN\nXRCPT a\n",
	  .out = "252 2.5.2 send it some mail, and see\r\n502 5.5.1 not here\r\n"
	  "214 2.0.0 RFC 5321: HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT\r\n"
	  "502 5.5.1 not here\r\n500 5.5.2 unknown command\r\n" },
	{ .in = "POST / HTTP/1.1\r\nMAIL FROM:<a@x>\r\n", .out = "521 5.7.0 this is no web server\r\n",
	  .state = SMTPD_ENDED },
	{ .in = "NOOP \r \n", .out = "500 5.5.2 control characters in a command\r\n" },
	{ .in = "NOOP\r\r\nRSET  \r\n", .out = OK OK },
	{ .in = "NOOP\r\r\nNOOP\r\n", .strict = true,
	  .out = "500 5.5.2 control characters in a command\r\n" OK },
	{ .in = "NOOP\nMAIL FROM:<a@x>\r\n", .strict = true, .out = "521 5.5.2 lines end with CR LF\r\n",
	  .state = SMTPD_ENDED },
	{ .in = "NOOP\rNOOP\r\nNOOP\r\n", .strict = true,
	  .out = "500 5.5.2 control characters in a command\r\n" OK },

	/* Order. */
	{ .in = "RCPT TO:<a>\r\nDATA\r\nBDAT 2\r\nhiBDAT 0 LAST\r\n" MAIL MAIL "DATA\r\n",
	  .out = "503 5.5.1 not now\r\n503 5.5.1 MAIL first\r\n503 5.5.1 MAIL first\r\n503 5.5.1 MAIL first\r\n"
	  OK_MAIL "503 5.5.1 there is a transaction already\r\n554 5.5.1 no valid recipients\r\n" },
	{ .in = OPEN "RSET\r\nDATA\r\n" OPEN "HELO x\r\nDATA\r\n",
	  .out = OK_OPEN OK "503 5.5.1 MAIL first\r\n" OK_OPEN "250 h\r\n503 5.5.1 MAIL first\r\n" },

	{ .in = MAIL "BDAT 2\r\nhi" RCPT, .out = OK_MAIL "554 5.5.1 no valid recipients\r\n503 5.5.1 not now\r\n" },

	/* MAIL and RCPT. */
	{ .in = "MAIL FROM:a@x\r\nMAIL a@x\r\nMAIL FROM:<a@x\r\nMAIL FROM:<a@@x>\r\n",
	  .out = "501 5.1.7 the address has to stand between < and >\r\n501 5.5.4 MAIL FROM:<address>\r\n"
	  "501 5.1.7 the address has to stand between < and >\r\n501 5.1.7 no address\r\n" },
	{ .in = "MAIL FROM:<>\r\nRCPT TO:b@y\r\nRCPT TO:b@y>\r\nRCPT TO:<>\r\nRCPT TO:<a@x,b@x>\r\nRCPT TO:<root>x\r\n"
	  "RCPT TO: <root>\r\nrcpt to:<\"a>b\"@x>\r\nRCPT TO:<@r,@s:c@x>\r\nBDAT 6 LAST\r\na: b\r\n",
	  .out = OK_MAIL NO_PATH NO_PATH "501 5.1.3 no address\r\n501 5.1.3 no address\r\n" NO_PATH
	  OK_RCPT OK_RCPT OK_RCPT SENT, .got = "|root,\"a>b\"@x,c@x|a: b\n\n" },
	{ .in = "MAIL FROM:<a@x> SIZE=1 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+2Bb\r\n"
	  "RCPT TO:<b@y> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bc@y\r\nRCPT TO:<c@y>\r\nBDAT 0 LAST\r\n",
	  .out = OK_OPEN OK_RCPT SENT,
	  .got = "a@x 8bit utf8 hdrs a+b|b@y 10 rfc822;b+2Bc@y,c@y|\n" },
	{ .in = "MAIL FROM:<a@x> FOO\r\nMAIL FROM:<a@x> SIZE\r\nMAIL FROM:<a@x> SIZE=1 SIZE=1\r\n"
	  "MAIL FROM:<a@x> BODY=BINARYMIME\r\nMAIL FROM:<a@x> ENVID=+0A\r\nMAIL FROM:<a@x> NOTIFY=NEVER\r\n"
	  "MAIL FROM:<a@x> SMTPUTF8=1\r\n",
	  .out = "555 5.5.4 unknown parameter\r\n501 5.5.4 bad parameter\r\n501 5.5.4 bad parameter\r\n"
	  "501 5.5.4 bad parameter\r\n501 5.5.4 bad parameter\r\n555 5.5.4 unknown parameter\r\n"
	  "501 5.5.4 bad parameter\r\n" },
	{ .in = MAIL "RCPT TO:<b@y> NOTIFY=NEVER,DELAY\r\nRCPT TO:<b@y> ORCPT=b@y\r\nRCPT TO:<b@y> ORCPT=rfc822;a=b\r\n"
	  "RCPT TO:<no@y>\r\nRCPT TO:<bad@y>\r\n",
	  .out = OK_MAIL "501 5.5.4 bad parameter\r\n501 5.5.4 bad parameter\r\n501 5.5.4 bad parameter\r\n"
	  "550 5.1.1 nobody\r\n501 5.1.3 bad\r\n" },
	{ .in = "MAIL FROM:<a@x> SIZE=11\r\nMAIL FROM:<a@x> SIZE=99999999999999999999\r\nMAIL FROM:<a@x> SIZE=10\r\n",
	  .max = 10, .out = "552 5.3.4 the message is larger than max_message\r\n"
	  "552 5.3.4 the message is larger than max_message\r\n" OK_MAIL },

	/* DATA. */
	{ .in = OPEN "DATA\r\nA: b\r\n\r\n..x\r\n.y\r\n...\r\n.\r\n" OPEN "DATA\r\n.\r\nQUIT\r\n",
	  .out = OK_OPEN GO SENT OK_OPEN GO SENT BYE,
	  .got = "a@x|b@y|A: b\n\n.x\ny\n..\na@x|b@y|\n", .state = SMTPD_ENDED },
	{ .in = OPEN "DATA\nA: b\n\n..x\n.\nQUIT\n", .out = OK_OPEN GO SENT BYE,
	  .got = "a@x|b@y|A: b\n\n.x\n", .state = SMTPD_ENDED },
	{ .in = OPEN "DATA\r\nA: b\r\n\r\nhalf", .out = OK_OPEN GO },
	{ .in = OPEN "DATA\r\nA: b\r\n\r\nmuch\r\n.\r\nNOOP\r\n", .max = 9,
	  .out = OK_OPEN GO "552 5.3.4 the message is larger than max_message allows (9 octets)\r\n" OK },
	{ .in = OPEN "BDAT 3\r\nA: DATA\r\nRCPT TO:<c>\r\nBDAT 5 LAST\r\nb\r\n.\n",
	  .out = OK_OPEN "250 2.0.0 3 octets\r\n503 5.5.1 BDAT has begun\r\n503 5.5.1 not now\r\n" SENT,
	  .got = "a@x|b@y|A: b\n\n.\n" },

	/* No end of data where another server might not see one, nor the other way round. */
	{ .in = OPEN "DATA\r\nA: b\r\n\r\nx\n.\nMAIL FROM:<evil@x>\r\n.\r\n", .strict = true,
	  .out = OK_OPEN GO SENT, .got = "a@x|b@y|A: b\n\nx\n.\nMAIL FROM:<evil@x>\n" },
	{ .in = OPEN "DATA\r\nA: b\r\n\r\nx\n.\r\nMAIL FROM:<evil@x>\r\n.\r\n", .strict = true,
	  .out = OK_OPEN GO SENT, .got = "a@x|b@y|A: b\n\nx\n.\nMAIL FROM:<evil@x>\n" },
	{ .in = OPEN "DATA\r\nA: b\r\n\r\nx\r\n.\nMAIL FROM:<evil@x>\r\n.\r\n", .strict = true,
	  .out = OK_OPEN GO SENT, .got = "a@x|b@y|A: b\n\nx\n\nMAIL FROM:<evil@x>\n" },
	{ .in = OPEN "DATA\r\nA: b\r\n\r\nx\r\n.\rMAIL FROM:<evil@x>\r.\r\r\n.\r\n", .strict = true,
	  .out = OK_OPEN GO SENT, .got = "a@x|b@y|A: b\n\nx\n MAIL FROM:<evil@x> .\n" },
	{ .in = OPEN "DATA\r\nA: b\r\n\r\nx\r.\r\r\n.\r\r\nNOOP\r\n.\r\n", .strict = true,
	  .out = OK_OPEN GO SENT, .got = "a@x|b@y|A: b\n\nx .\n\nNOOP\n" },
	{ .in = OPEN "DATA\r\nA: b\r\n\r\nx\n..\n..y\r\n..z\r\n.\r\n", .strict = true,
	  .out = OK_OPEN GO SENT, .got = "a@x|b@y|A: b\n\nx\n..\n..y\n.z\n" },

	/* BDAT. */
	{ .in = OPEN "BDAT 12 LAST\r\nA: b\r\n\r\n.\r\nx" OPEN "BDAT 6\r\nA: c\r\nBDAT 0 LAST\r\nQUIT\r\n", .strict = true,
	  .out = OK_OPEN SENT OK_OPEN "250 2.0.0 6 octets\r\n" SENT BYE,
	  .got = "a@x|b@y|A: b\n\n.\nx\na@x|b@y|A: c\n\n", .state = SMTPD_ENDED },
	{ .in = OPEN "BDAT 20\r\n12345678901234567890BDAT 2 LAST\r\nhi" OPEN, .max = 19,
	  .out = OK_OPEN "552 5.3.4 the message is larger than max_message allows (19 octets)\r\n503 5.5.1 MAIL first\r\n" OK_OPEN },
	{ .in = OPEN "BDAT 99999999999999999999 LAST\r\nMAIL", .state = SMTPD_ENDED,
	  .out = OK_OPEN "521 5.5.4 BDAT octets [LAST]\r\n" },
	{ .in = OPEN "BDAT -1\r\nMAIL", .state = SMTPD_ENDED, .out = OK_OPEN "521 5.5.4 BDAT octets [LAST]\r\n" },

	/* XMAILCHUTE. */
	{ .in = "XMAIL TAG=t HEADER\r\nBDAT 0 LAST\r\nXMAIL FROM=a@x\r\nXRCPT b@y,+20c\r\nXRCPT =\r\nXRCPT no@y\r\n"
	  "BDAT 0 LAST\r\nXRUN list +2Dx\r\nNOOP\r\n", .private = true,
	  .out = OK_MAIL SENT OK_MAIL OK_RCPT "501 5.5.4 no xtext\r\n550 5.1.1 nobody [EX 67]\r\n" SENT,
	  .got = "(null)||\na@x|b@y, c|\nRUN list -x\n", .state = SMTPD_HANDED_OVER },
	{ .in = "XMAIL NONSENSE\r\n", .private = true,
	  .out = "501 5.5.4 an option that this version does not know [EX 64]\r\n" },
};

struct test {
	const struct row *row;
	struct smtpd *s;
	struct buf out, got;
	bool later;                   /* the answer comes when feeding is over */
	bool owes;
};

static bool take_recipient(void *arg, const char *text, struct status *st)
{
	(void)arg;
	if (str_starts(text, "no@"))
		return status_fail(st, EX_NOUSER, "nobody");
	return !str_starts(text, "bad@") || status_fail(st, EX_DATAERR, "bad");
}

static void print_text(struct buf *out, const struct message *m)
{
	struct message_source source;
	char block[64];
	long n;

	message_start(&source, m);
	while ((n = message_next(&source, block, sizeof(block))) > 0)
		for (long i = 0; i < n; i++)
			if (block[i] != '\r')
				buf_putc(out, block[i]);
}

static void print_request(struct buf *out, const struct request *r)
{
	buf_printf(out, "%s%s%s%s%s%s|", r->sender ? r->sender : "(null)", r->body == BODY_8BITMIME ? " 8bit" : "",
	           r->smtputf8 ? " utf8" : "", r->ret == RETURN_HEADERS ? " hdrs" : "",
	           r->envid ? " " : "", r->envid ? r->envid : "");
	for (size_t i = 0; i < r->recipients_len; i++) {
		buf_printf(out, "%s%s", i > 0 ? "," : "", r->recipients[i]);
		if (r->recipients_dsn[i].notify != 0)
			buf_printf(out, " %u", r->recipients_dsn[i].notify);
		if (r->recipients_dsn[i].orcpt != NULL)
			buf_printf(out, " %s", r->recipients_dsn[i].orcpt);
	}
	buf_putc(out, '|');
}

static void answer(struct test *t)
{
	t->owes = false;
	smtpd_answer(t->s, 250, EX_OK, "2.0.0 sent");
}

static void take_message(void *arg, const struct request *r, struct message *m)
{
	struct test *t = arg;

	ck_assert_int_eq(smtpd_state(t->s), SMTPD_WAITING);
	print_request(&t->got, r);
	print_text(&t->got, m);
	t->owes = true;
	if (!t->later)
		answer(t);
}

static void run(void *arg, const struct strv *words)
{
	struct test *t = arg;

	buf_puts(&t->got, "RUN");
	for (size_t i = 0; i < words->len; i++)
		buf_printf(&t->got, " %s", words->v[i]);
	buf_putc(&t->got, '\n');
}

static const struct smtpd_ops ops = { .recipient = take_recipient, .message = take_message, .run = run };

static void test_start(struct test *t, const struct row *row)
{
	const struct smtpd_options how = {
		.name = "h", .strict = row->strict, .private = row->private, .max_message = row->max, .in_memory = 3,
	};

	*t = (struct test){ .row = row };
	buf_init(&t->out, 1 << 20);
	buf_init(&t->got, 1 << 20);
	t->s = smtpd_new(&how, &ops, t);
	ck_assert_str_eq(smtpd_out(t->s)->data, "220 h ESMTP mailchute\r\n");
	buf_reset(smtpd_out(t->s));
}

static void test_feed(struct test *t, const char *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		size_t taken = smtpd_feed(t->s, p + at, n - at);

		at += taken;
		if (t->owes)
			answer(t);
		else if (taken == 0 || smtpd_state(t->s) != SMTPD_READING)
			break;
	}
	buf_add(&t->out, smtpd_out(t->s)->data, smtpd_out(t->s)->len);
	buf_reset(smtpd_out(t->s));
}

static void test_end(struct test *t)
{
	smtpd_free(t->s);
	buf_release(&t->out);
	buf_release(&t->got);
}

static void converse(const struct row *row, size_t piece, bool later)
{
	struct test t;
	size_t n = strlen(row->in);

	test_start(&t, row);
	t.later = later;
	for (size_t at = 0; at < n; at += piece)
		test_feed(&t, row->in + at, piece < n - at ? piece : n - at);
	ck_assert_str_eq(t.out.data, row->out);
	ck_assert_str_eq(t.got.data, row->got ? row->got : "");
	ck_assert_int_eq(smtpd_state(t.s), row->state);
	test_end(&t);
}

START_TEST(conversation)
{
	static const size_t pieces[] = { 100000, 1, 2, 3, 5, 7, 11, 64 };

	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		converse(&rows[_i], pieces[i], false);
		converse(&rows[_i], pieces[i], true);
	}
}
END_TEST

static void feed_text(struct test *t, const char *text)
{
	test_feed(t, text, strlen(text));
}

START_TEST(many_bad_commands)
{
	struct test t;

	test_start(&t, &(struct row){ .strict = true });
	for (int i = 0; i < 20; i++)
		feed_text(&t, "FOO\r\n");
	ck_assert_int_eq(smtpd_state(t.s), SMTPD_READING);
	feed_text(&t, "FOO\r\n");
	ck_assert_int_eq(smtpd_state(t.s), SMTPD_ENDED);
	ck_assert_ptr_nonnull(strstr(t.out.data, "\r\n421 4.7.0 "));
	test_end(&t);
}
END_TEST

START_TEST(long_line)
{
	struct test t;
	char *text = malloc(600 * 1024);

	memset(text, 'x', 600 * 1024);
	test_start(&t, &(struct row){ .private = _i, .strict = true });
	test_feed(&t, text, _i ? 600 * 1024 : 3000);
	feed_text(&t, "\r\nNOOP\r\n");
	ck_assert_str_eq(t.out.data, "500 5.5.2 the line is too long\r\n" OK);
	test_end(&t);
	free(text);
}
END_TEST

/* A private operand may be as long as a word of a command line. */
START_TEST(long_operand)
{
	struct test t;
	char *text = malloc(400 * 1024);

	memset(text, 'x', 400 * 1024);
	test_start(&t, &(struct row){ .private = true, .strict = true });
	feed_text(&t, "XMAIL\r\nXRCPT ");
	test_feed(&t, text, 400 * 1024);
	feed_text(&t, "\r\n");
	ck_assert_str_eq(t.out.data, OK_OPEN);
	for (int i = 0; i < 40; i++) {
		feed_text(&t, "XRCPT ");
		test_feed(&t, text, 400 * 1024);
		feed_text(&t, "\r\n");
	}
	ck_assert_ptr_nonnull(strstr(t.out.data, "\r\n452 4.5.3 "));
	test_end(&t);
	free(text);
}
END_TEST

START_TEST(end)
{
	struct test t;

	test_start(&t, &(struct row){ .strict = true });
	t.later = true;
	feed_text(&t, OPEN);
	ck_assert(!smtpd_is_idle(t.s));
	ck_assert_uint_eq(smtpd_feed(t.s, "BDAT 0 LAST\r\nNOOP\r\n", 19), 13);
	smtpd_end(t.s, "enough");
	ck_assert_int_eq(smtpd_state(t.s), SMTPD_WAITING);
	answer(&t);
	ck_assert_str_eq(smtpd_out(t.s)->data, SENT "421 4.3.2 enough\r\n");
	ck_assert_int_eq(smtpd_state(t.s), SMTPD_ENDED);
	test_end(&t);
}
END_TEST

static const struct {
	struct status st;
	const char *reply;
} refusals[] = {
	{ { .sysexit = EX_UNAVAILABLE, .reply = 550, .text = "h: 550 5.7.1 no spam" }, "550 5.7.1 h: 550 5.7.1 no spam\r\n" },
	{ { .sysexit = EX_NOUSER, .reply = 550, .text = "h: 550 no" }, "550 5.0.0 h: 550 no\r\n" },
	{ { .sysexit = EX_TEMPFAIL, .wait = WAIT_MESSAGE, .reply = 452, .text = "452 4.2.2 full" }, "452 4.2.2 452 4.2.2 full\r\n" },
	{ { .sysexit = EX_TEMPFAIL, .wait = WAIT_HOST, .reply = 421, .text = "421 4.2.2 full" }, "451 4.3.0 421 4.2.2 full\r\n" },
	{ { .sysexit = EX_NOPERM, .wait = WAIT_ACCOUNT, .reply = 535, .text = "535 5.7.8 login" }, "451 4.3.0 535 5.7.8 login\r\n" },
	{ { .sysexit = EX_UNAVAILABLE, .text = "too many hops" }, "554 5.0.0 too many hops\r\n" },
	{ { .sysexit = EX_CONFIG, .text = "no account" }, "451 4.3.5 no account\r\n" },
	{ { .sysexit = EX_DATAERR, .text = "one\r\n250 two" }, "554-5.6.0 one \r\n554 250 two\r\n" },
};

START_TEST(refusal)
{
	struct test t;

	test_start(&t, &(struct row){ .strict = true });
	t.later = true;
	feed_text(&t, OPEN);
	smtpd_feed(t.s, "BDAT 0 LAST\r\n", 13);
	buf_reset(smtpd_out(t.s));
	smtpd_refuse(t.s, &refusals[_i].st);
	ck_assert_str_eq(smtpd_out(t.s)->data, refusals[_i].reply);
	ck_assert(smtpd_is_idle(t.s));
	test_end(&t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smtpd");
	TCase *c = tcase_create("smtpd");

	tcase_add_loop_test(c, conversation, 0, COUNT_OF(rows));
	tcase_add_test(c, many_bad_commands);
	tcase_add_loop_test(c, long_line, 0, 2);
	tcase_add_test(c, long_operand);
	tcase_add_test(c, end);
	tcase_add_loop_test(c, refusal, 0, COUNT_OF(refusals));
	suite_add_tcase(suite, c);
	return unit_run(suite);
}
