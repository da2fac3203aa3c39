#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "cmd/options.h"
#include "unit.h"

/*
 * A command line without the program's name, and either what it means or the
 * exit code and a part of the error.
 */
static const struct row {
	const char *args[10];
	struct options want;
	const char *recipients;    /* "|" behind each */
	int code;
	const char *words;
} rows[] = {
	/* Operands. */
	{ .args = { NULL } },
	{ .args = { "a@x" }, .recipients = "a@x|" },
	{ .args = { "a@x", "b@y" }, .recipients = "a@x|b@y|" },
	{ .args = { "a@x, Bob <b@x>" }, .recipients = "a@x, Bob <b@x>|" },
	{ .args = { "root", "-t", "-f", "x" }, .recipients = "root|-t|-f|x|" },
	{ .args = { "-i", "a@x", "-bd" }, .want = { .dots_are_text = true }, .recipients = "a@x|-bd|" },
	{ .args = { "--", "-t" }, .recipients = "-t|" },
	{ .args = { "-t", "--" }, .want = { .request.header_recipients = true } },
	{ .args = { "-i", "--", "--", "a" }, .want = { .dots_are_text = true }, .recipients = "--|a|" },
	{ .args = { "-", "-t" }, .recipients = "-|-t|" },
	{ .args = { "", "-t" }, .recipients = "|-t|" },
	{ .args = { "\303\274@x" }, .recipients = "\303\274@x|" },

	/* Flags, one by one and in clusters. */
	{ .args = { "-t" }, .want = { .request.header_recipients = true } },
	{ .args = { "-i" }, .want = { .dots_are_text = true } },
	{ .args = { "-oi" }, .want = { .dots_are_text = true } },
	{ .args = { "-oi", "-oi", "-i" }, .want = { .dots_are_text = true } },
	{ .args = { "-oitrue", "a" }, .want = { .dots_are_text = true }, .recipients = "a|" },
	{ .args = { "-ti" }, .want = { .request.header_recipients = true, .dots_are_text = true } },
	{ .args = { "-it", "a" }, .want = { .request.header_recipients = true, .dots_are_text = true },
	  .recipients = "a|" },
	{ .args = { "-toi" }, .want = { .request.header_recipients = true, .dots_are_text = true } },
	{ .args = { "-t", "-i", "-oi", "-fa@x", "-t" },
	  .want = { .request.header_recipients = true, .dots_are_text = true, .request.sender = "a@x" } },
	{ .args = { "-n" }, .want = { .request.no_aliases = true } },
	{ .args = { "-U" }, .want = { .request.smtputf8 = true } },
	{ .args = { "-v" }, .want = { .verbose = 1 } },
	{ .args = { "-vv", "-v" }, .want = { .verbose = 3 } },
	{ .args = { "-vti" }, .want = { .verbose = 1, .request.header_recipients = true, .dots_are_text = true } },
	{ .args = { "-Gmscx", "a" }, .recipients = "a|" },
	{ .args = { "-s", "a" }, .recipients = "a|" },

	/* The sender. */
	{ .args = { "-f", "a@x" }, .want = { .request.sender = "a@x" } },
	{ .args = { "-fa@x", "b" }, .want = { .request.sender = "a@x" }, .recipients = "b|" },
	{ .args = { "-r", "a@x" }, .want = { .request.sender = "a@x" } },
	{ .args = { "-ra@x" }, .want = { .request.sender = "a@x" } },
	{ .args = { "-f", "" }, .want = { .request.sender = "" } },
	{ .args = { "-f", "", "b" }, .want = { .request.sender = "" }, .recipients = "b|" },
	{ .args = { "-f", "<>" }, .want = { .request.sender = "<>" } },
	{ .args = { "-f<>" }, .want = { .request.sender = "<>" } },
	{ .args = { "-f", "Name <a@x>" }, .want = { .request.sender = "Name <a@x>" } },
	{ .args = { "-f", "a@x", "-f", "b@x" }, .want = { .request.sender = "b@x" } },
	{ .args = { "-fa@x", "-r", "b@x" }, .want = { .request.sender = "b@x" } },
	{ .args = { "-f", "a@x", "-f", "" }, .want = { .request.sender = "" } },
	{ .args = { "-f", "-t" }, .want = { .request.sender = "-t" } },
	{ .args = { "-f", "--", "b" }, .want = { .request.sender = "--" }, .recipients = "b|" },
	{ .args = { "-if", "a@x" }, .want = { .dots_are_text = true, .request.sender = "a@x" } },
	{ .args = { "-ifa@x", "b" }, .want = { .dots_are_text = true, .request.sender = "a@x" }, .recipients = "b|" },
	{ .args = { "-tf" }, .code = EX_USAGE, .words = "-f needs a value" },
	{ .args = { "-f" }, .code = EX_USAGE, .words = "-f needs a value" },
	{ .args = { "-t", "-r" }, .code = EX_USAGE, .words = "-r needs a value" },

	/* Names, files, tags, ids. */
	{ .args = { "-F", "Ann Other" }, .want = { .request.full_name = "Ann Other" } },
	{ .args = { "-FAnn" }, .want = { .request.full_name = "Ann" } },
	{ .args = { "-F", "" }, .want = { .request.full_name = "" } },
	{ .args = { "-F", "J\303\274rgen" }, .want = { .request.full_name = "J\303\274rgen" } },
	{ .args = { "-C", "conf", "-t" }, .want = { .config = "conf", .request.header_recipients = true } },
	{ .args = { "-C/etc/x" }, .want = { .config = "/etc/x" } },
	{ .args = { "-C" }, .code = EX_USAGE, .words = "-C needs a value" },
	{ .args = { "-L", "tag" }, .want = { .request.tag = "tag" } },
	{ .args = { "-Ltag" }, .want = { .request.tag = "tag" } },
	{ .args = { "-V", "id+1=2" }, .want = { .request.envid = "id+1=2" } },
	{ .args = { "-Vid" }, .want = { .request.envid = "id" } },
	{ .args = { "-V", "12345678901234567890123456789012345678901234567890"
	          "12345678901234567890123456789012345678901234567890" },
	  .want = { .request.envid = "12345678901234567890123456789012345678901234567890"
	             "12345678901234567890123456789012345678901234567890" } },
	{ .args = { "-V", "12345678901234567890123456789012345678901234567890"
	          "123456789012345678901234567890123456789012345678901" },
	  .code = EX_DATAERR, .words = "at most 100" },
	{ .args = { "-V", "\303\274" }, .code = EX_DATAERR, .words = "ASCII" },

	/* DSN and BODY. */
	{ .args = { "-N", "never" }, .want = { .request.notify = NOTIFY_NEVER } },
	{ .args = { "-NNEVER" }, .want = { .request.notify = NOTIFY_NEVER } },
	{ .args = { "-N", "success,failure,delay" },
	  .want = { .request.notify = NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY } },
	{ .args = { "-Ndelay,delay" }, .want = { .request.notify = NOTIFY_DELAY } },
	{ .args = { "-N", "failure", "-N", "never" }, .want = { .request.notify = NOTIFY_NEVER } },
	{ .args = { "-N", "never,delay" }, .code = EX_USAGE, .words = "-N" },
	{ .args = { "-N", "sometimes" }, .code = EX_USAGE, .words = "sometimes" },
	{ .args = { "-N", "success," }, .code = EX_USAGE, .words = "success," },
	{ .args = { "-N", ",success" }, .code = EX_USAGE, .words = ",success" },
	{ .args = { "-N", "success failure" }, .code = EX_USAGE },
	{ .args = { "-N", "succ" }, .code = EX_USAGE },
	{ .args = { "-N", "" }, .code = EX_USAGE },
	{ .args = { "-N" }, .code = EX_USAGE, .words = "-N needs a value" },
	{ .args = { "-R", "hdrs" }, .want = { .request.ret = RETURN_HEADERS } },
	{ .args = { "-Rfull" }, .want = { .request.ret = RETURN_FULL } },
	{ .args = { "-R", "HDRS" }, .want = { .request.ret = RETURN_HEADERS } },
	{ .args = { "-R", "head" }, .code = EX_USAGE, .words = "-R" },
	{ .args = { "-R", "" }, .code = EX_USAGE },
	{ .args = { "-B", "8BITMIME" }, .want = { .request.body = BODY_8BITMIME } },
	{ .args = { "-B8bitmime" }, .want = { .request.body = BODY_8BITMIME } },
	{ .args = { "-B7BIT", "a" }, .want = { .request.body = BODY_7BIT }, .recipients = "a|" },
	{ .args = { "-B", "9BIT" }, .code = EX_USAGE, .words = "9BIT" },

	/* Hops. */
	{ .args = { "-h", "3" }, .want = { .request.hops = 3 } },
	{ .args = { "-h17" }, .want = { .request.hops = 17 } },
	{ .args = { "-h", "0" } },
	{ .args = { "-h", "-1" }, .code = EX_USAGE },
	{ .args = { "-h", " 1" }, .code = EX_USAGE },
	{ .args = { "-h", "1x" }, .code = EX_USAGE, .words = "1x" },
	{ .args = { "-h", "" }, .code = EX_USAGE },
	{ .args = { "-h", "99999999999999999999999" }, .code = EX_USAGE },
	{ .args = { "-h" }, .code = EX_USAGE, .words = "-h needs a value" },

	/* When it is delivered, where errors go. */
	{ .args = { "-odi" }, .want = { .request.delivery = DELIVERY_WAIT } },
	{ .args = { "-odb" }, .want = { .request.delivery = DELIVERY_BACKGROUND } },
	{ .args = { "-odq" }, .want = { .request.delivery = DELIVERY_QUEUE } },
	{ .args = { "-odd" }, .want = { .request.delivery = DELIVERY_QUEUE } },
	{ .args = { "-odbackground" }, .want = { .request.delivery = DELIVERY_BACKGROUND } },
	{ .args = { "-odi", "-odq" }, .want = { .request.delivery = DELIVERY_QUEUE } },
	{ .args = { "-O", "DeliveryMode=b" }, .want = { .request.delivery = DELIVERY_BACKGROUND } },
	{ .args = { "-ODeliveryMode=d" }, .want = { .request.delivery = DELIVERY_QUEUE } },
	{ .args = { "-O", "deliverymode=interactive" }, .want = { .request.delivery = DELIVERY_WAIT } },
	{ .args = { "-odx" }, .code = EX_USAGE, .words = "-od" },
	{ .args = { "-od" }, .code = EX_USAGE, .words = "-od needs a value joined to it" },
	{ .args = { "-od", "i" }, .code = EX_USAGE },
	{ .args = { "-ODeliveryMode=" }, .code = EX_USAGE, .words = "DeliveryMode=" },
	{ .args = { "-ODeliveryMode=now" }, .code = EX_USAGE, .words = "DeliveryMode=now" },
	{ .args = { "-oep" } },
	{ .args = { "-oew" } },
	{ .args = { "-oem" }, .want = { .request.errors = ERRORS_MAIL } },
	{ .args = { "-oee" }, .want = { .request.errors = ERRORS_MAIL } },
	{ .args = { "-oeq" }, .want = { .request.errors = ERRORS_QUIET } },
	{ .args = { "-em" }, .want = { .request.errors = ERRORS_MAIL } },
	{ .args = { "-eq" }, .want = { .request.errors = ERRORS_QUIET } },
	{ .args = { "-oem", "-oep" } },
	{ .args = { "-O", "ErrorMode=q" }, .want = { .request.errors = ERRORS_QUIET } },
	{ .args = { "-OErrorMode=mail" }, .want = { .request.errors = ERRORS_MAIL } },
	{ .args = { "-oez" }, .code = EX_USAGE, .words = "-oe" },
	{ .args = { "-oe", "m" }, .code = EX_USAGE, .words = "-oe needs" },
	{ .args = { "-e", "m" }, .code = EX_USAGE, .words = "-e needs" },

	/* Other modes. */
	{ .args = { "-bm", "a" }, .recipients = "a|" },
	{ .args = { "-ba", "a" }, .recipients = "a|" },
	{ .args = { "-bs" }, .want = { .mode = MODE_SMTP } },
	{ .args = { "-bs", "-oem", "-fa@x" },
	  .want = { .mode = MODE_SMTP, .request.errors = ERRORS_MAIL, .request.sender = "a@x" } },
	{ .args = { "-bp" }, .want = { .mode = MODE_MAILQ } },
	{ .args = { "-bpv" }, .want = { .mode = MODE_MAILQ, .verbose = 1 } },
	{ .args = { "-bi" }, .want = { .mode = MODE_NEWALIASES } },
	{ .args = { "-I" }, .want = { .mode = MODE_NEWALIASES } },
	{ .args = { "-bv", "a" }, .want = { .mode = MODE_RESOLVE }, .recipients = "a|" },
	{ .args = { "-bV" }, .want = { .mode = MODE_VERSION } },
	{ .args = { "-bp", "-bs" }, .want = { .mode = MODE_SMTP } },
	{ .args = { "-q" }, .want = { .mode = MODE_RUN_QUEUE } },
	{ .args = { "-q30m" }, .want = { .mode = MODE_RUN_QUEUE } },
	{ .args = { "-qf" }, .want = { .mode = MODE_RUN_QUEUE } },
	{ .args = { "-vq" }, .want = { .mode = MODE_RUN_QUEUE, .verbose = 1 } },
	{ .args = { "-qIabc" }, .want = { .mode = MODE_RUN_QUEUE, .queue_id = "abc" } },
	{ .args = { "-qR@x.org" }, .want = { .mode = MODE_RUN_QUEUE, .queue_recipient = "@x.org" } },
	{ .args = { "-qSann" }, .want = { .mode = MODE_RUN_QUEUE, .queue_sender = "ann" } },
	{ .args = { "-bp", "-qRx" }, .want = { .mode = MODE_MAILQ, .queue_recipient = "x" } },
	{ .args = { "-qI" }, .code = EX_USAGE, .words = "-q" },
	{ .args = { "-q!Rx" }, .code = EX_USAGE, .words = "!Rx" },
	{ .args = { "-bd" }, .code = EX_USAGE, .words = "mailchute serve" },
	{ .args = { "-bd", "-q30m" }, .code = EX_USAGE, .words = "-bd is refused" },
	{ .args = { "-bD" }, .code = EX_USAGE, .words = "-bD is refused" },
	{ .args = { "-bh" }, .code = EX_USAGE, .words = "-bh is refused" },
	{ .args = { "-bH" }, .code = EX_USAGE, .words = "-bH is refused" },
	{ .args = { "-bt" }, .code = EX_USAGE, .words = "-bt is refused" },
	{ .args = { "-b" }, .code = EX_USAGE, .words = "unknown option: b" },
	{ .args = { "-bz" }, .code = EX_USAGE, .words = "unknown option: bz" },

	/* Of old: accepted, without effect, and nobody's address is swallowed. */
	{ .args = { "-Am", "a" }, .recipients = "a|" },
	{ .args = { "-A", "a" }, .recipients = "a|" },
	{ .args = { "-Qreason", "a" }, .recipients = "a|" },
	{ .args = { "-d0.1", "a" }, .recipients = "a|" },
	{ .args = { "-d", "a" }, .recipients = "a|" },
	{ .args = { "-X", "/tmp/log", "a" }, .recipients = "a|" },
	{ .args = { "-X/tmp/log", "a" }, .recipients = "a|" },
	{ .args = { "-p", "ESMTP:host", "a" }, .recipients = "a|" },
	{ .args = { "-pESMTP:host", "a" }, .recipients = "a|" },
	{ .args = { "-Mvalue", "a" }, .recipients = "a|" },
	{ .args = { "-M", "value", "a" }, .recipients = "a|" },
	{ .args = { "-O", "QueueDirectory=/tmp", "a" }, .recipients = "a|" },
	{ .args = { "-OTimeout.queuereturn=1d", "a" }, .recipients = "a|" },
	{ .args = { "-O" }, .code = EX_USAGE, .words = "-O needs a value" },
	{ .args = { "-oMrESMTP", "a" }, .recipients = "a|" },
	{ .args = { "-oMr", "ESMTP", "a" }, .recipients = "a|" },
	{ .args = { "-oMs", "host", "-t" }, .want = { .request.header_recipients = true } },
	{ .args = { "-oMr" }, .code = EX_USAGE, .words = "-oM needs a value" },
	{ .args = { "-oQ/tmp", "a" }, .recipients = "a|" },
	{ .args = { "-oQ", "/tmp", "a" }, .recipients = "a|" },
	{ .args = { "-oA/etc/aliases", "a" }, .recipients = "a|" },
	{ .args = { "-oT", "3d", "a" }, .recipients = "a|" },
	{ .args = { "-om", "a" }, .recipients = "a|" },
	{ .args = { "-os", "-o7", "-oH5", "a" }, .recipients = "a|" },
	{ .args = { "-o" }, .code = EX_USAGE, .words = "-o needs a value joined to it" },
	{ .args = { "-o", "i" }, .code = EX_USAGE },
	{ .args = { "-T5", "a" }, .recipients = "a|" },
	{ .args = { "-T", "5" }, .code = EX_USAGE, .words = "-T needs a value joined to it" },

	/* Unknown. */
	{ .args = { "-Z" }, .code = EX_USAGE, .words = "unknown option: Z" },
	{ .args = { "-tZ", "a" }, .code = EX_USAGE, .words = "unknown option: Z" },
	{ .args = { "--help" }, .code = EX_USAGE, .words = "unknown option: -help" },
	{ .args = { "-t", "-\033[2J" }, .code = EX_USAGE, .words = "\\x1b[2J" },
	{ .args = { "-\377" }, .code = EX_USAGE, .words = "\\xff" },

	/* Nothing that could become a second line. */
	{ .args = { "-f", "a@x\nb" }, .code = EX_DATAERR, .words = "a@x\\x0ab" },
	{ .args = { "-fa\r@x", "b" }, .code = EX_DATAERR, .words = "control character" },
	{ .args = { "-f", "a\177@x" }, .code = EX_DATAERR },
	{ .args = { "-f", "a@x\n", "-f", "b@x" }, .code = EX_DATAERR },
	{ .args = { "-F", "Ann\r\nBcc: b@x" }, .code = EX_DATAERR, .words = "control character" },
	{ .args = { "-V", "id\nRCPT TO:<x>" }, .code = EX_DATAERR, .words = "control character" },
	{ .args = { "-L", "tag\t" }, .code = EX_DATAERR, .words = "control character" },
	{ .args = { "a@x\nDATA" }, .code = EX_DATAERR, .words = "recipient: a@x\\x0aDATA" },
	{ .args = { "a@x", "b@x\r" }, .code = EX_DATAERR, .words = "recipient: b@x" },
	{ .args = { "-t", "--", "-\033" }, .code = EX_DATAERR },
};

