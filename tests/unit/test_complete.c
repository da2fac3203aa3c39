#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/str.h"
#include "mail/complete.h"
#include "mail/message.h"
#include "mail/parser.h"
#include "unit.h"

#define DATE    "Tue, 24 Nov 2026 06:40:07 +0000"
#define ADDED_ID   "Message-ID: <1K0Z@d.example>\r\n"
#define ADDED_DATE "Date: " DATE "\r\n"
#define ADDED_FROM "From: al@d.example\r\n"
#define ADDED   ADDED_ID ADDED_DATE ADDED_FROM
#define RESENT  "Resent-From: al@d.example\r\nResent-Date: " DATE "\r\n" \
                "Resent-Message-ID: <1K0Z@d.example>\r\n"
#define RECEIVED(who) "Received: from localhost (" who ")\r\n\tby h.example id 1K0Z;\r\n\t" DATE "\r\n"
#define HAVE    "Message-ID: <1>\r\nDate: x\r\nFrom: a@b\r\n"

static const struct row {
	const char *in, *out;
	struct completion c;       /* what is not given is as in `usual` */
} rows[] = {
	/* What is missing */
	{ .in = "", .out = ADDED },
	{ .in = "To: a@b\r\n", .out = "To: a@b\r\n" ADDED },
	{ .in = HAVE, .out = HAVE },
	{ .in = "DATE : x\r\nTo: a@b\r\n", .out = "DATE : x\r\nTo: a@b\r\n" ADDED_ID ADDED_FROM },
	{ .in = "from:a@b\r\n", .out = "from:a@b\r\n" ADDED_ID ADDED_DATE },
	{ .in = "message-id:\r\n x\r\n", .out = "message-id:\r\n x\r\n" ADDED_DATE ADDED_FROM },
	{ .in = "Received: x\r\nDate: y\r\nX: z\r\n", .out = "Received: x\r\nDate: y\r\nX: z\r\n" ADDED_ID ADDED_FROM },
	/* The From field */
	{ .in = HAVE, .out = HAVE, .c = { .name = "Al" } },
	{ .in = "Date: x\r\nMessage-ID: y\r\n", .out = "Date: x\r\nMessage-ID: y\r\nFrom: Al <al@d.example>\r\n",
	  .c = { .name = "Al" } },
	{ .in = "Date: x\r\nMessage-ID: y\r\n", .out = "Date: x\r\nMessage-ID: y\r\nFrom: \"Al, B.\" <al@d.example>\r\n",
	  .c = { .name = "Al, B." } },
	{ .in = "Date: x\r\nMessage-ID: y\r\n",
	  .out = "Date: x\r\nMessage-ID: y\r\nFrom: =?UTF-8?Q?J=C3=BCrgen?= <al@d.example>\r\n",
	  .c = { .name = "J\xc3\xbcrgen" } },
	{ .in = "Date: x\r\nMessage-ID: y\r\n", .out = "Date: x\r\nMessage-ID: y\r\n" ADDED_FROM, .c = { .name = "" } },
	{ .in = "Date: x\r\nMessage-ID: y\r\n", .out = "Date: x\r\nMessage-ID: y\r\nFrom: MAILER-DAEMON@d.example\r\n",
	  .c = { .sender = "" } },
	{ .in = "To: a@b\r\n", .out = "To: a@b\r\n" ADDED_ID ADDED_DATE, .c = { .from = COMPLETE_FROM_NEVER } },
	{ .in = HAVE, .out = HAVE, .c = { .from = COMPLETE_FROM_NEVER } },
	{ .in = "From: a@b\r\nTo: x@y\r\nfrom : c@d\r\nDate: x\r\nMessage-ID: y\r\n",
	  .out = "From: al@d.example\r\nTo: x@y\r\nDate: x\r\nMessage-ID: y\r\n", .c = { .from = COMPLETE_FROM_ALWAYS } },
	{ .in = "To: x@y\r\n", .out = "To: x@y\r\n" ADDED_FROM ADDED_ID ADDED_DATE, .c = { .from = COMPLETE_FROM_ALWAYS } },
	{ .in = HAVE, .out = HAVE, .c = { .from = COMPLETE_FROM_ALWAYS, .sender = "" } },
	/* Resent */
	{ .in = HAVE "Resent-To: a@b\r\n", .out = HAVE RESENT "Resent-To: a@b\r\n" },
	{ .in = "Resent-To: a@b\r\n" HAVE, .out = RESENT "Resent-To: a@b\r\n" HAVE },
	{ .in = "Resent-To: a@b\r\nTo: x@y\r\n", .out = RESENT "Resent-To: a@b\r\nTo: x@y\r\n" ADDED },
	{ .in = "Resent-Bcc: a@b\r\n" HAVE, .out = RESENT HAVE },
	{ .in = "Resent-From: q@r\r\nResent-To: a@b\r\nReceived: x\r\nResent-From: p@q\r\nResent-Date: z\r\n" HAVE,
	  .out = "Resent-Date: " DATE "\r\nResent-Message-ID: <1K0Z@d.example>\r\nResent-From: q@r\r\n"
	         "Resent-To: a@b\r\nReceived: x\r\nResent-From: p@q\r\nResent-Date: z\r\n" HAVE },
	{ .in = "Resent-From: a@b\r\nResent-Date: y\r\nResent-Message-ID: z\r\n" HAVE,
	  .out = "Resent-From: a@b\r\nResent-Date: y\r\nResent-Message-ID: z\r\n" HAVE },
	{ .in = HAVE "Resent-To: a@b\r\n",
	  .out = HAVE "Resent-Date: " DATE "\r\nResent-Message-ID: <1K0Z@d.example>\r\nResent-To: a@b\r\n",
	  .c = { .from = COMPLETE_FROM_NEVER } },
	/* What is dropped */
	{ .in = HAVE "Bcc: a@b\r\nBCC : c\r\n d@e\r\nResent-bcc:x\r\n", .out = HAVE RESENT },
	{ .in = "Return-Path: <x@y>\r\n" HAVE "Content-Length\t: 9\r\ncontent-length: 8\r\n", .out = HAVE },
	{ .in = HAVE "X-Bcc: a@b\r\nBcc-X: a@b\r\nContent-Type: x\r\n", .out = HAVE "X-Bcc: a@b\r\nBcc-X: a@b\r\nContent-Type: x\r\n" },
	{ .in = HAVE "bcc:\r\n", .out = HAVE },
	/* What stays */
	{ .in = HAVE "Subject:  a \r\n\tb\xff\r\nsubject: 2\r\nX: \r\nReceived: y\r\nSender: s\r\n",
	  .out = HAVE "Subject:  a \r\n\tb\xff\r\nsubject: 2\r\nX: \r\nReceived: y\r\nSender: s\r\n" },
	{ .in = HAVE "To: root, a@b\r\n", .out = HAVE "To: root, a@b\r\n" },
	/* Undisclosed recipients */
	{ .in = "To: a@b\r\n" HAVE "Cc: c@d,\r\n e@f\r\nX: y\r\nto:z\r\n", .out = HAVE "X: y\r\nTo: undisclosed-recipients:;\r\n",
	  .c = { .undisclosed_recipients = true } },
	{ .in = HAVE, .out = HAVE "To: undisclosed-recipients:;\r\n", .c = { .undisclosed_recipients = true, .qualify = true } },
	{ .in = "Resent-To: a@b\r\nResent-Cc: a@b\r\n" HAVE "To: p@q\r\n", .out = RESENT HAVE "To: undisclosed-recipients:;\r\n",
	  .c = { .undisclosed_recipients = true } },
	/* Bare names */
#define QUALIFY(given, made) { .in = HAVE given "\r\n", .out = HAVE made "\r\n", .c = { .qualify = true } }
	QUALIFY("To: root", "To: root@d.example"),
	QUALIFY("To:root", "To:root@d.example"),
	QUALIFY("To : root", "To : root@d.example"),
	QUALIFY("To: root, a@b, bob\r\n ,carol", "To: root@d.example, a@b, bob@d.example\r\n ,carol@d.example"),
	QUALIFY("Sender: root (Cron Daemon)", "Sender: root@d.example (Cron Daemon)"),
	QUALIFY("Reply-To: \"(Cron Daemon)\" <alice>", "Reply-To: \"(Cron Daemon)\" <alice@d.example>"),
	QUALIFY("To: <alice (x) >", "To: <alice@d.example (x) >"),
	QUALIFY("To: (x) alice\r\n\t(y)", "To: (x) alice@d.example\r\n\t(y)"),
	QUALIFY("To: \"al ice\"", "To: \"al ice\"@d.example"),
	QUALIFY("Cc: staff: al, bob@x;, c", "Cc: staff: al@d.example, bob@x;, c@d.example"),
	QUALIFY("Cc: undisclosed-recipients:;", "Cc: undisclosed-recipients:;"),
	QUALIFY("To: <>, a@b", "To: <>, a@b"),
	QUALIFY("To:", "To:"),
	QUALIFY("To: Cron Daemon", "To: Cron Daemon"),
	QUALIFY("To: a@@b, root", "To: a@@b, root@d.example"),
	QUALIFY("X-To: root", "X-To: root"),
	QUALIFY("Errors-To: root", "Errors-To: root"),
	QUALIFY("To: J\xfcrgen <root>", "To: J\xfcrgen <root@d.example>"),
	QUALIFY("Subject: root", "Subject: root"),
	{ .in = "Resent-To: r\r\nResent-Cc: c\r\nResent-From: f\r\nResent-Sender: s\r\nResent-Date: x\r\nResent-Message-ID: x\r\n" HAVE,
	  .out = "Resent-To: r@d.example\r\nResent-Cc: c@d.example\r\nResent-From: f@d.example\r\nResent-Sender: s@d.example\r\n"
	         "Resent-Date: x\r\nResent-Message-ID: x\r\n" HAVE, .c = { .qualify = true } },
#define FROM(given, made) { .in = "Date: x\r\nMessage-ID: x\r\nFrom: " given "\r\n", \
	                    .out = "Date: x\r\nMessage-ID: x\r\nFrom: " made "\r\n", .c = { .qualify = true } }
	FROM("root (Cron Daemon)", "root@d.example (Cron Daemon)"),
	FROM("\"(Cron Daemon)\" <alice>", "\"(Cron Daemon)\" <alice@d.example>"),
	FROM("Anacron <root>", "Anacron <root@d.example>"),
	FROM("root\r\n (Cron\r\n\tDaemon)", "root@d.example\r\n (Cron\r\n\tDaemon)"),
	FROM("X <<a@b>>", "X <<a@b>>"),
	FROM("X <<root>>", "X <<root@d.example>>"),
	FROM("a, \"b\" <b>, c@x", "a@d.example, \"b\" <b@d.example>, c@x"),
	QUALIFY("Cc: g: a,\r\n\tb (x);, c", "Cc: g: a@d.example,\r\n\tb@d.example (x);, c@d.example"),
	QUALIFY("Resent-Reply-To: \"(x)\" <a>\r\nResent-From: b@c\r\nResent-Date: x\r\nResent-Message-ID: x",
	        "Resent-Reply-To: \"(x)\" <a@d.example>\r\nResent-From: b@c\r\nResent-Date: x\r\nResent-Message-ID: x"),
	{ .in = "From: Fail2Ban <fail2ban>\r\nDate: x\r\nMessage-ID: x\r\n",
	  .out = "From: Fail2Ban <fail2ban@d.example>\r\nDate: x\r\nMessage-ID: x\r\n", .c = { .qualify = true } },
	/* Received */
	{ .in = "Received: x\r\n" HAVE,
	  .out = RECEIVED("uid 1000") "Received: x\r\n" HAVE,
	  .c = { .received = true } },
	{ .in = HAVE, .out = RECEIVED("tcp") HAVE, .c = { .received = true, .uid = CALLER_UNKNOWN } },
	{ .in = "Resent-To: a@b\r\n" HAVE,
	  .out = RECEIVED("uid 1000") RESENT "Resent-To: a@b\r\n" HAVE,
	  .c = { .received = true } },
};

