#include "base/str.h"
#include "smtp/dsn.h"
#include "unit.h"

static const struct {
	enum dsn_return ret;
	const char *envid;
	const char *out;
} mail_rows[] = {
	{ .out = "" },
	{ .ret = RETURN_FULL, .out = " RET=FULL" },
	{ .ret = RETURN_HEADERS, .envid = "QQ314159", .out = " RET=HDRS ENVID=QQ314159" },
	{ .envid = "a+b=c d", .out = " ENVID=a+2Bb+3Dc+20d" },
	{ .envid = "\xc3\xa4", .out = " ENVID=+C3+A4" },
};

static const struct {
	unsigned notify;
	const char *original;
	bool utf8;
	const char *out;
} rcpt_rows[] = {
	{ .original = "bob@example.org", .out = "" },
	{ .notify = NOTIFY_NEVER, .out = " NOTIFY=NEVER" },
	{ .notify = NOTIFY_NEVER | NOTIFY_DELAY, .out = " NOTIFY=NEVER" },
	{ .notify = NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY, .original = "bob@example.org",
	  .out = " NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;bob@example.org" },
	{ .notify = NOTIFY_DELAY, .original = "bob+x@example.org",
	  .out = " NOTIFY=DELAY ORCPT=rfc822;bob+2Bx@example.org" },
	{ .notify = NOTIFY_DELAY, .original = "\"b b\"@example.org",
	  .out = " NOTIFY=DELAY ORCPT=rfc822;\"b+20b\"@example.org" },
	{ .notify = NOTIFY_DELAY, .original = "j\xc3\xb6rg+a\\b@example.org", .utf8 = true,
	  .out = " NOTIFY=DELAY ORCPT=utf-8;j\xc3\xb6rg\\x{2B}a\\x{5C}b@example.org" },
	{ .notify = NOTIFY_DELAY, .original = "j\xc3\xb6rg@example.org", .out = " NOTIFY=DELAY" },
};

START_TEST(mail_parameters)
{
	struct buf out;

	buf_init(&out, 4096);
	dsn_mail_parameters(&out, mail_rows[_i].ret, mail_rows[_i].envid);
	ck_assert_str_eq(out.data, mail_rows[_i].out);
	buf_release(&out);
}
END_TEST

START_TEST(rcpt_parameters)
{
	struct buf out;

	buf_init(&out, 4096);
	dsn_rcpt_parameters(&out, rcpt_rows[_i].notify, rcpt_rows[_i].original, rcpt_rows[_i].utf8);
	ck_assert_str_eq(out.data, rcpt_rows[_i].out);
	buf_release(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smtp/dsn");
	TCase *tc = tcase_create("rows");

	tcase_add_loop_test(tc, mail_parameters, 0, COUNT_OF(mail_rows));
	tcase_add_loop_test(tc, rcpt_parameters, 0, COUNT_OF(rcpt_rows));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