static void eq(const char *got, const char *want)
{
	ck_assert_pstr_eq(got, want);
}

static void check_result(const struct options *got, const struct options *want)
{
	ck_assert_int_eq(got->mode, want->mode);
	ck_assert_int_eq(got->request.header_recipients, want->request.header_recipients);
	ck_assert_int_eq(got->dots_are_text, want->dots_are_text);
	ck_assert_int_eq(got->request.no_aliases, want->request.no_aliases);
	ck_assert_int_eq(got->request.smtputf8, want->request.smtputf8);
	ck_assert_uint_eq(got->verbose, want->verbose);
	ck_assert_uint_eq(got->request.hops, want->request.hops);
	ck_assert_uint_eq(got->request.notify, want->request.notify);
	ck_assert_int_eq(got->request.ret, want->request.ret);
	ck_assert_int_eq(got->request.body, want->request.body);
	ck_assert_int_eq(got->request.delivery, want->request.delivery);
	ck_assert_int_eq(got->request.errors, want->request.errors);
	eq(got->config, want->config);
	eq(got->request.sender, want->request.sender);
	eq(got->request.full_name, want->request.full_name);
	eq(got->request.envid, want->request.envid);
	eq(got->request.tag, want->request.tag);
	eq(got->queue_id, want->queue_id);
	eq(got->queue_recipient, want->queue_recipient);
	eq(got->queue_sender, want->queue_sender);
}