static void read_header(struct message *m, const char *text)
{
	const struct message_options o = { 0 };
	struct parser p;
	struct status st;

	parser_init(&p, m, &o);
	parser_feed(&p, text, strlen(text));
	ck_assert(parser_end(&p, &st));
}

static void print_header(const struct message *m, struct buf *out)
{
	for (size_t i = 0; i < m->header.len; i++)
		buf_add(out, m->header.v[i].text, m->header.v[i].len);
	ck_assert_uint_eq(m->header.octets, out->len);
}

static struct completion completion_of(const struct row *r)
{
	struct completion c = r->c;

	c.sender = c.sender != NULL ? c.sender : "al@d.example";
	c.domain = "d.example";
	c.host = "h.example";
	c.id = "1K0Z";
	c.now = 1795502407;
	c.uid = c.uid != 0 ? c.uid : 1000;
	return c;
}

START_TEST(complete)
{
	struct completion c = completion_of(&rows[_i]);
	struct message m;
	struct buf got;

	message_init(&m);
	buf_init(&got, 10000);
	read_header(&m, rows[_i].in);
	message_complete(&m, &c);
	print_header(&m, &got);
	ck_assert_str_eq(got.data, rows[_i].out);
	ck_assert_int_eq(m.header_8bit, !str_is_ascii(got.data, got.len));
	/* Again, it changes nothing. */
	c.received = false;
	message_complete(&m, &c);
	buf_reset(&got);
	print_header(&m, &got);
	ck_assert_str_eq(got.data, rows[_i].out);
	buf_release(&got);
	message_release(&m);
}
END_TEST

