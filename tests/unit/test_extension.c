#include "base/str.h"
#include "smtp/extension.h"
#include "unit.h"

/* A text and its xtext; `text` NULL: it is none. */
static const struct {
	const char *text, *xtext;
	bool other;                /* it would be printed another way */
} texts[] = {
	{ .text = "", .xtext = "" },
	{ .text = "bob@example.org", .xtext = "bob@example.org" },
	{ .text = "a+b=c d", .xtext = "a+2Bb+3Dc+20d" },
	{ .text = "Ann <a@x>, \"B, b\" <b@x>", .xtext = "Ann+20<a@x>,+20\"B,+20b\"+20<b@x>" },
	{ .text = "-t", .xtext = "-t" },
	{ .text = "j\xc3\xb6rg", .xtext = "j\xc3\xb6rg" },
	{ .text = "\xe2\x82\xac\xf0\x9f\x93\xac", .xtext = "\xe2\x82\xac\xf0\x9f\x93\xac" },
	{ .text = "\xf6\xff\xc3", .xtext = "+F6+FF+C3" },
	{ .text = "\r\n\t\x7f", .xtext = "+0D+0A+09+7F" },
	{ .text = "j\xc3\xb6rg", .xtext = "j+C3+B6rg", .other = true },
	{ .text = "A", .xtext = "+41", .other = true },
	{ .xtext = "+" },
	{ .xtext = "+4" },
	{ .xtext = "+4x" },
	{ .xtext = "+2b" },
	{ .xtext = "+00" },
	{ .xtext = "a+00b" },
	{ .xtext = "a=b" },
	{ .xtext = "a b" },
	{ .xtext = "a\r" },
	{ .xtext = "\xff" },
	{ .xtext = "\xc3" },
};

START_TEST(xtext)
{
	struct buf out;
	char *plain = xtext_parse(texts[_i].xtext, strlen(texts[_i].xtext));

	if (texts[_i].text == NULL) {
		ck_assert_ptr_null(plain);
		return;
	}
	ck_assert_ptr_nonnull(plain);
	ck_assert_str_eq(plain, texts[_i].text);
	buf_init(&out, 1000);
	xtext_print(&out, texts[_i].text);
	ck_assert_int_eq(strcmp(out.data, texts[_i].xtext) != 0, texts[_i].other);
	buf_release(&out);
	free(plain);
}
END_TEST

START_TEST(xtext_is_as_long_as_told)
{
	char *plain = xtext_parse("ab+41+", 5);

	ck_assert_str_eq(plain, "abA");
	free(plain);
	ck_assert_ptr_null(xtext_parse("\0", 1));
	ck_assert_ptr_null(xtext_parse("+4\0", 3));
}
END_TEST

static const struct {
	struct request request;
	const char *line;
} mails[] = {
	{ .line = "XMAIL" },
	{ { .sender = "" }, "XMAIL FROM=" },
	{ { .sender = "<>" }, "XMAIL FROM=<>" },
	{ { .sender = "Ann <ann@x>" }, "XMAIL FROM=Ann+20<ann@x>" },
	{ { .full_name = "J\xc3\xb6rg \xf6" }, "XMAIL NAME=J\xc3\xb6rg+20+F6" },
	{ { .tag = "a=b" }, "XMAIL TAG=a+3Db" },
	{ { .header_recipients = true, .no_aliases = true, .smtputf8 = true },
	  "XMAIL HEADER NOALIASES SMTPUTF8" },
	{ { .hops = 51 }, "XMAIL HOPS=51" },
	{ { .nuls = 7, .lone_crs = 1 }, "XMAIL NULS=7 CRS=1" },
	{ { .ret = RETURN_HEADERS, .envid = "a b" }, "XMAIL RET=HDRS ENVID=a+20b" },
	{ { .ret = RETURN_FULL, .notify = NOTIFY_NEVER }, "XMAIL RET=FULL NOTIFY=NEVER" },
	{ { .notify = NOTIFY_SUCCESS | NOTIFY_DELAY }, "XMAIL NOTIFY=SUCCESS,DELAY" },
	{ { .body = BODY_7BIT }, "XMAIL BODY=7BIT" },
	{ { .body = BODY_8BITMIME }, "XMAIL BODY=8BITMIME" },
	{ { .delivery = DELIVERY_WAIT, .errors = ERRORS_MAIL }, "XMAIL DELIVERY=i ERRORS=m" },
	{ { .delivery = DELIVERY_BACKGROUND, .errors = ERRORS_QUIET }, "XMAIL DELIVERY=b ERRORS=q" },
	{ { .delivery = DELIVERY_QUEUE }, "XMAIL DELIVERY=q" },
};