static void check_recipients(const struct options *got, const char *want)
{
	struct buf list;

	buf_init(&list, 1000);
	for (size_t i = 0; i < got->request.recipients_len; i++)
		buf_printf(&list, "%s|", got->request.recipients[i]);
	ck_assert_str_eq(list.data, want ? want : "");
	buf_release(&list);
}

static size_t count(const char *const *args)
{
	size_t n = 0;

	while (args[n] != NULL)
		n++;
	return n;
}

START_TEST(command_line)
{
	const struct row *row = &rows[_i];
	struct status st = { .sysexit = EX_OK };
	struct options o;
	bool ok;

	options_init(&o);
	ok = options_parse(&o, count(row->args), row->args, &st);
	ck_assert_msg(st.sysexit == row->code, "row %d: %d (%s)", _i, st.sysexit, st.text);
	ck_assert_int_eq(ok, row->code == EX_OK);
	if (row->words != NULL)
		ck_assert_msg(strstr(st.text, row->words), "\"%s\" lacks \"%s\"", st.text, row->words);
	if (!ok)
		return;
	check_result(&o, &row->want);
	check_recipients(&o, row->recipients);
}
END_TEST

START_TEST(another_name_comes_first)
{
	const char *mailq[] = { "-bp" }, *runq[] = { "-q" }, *user[] = { "-v", "-q", "x" };
	struct options o;
	struct status st;

	options_init(&o);
	ck_assert(options_parse(&o, 1, mailq, &st));
	ck_assert(options_parse(&o, 3, user, &st));
	ck_assert_int_eq(o.mode, MODE_MAILQ);
	ck_assert_uint_eq(o.verbose, 1);
	check_recipients(&o, "x|");

	options_init(&o);
	ck_assert(options_parse(&o, 1, runq, &st));
	ck_assert(options_parse(&o, 0, user, &st));
	ck_assert_int_eq(o.mode, MODE_RUN_QUEUE);
	ck_assert_uint_eq(o.request.recipients_len, 0);
}
END_TEST

START_TEST(ten_thousand_words)
{
	enum { MANY = 10000 };
	static const char *args[MANY];
	struct options o;
	struct status st;

	for (size_t i = 0; i < MANY; i++)
		args[i] = i < MANY / 2 ? "-i" : "a@x";
	options_init(&o);
	ck_assert(options_parse(&o, MANY, args, &st));
	ck_assert(o.dots_are_text);
	ck_assert_uint_eq(o.request.recipients_len, MANY / 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cmd/options");
	TCase *tc = tcase_create("options");

	tcase_add_loop_test(tc, command_line, 0, COUNT_OF(rows));
	tcase_add_test(tc, another_name_comes_first);
	tcase_add_test(tc, ten_thousand_words);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