START_TEST(five_thousand_names)
{
	struct completion c = { .sender = "", .domain = "d.example", .id = "x", .qualify = true };
	struct buf in, out, got;
	struct message m;

	buf_init(&in, 1 << 20);
	buf_init(&out, 1 << 20);
	buf_init(&got, 1 << 20);
	buf_puts(&in, HAVE "To: first");
	buf_puts(&out, HAVE "To: first@d.example");
	for (int i = 0; i < 5000; i++) {
		buf_printf(&in, ",\r\n user%d", i);
		buf_printf(&out, ",\r\n user%d@d.example", i);
	}
	buf_puts(&in, "\r\n");
	buf_puts(&out, "\r\n");
	message_init(&m);
	read_header(&m, in.data);
	message_complete(&m, &c);
	print_header(&m, &got);
	ck_assert_str_eq(got.data, out.data);
	buf_release(&in);
	buf_release(&out);
	buf_release(&got);
	message_release(&m);
}
END_TEST

static const struct {
	const char *in;
	size_t hops;
} hops[] = {
	{ .in = "", .hops = 0 },
	{ .in = HAVE "X-Received: a\r\n", .hops = 0 },
	{ .in = "Received: a\r\nreceived : b\r\n" HAVE "RECEIVED:\r\n", .hops = 3 },
};