START_TEST(mail)
{
	struct request r;
	struct strv strings;
	struct status st;
	struct buf line;

	buf_init(&line, 1000);
	strv_init(&strings);
	extension_print_mail(&line, &mails[_i].request);
	ck_assert_str_eq(line.data, mails[_i].line);
	ck_assert(extension_parse_mail(&r, &strings, line.data + strlen("XMAIL"), &st));
	buf_reset(&line); /* borrows nothing from it */
	extension_print_mail(&line, &r);
	ck_assert_str_eq(line.data, mails[_i].line);
	strv_release(&strings);
	buf_release(&line);
}
END_TEST

static const struct {
	const char *arguments;
	int sysexit;
	const char *text;
} refusals[] = {
	{ "FROM", EX_USAGE, "FROM needs a value" },
	{ "HOPS HEADER", EX_USAGE, "HOPS needs a value" },
	{ "FROM=a=b", EX_USAGE, "the value of FROM is no xtext" },
	{ "NAME=+0A", EX_DATAERR, "a control character in NAME" },
	{ "HEADER=1", EX_USAGE, "HEADER does not take this value" },
	{ "HOPS=x", EX_USAGE, "HOPS does not take this value" },
	{ "NULS=-1", EX_USAGE, "NULS does not take this value" },
	{ "HOPS=", EX_USAGE, "HOPS does not take this value" },
	{ "HOPS=99999999999999999999999", EX_USAGE, "HOPS does not take this value" },
	{ "ENVID=\xc3\xa4", EX_USAGE, "ENVID does not take this value" },
	{ "NOTIFY=often", EX_USAGE, "NOTIFY does not take this value" },
	{ "RET=some", EX_USAGE, "RET does not take this value" },
	{ "BODY=x", EX_USAGE, "BODY does not take this value" },
	{ "DELIVERY=x", EX_USAGE, "DELIVERY does not take this value" },
	{ "ERRORS=", EX_USAGE, "ERRORS does not take this value" },
	{ "FRO=a", EX_USAGE, "an option that this version does not know" },
	{ "=a", EX_USAGE, "an option that this version does not know" },
};

START_TEST(refused)
{
	struct request r;
	struct strv strings;
	struct status st;

	strv_init(&strings);
	ck_assert(!extension_parse_mail(&r, &strings, refusals[_i].arguments, &st));
	ck_assert_int_eq(st.sysexit, refusals[_i].sysexit);
	ck_assert_str_eq(st.text, refusals[_i].text);
	strv_release(&strings);
}
END_TEST

START_TEST(keys_in_any_case_and_blanks)
{
	struct request r;
	struct strv strings;
	struct status st;

	strv_init(&strings);
	ck_assert(extension_parse_mail(&r, &strings, "  from=a  header ", &st));
	ck_assert_str_eq(r.sender, "a");
	ck_assert(r.header_recipients);
	strv_release(&strings);
}
END_TEST

static const struct {
	const char *text;
	int sysexit;
	size_t len;
} exits[] = {
	{ "5.1.1 no such user [EX 67]", 67, 18 },
	{ " [EX 75]", 75, 0 },
	{ "two [EX 67] [EX 75]", 75, 11 },
	{ "", 0, 0 },
	{ "none", 0, 4 },
	{ "[EX 67]", 0, 7 },
	{ "x [EX 67] ", 0, 10 },
	{ "x [EX 6]", 0, 8 },
	{ "x [EX 678]", 0, 10 },
	{ "x [EX 6x]", 0, 9 },
};

START_TEST(exit_code)
{
	size_t len;

	ck_assert_int_eq(extension_exit(exits[_i].text, &len), exits[_i].sysexit);
	ck_assert_uint_eq(len, exits[_i].len);
}
END_TEST

START_TEST(exit_code_is_read_as_printed)
{
	struct buf text;
	size_t len;

	buf_init(&text, 100);
	buf_puts(&text, "no");
	extension_print_exit(&text, EX_NOPERM);
	ck_assert_str_eq(text.data, "no [EX 77]");
	ck_assert_int_eq(extension_exit(text.data, &len), EX_NOPERM);
	ck_assert_uint_eq(len, 2);
	buf_release(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smtp/extension");
	TCase *tc = tcase_create("rows");

	tcase_add_loop_test(tc, xtext, 0, COUNT_OF(texts));
	tcase_add_test(tc, xtext_is_as_long_as_told);
	tcase_add_loop_test(tc, mail, 0, COUNT_OF(mails));
	tcase_add_loop_test(tc, refused, 0, COUNT_OF(refusals));
	tcase_add_test(tc, keys_in_any_case_and_blanks);
	tcase_add_loop_test(tc, exit_code, 0, COUNT_OF(exits));
	tcase_add_test(tc, exit_code_is_read_as_printed);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