START_TEST(count_hops)
{
	struct message m;

	message_init(&m);
	read_header(&m, hops[_i].in);
	ck_assert_uint_eq(header_hops(&m.header), hops[_i].hops);
	message_release(&m);
}
END_TEST

static const struct {
	uid_t uid;
	const char *login, *gecos, *name;
} users[] = {
	{ .uid = 1000, .login = "al", .gecos = "Al Bo,room 1,555", .name = "Al Bo" },
	{ .uid = 1000, .login = "al", .gecos = "Al Bo", .name = "Al Bo" },
	{ .uid = 1000, .login = "al", .gecos = "& Bo & Co", .name = "Al Bo Al Co" },
	{ .uid = 1000, .login = "Al", .gecos = "&", .name = "Al" },
	{ .uid = 1000, .login = "", .gecos = "x&", .name = "x" },
	{ .uid = 4000000000, .login = "_x", .gecos = "&,", .name = "_x" },
	{ .uid = 1000, .login = "al", .gecos = "" },
	{ .uid = 1000, .login = "al", .gecos = ",,," },
	{ .uid = 1000, .login = "al" },
	{ .uid = 999, .login = "daemon", .gecos = "Daemon" },
	{ .uid = 0, .login = "root", .gecos = "root" },
};

START_TEST(user_name)
{
	char *login = alloc_copy(users[_i].login), *gecos = alloc_copy(users[_i].gecos);
	const struct passwd pw = { .pw_uid = users[_i].uid, .pw_name = login, .pw_gecos = gecos };
	char *got = complete_user_name(&pw);

	ck_assert_pstr_eq(got, users[_i].name);
	free(got);
	free(login);
	free(gecos);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mail/complete");
	TCase *tc = tcase_create("complete");

	setenv("TZ", "UTC0", 1);
	tcase_add_loop_test(tc, complete, 0, COUNT_OF(rows));
	tcase_add_test(tc, five_thousand_names);
	tcase_add_loop_test(tc, count_hops, 0, COUNT_OF(hops));
	tcase_add_loop_test(tc, user_name, 0, COUNT_OF(users));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
