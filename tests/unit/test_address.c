#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/str.h"
#include "mail/address.h"
#include "unit.h"

/*
 * What a list gives, in one string: the addresses in wire form, `!` and the
 * error's column and text for a bad one, joined by "; ".
 */
static void summarize(struct buf *out, const char *text, size_t n)
{
	struct address_list list;

	address_list_init(&list);
	address_parse_list(&list, text, n);
	for (size_t i = 0; i < list.len; i++) {
		struct address *a = &list.v[i];

		buf_puts(out, i > 0 ? "; " : "");
		if (a->error != NULL)
			buf_printf(out, "!%zu %s", a->error_column, a->error);
		else if (address_is_null(a))
			buf_puts(out, "<>");
		else
			address_format(out, a->local, a->domain);
	}
	address_list_release(&list);
}

static const struct {
	const char *text, *got;
} lists[] = {
	/* Plain */
	{ "a@b", "a@b" },
	{ "a@b.example, c@d", "a@b.example; c@d" },
	{ "root", "root" },
	{ "root, alice,bob", "root; alice; bob" },
	{ "a.b.c@d.e", "a.b.c@d.e" },
	{ "!#$%&'*+-/=?^_`{|}~@b", "!#$%&'*+-/=?^_`{|}~@b" },
	{ "user%host@b, a!b!c", "user%host@b; a!b!c" },
	{ "A@B", "A@B" },

	/* Nothing, or commas more than needed */
	{ "", "" },
	{ "  \t ", "" },
	{ "\r\n", "" },
	{ ",", "" },
	{ " , ,, ", "" },
	{ "ops@x,", "ops@x" },
	{ ",ops@x,,\r\n\t,a@b,\r\n", "ops@x; a@b" },
	{ "(nobody)", "" },
	{ "(a), (b)", "" },
	{ "a@b;", "a@b" },
	{ "a@b; c@d", "a@b; c@d" },

	/* Display names */
	{ "Bob <a@b>", "a@b" },
	{ "Bob<a@b>", "a@b" },
	{ "<a@b>", "a@b" },
	{ "< a@b >", "a@b" },
	{ "\"Smith, Bob\" <a@b>, c@d", "a@b; c@d" },
	{ "Fail2Ban <fail2ban>", "fail2ban" },
	{ "\"(Cron Daemon)\" <alice>", "alice" },
	{ "root (Cron Daemon)", "root" },
	{ "Dr. J. Doe <a@b>", "a@b" },
	{ "\"\" <a@b>", "a@b" },
	{ "=?UTF-8?Q?J=C3=BCrgen?= <a@b>", "a@b" },
	{ "J\xc3\xbcrgen <a@b>", "a@b" },
	{ "J\xfcrgen <a@b>", "a@b" },
	{ "\x1b[1mBob <a@b>", "a@b" },
	{ "[List] <a@b>", "a@b" },
	{ "a@b <c@d>", "c@d" },
	{ "a@[b <c@d>", "!11 a ] expected" },
	{ "X <<a@b>>", "a@b" },
	{ "<<<a@b>>>, c", "a@b; c" },
	{ "X < < a@b > >", "a@b" },
	{ "Bob \\\"x <a@b>", "a@b" },

	/* Comments */
	{ "(one) a (two) @ (three) b (four)", "a@b" },
	{ "a@b (c, d), e@f", "a@b; e@f" },
	{ "a@b (c (d (e) f) g)", "a@b" },
	{ "a@b (c \\) d), e@f", "a@b; e@f" },
	{ "a@b (\"), e@f", "a@b; e@f" },
	{ "a@b(c)", "a@b" },
	{ "a(x).(y)b@c(z).(w)d", "a.b@c.d" },
	{ "(x) Bob (y) <(z) a@b (w)> (v)", "a@b" },
	{ "a@b (caf\xe9)", "a@b" },

	/* Quoted strings, quoted pairs */
	{ "\"a b\"@c", "\"a b\"@c" },
	{ "\"ab\"@c", "ab@c" },
	{ "\"a,b\"@c, d@e", "\"a,b\"@c; d@e" },
	{ "\"a@b\"@c", "\"a@b\"@c" },
	{ "\"a\\\"b\\\\\"@c", "\"a\\\"b\\\\\"@c" },
	{ "\"a\\b\"@c", "ab@c" },
	{ "\"a\".b.\"c d\"@e", "\"a.b.c d\"@e" },
	{ "\"\"@c", "\"\"@c" },
	{ "\"a\r\n b\"@c", "\"a b\"@c" },
	{ "a\\ b@c", "\"a b\"@c" },
	{ "a\\@b@c", "\"a@b\"@c" },
	{ "\\root", "root" },

	/* Blanks and folding where the obsolete syntax has them */
	{ "a . b @ c . d", "a.b@c.d" },
	{ "a\r\n @\r\n\tb", "a@b" },
	{ "a@b\r\n", "a@b" },
	{ "a@b,\r\n c@d", "a@b; c@d" },
	{ "a@b,\n c@d\n", "a@b; c@d" },
	{ "Bob\r\n <a@b>", "a@b" },

	/* Dots that RFC 5322 does not have */
	{ "a..b@c", "\"a..b\"@c" },
	{ "a.@c", "\"a.\"@c" },
	{ ".a@c", "\".a\"@c" },
	{ "a@b.c.", "a@b.c" },
	{ "<a@b.c.>", "a@b.c" },
	{ "a@b.c. , d", "a@b.c; d" },
	{ "a@b..c", "!5 a label of the domain expected" },
	{ "a@.b", "!3 a domain expected" },
	{ ".@c", "!2 a local part expected" },

	/* Routes */
	{ "<@x:a@b>", "a@b" },
	{ "<@x,@y.z:a@b>", "a@b" },
	{ "<@x, ,@y : a@b>", "a@b" },
	{ "Bob <@x:a@b>, c", "a@b; c" },
	{ "@x:a@b", "!1 a local part expected" },
	{ "<@b>", "!2 a local part expected" },

	/* Literals */
	{ "a@[192.0.2.1]", "a@[192.0.2.1]" },
	{ "a@[IPv6:2001:db8::1], c", "a@[IPv6:2001:db8::1]; c" },
	{ "a@ [ 192.0.2.1\r\n ] ", "a@[192.0.2.1]" },
	{ "<a@[IPv6:::1]>", "a@[IPv6:::1]" },
	{ "a@[192\\.0.2.1]", "a@[192.0.2.1]" },
	{ "a@[192.0.2.1, c", "!13 a ] expected; c" },
	{ "a@[\xc3\xbc]", "!4 a ] expected" },
	{ "a@[]", "a@[]" },

	/* Groups */
	{ "friends: a@b, Bob <c@d>;", "a@b; c@d" },
	{ "friends: a@b;, e@f", "a@b; e@f" },
	{ "friends: a@b; e@f", "a@b; e@f" },
	{ "friends: a@b", "a@b" },
	{ "undisclosed-recipients:;", "" },
	{ "undisclosed-recipients: ;, a@b", "a@b" },
	{ "\"my: friends\" (x) : a@b;", "a@b" },
	{ "a:;b:;c@d", "c@d" },
	{ "mailto:a@b", "a@b" },
	{ "a@b: c@d, e", "!4 a comma expected; e" },

	/* UTF-8 */
	{ "j\xc3\xbcrgen@b\xc3\xbc" "cher.example", "j\xc3\xbcrgen@b\xc3\xbc" "cher.example" },
	{ "\"\xc3\xbc \xc3\xbc\"@b", "\"\xc3\xbc \xc3\xbc\"@b" },
	{ "\xe5\xb1\xb1@b", "\xe5\xb1\xb1@b" },
	{ "j\xfcrgen@b", "!2 an octet that is no UTF-8" },
	{ "a@b\xfc", "!4 an octet that is no UTF-8" },
	{ "\"j\xfcrgen\"@b, c", "!3 an octet that is no UTF-8; c" },
	{ "a\xc0\xae@b", "!2 an octet that is no UTF-8" },
	{ "a\xed\xa0\x80@b", "!2 an octet that is no UTF-8" },
	{ "\xc3\xbc@@b", "!3 a domain expected" },

	/* The null sender */
	{ "<>", "<>" },
	{ "< >", "<>" },
	{ "MAILER-DAEMON <>", "<>" },
	{ "<<>>", "<>" },

	/* Control characters */
	{ "a\x01@b", "!2 a control character" },
	{ "a@b\x7f", "!4 a control character" },
	{ "a@b\xc2\x85, c", "!4 a control character; c" },
	{ "\"a\x01\"@b, c", "!3 a control character; c" },
	{ "\"a\tb\"@c", "!3 a control character" },
	{ "\"a\\\rb\"@c", "!4 a control character" },
	{ "a@b\rc", "!4 a control character" },
	{ "a@b\nc@d", "!4 a control character" },
	{ "a@b\r\nBcc: c@d", "!4 a control character" },
	{ "<a@b\r\nRCPT TO:<c@d>", "!5 a control character" },
	{ "a\\\x01@b", "!3 a control character" },
	{ "B\x01ob <a@b>", "a@b" },

	/* Errors point at the place, the others go on */
	{ "a@@b", "!3 a domain expected" },
	{ "a@", "!3 a domain expected" },
	{ "a@ , c", "!3 a domain expected; c" },
	{ "@b", "!1 a local part expected" },
	{ "a@b@c", "!4 a comma expected" },
	{ "a@b c@d", "!5 a comma expected" },
	{ "Bob Smith", "!5 an @ or a comma expected" },
	{ "Bob Smith, c", "!5 an @ or a comma expected; c" },
	{ "<a@b", "!5 a > expected" },
	{ "<a@b, c@d>", "!5 a > expected; !4 a comma expected" },
	{ "a@b>", "!4 a comma expected" },
	{ "<a@b> x", "!7 a comma expected" },
	{ "<a@b> <c@d>", "!7 a comma expected" },
	{ "<a b>", "!4 a > expected" },
	{ "<,a@b>", "!2 a local part expected; !4 a comma expected" },
	{ "a)b@c, d", "!2 an @ or a comma expected; d" },
	{ "x \"y, z\"@c, d", "!3 an @ or a comma expected; d" },
	{ "\"Bob <a@b>, c", "!1 a quoted string that is never closed" },
	{ "c, \"Bob <a@b>", "c; !1 a quoted string that is never closed" },
	{ "a@b (oops, c", "!5 a comment that is never closed" },
	{ "(oops, c", "!1 a comment that is never closed" },
	{ "a@b (x\\", "!5 a comment that is never closed" },
	{ "\"a\\", "!1 a quoted string that is never closed" },
	{ "a\\", "!2 an @ or a comma expected" },
	{ "  a@@b  ", "!3 a domain expected" },
	{ "x,\r\n a@\r\n @b", "x; !4 a domain expected" },
};

START_TEST(parse_list)
{
	struct buf got;

	buf_init(&got, 4096);
	summarize(&got, lists[_i].text, strlen(lists[_i].text));
	ck_assert_msg(strcmp(got.data, lists[_i].got) == 0, "\"%s\" gives \"%s\", not \"%s\"",
	              lists[_i].text, got.data, lists[_i].got);
	buf_release(&got);
}
END_TEST

START_TEST(list_with_nul)
{
	struct buf got;

	buf_init(&got, 4096);
	summarize(&got, "a\0b@c, d", 8);
	ck_assert_str_eq(got.data, "!2 a control character; d");
	buf_release(&got);
}
END_TEST

START_TEST(comment_depth)
{
	for (int depth = ADDRESS_DEPTH; depth <= ADDRESS_DEPTH + 1; depth++) {
		char *text = alloc_printf("a@b %0*d%0*d, c@d", depth, 0, depth, 0);
		struct buf got;

		memset(text + 4, '(', (size_t)depth);
		memset(text + 4 + depth, ')', (size_t)depth);
		buf_init(&got, 4096);
		summarize(&got, text, strlen(text));
		ck_assert_str_eq(got.data, depth == ADDRESS_DEPTH
		                                   ? "a@b; c@d"
		                                   : "!55 comments nested too deeply; c@d");
		buf_release(&got);
		free(text);
	}
}
END_TEST

/* What one address is made of, and where it stood. */
static const struct {
	const char *text, *local, *domain, *name, *raw;
	size_t start, end;
} parts[] = {
	{ .text = "root", .local = "root", .raw = "root", .start = 0, .end = 4 },
	{ .text = " root (Cron Daemon) ", .local = "root", .raw = "root (Cron Daemon)",
	  .start = 1, .end = 5 },
	{ .text = "\"(Cron Daemon)\" <alice>", .local = "alice", .name = "(Cron Daemon)",
	  .raw = "\"(Cron Daemon)\" <alice>", .start = 17, .end = 22 },
	{ .text = "Fail2Ban < fail2ban >", .local = "fail2ban", .name = "Fail2Ban",
	  .raw = "Fail2Ban < fail2ban >", .start = 11, .end = 19 },
	{ .text = "a (x) @ (y) b (z)\r\n", .local = "a", .domain = "b",
	  .raw = "a (x) @ (y) b (z)", .start = 0, .end = 13 },
	{ .text = " Bob \"B.\"\r\n  Smith\t<a@b>\r\n", .local = "a", .domain = "b",
	  .name = "Bob B. Smith", .raw = "Bob \"B.\"  Smith <a@b>", .start = 20, .end = 23 },
	{ .text = "Bob (the builder) S\x01 <a@b>", .local = "a", .domain = "b",
	  .name = "Bob S ", .raw = "Bob (the builder) S? <a@b>", .start = 22, .end = 25 },
	{ .text = "\"a\\\"b\" <a@b>", .local = "a", .domain = "b", .name = "a\"b",
	  .raw = "\"a\\\"b\" <a@b>", .start = 8, .end = 11 },
	{ .text = "\"\" <a@b>", .local = "a", .domain = "b", .raw = "\"\" <a@b>",
	  .start = 4, .end = 7 },
	{ .text = "<@x:a@b>", .local = "a", .domain = "b", .raw = "<@x:a@b>",
	  .start = 4, .end = 7 },
	{ .text = "X <<\"a b\"@[1.2]>>", .local = "a b", .domain = "[1.2]", .name = "X",
	  .raw = "X <<\"a b\"@[1.2]>>", .start = 4, .end = 15 },
	{ .text = "a@b.", .local = "a", .domain = "b", .raw = "a@b.", .start = 0, .end = 4 },
	{ .text = "", .local = "", .raw = "" },
	{ .text = "<>", .local = "", .raw = "<>", .start = 1, .end = 1 },
	{ .text = "a@b,", .local = "a", .domain = "b", .raw = "a@b", .start = 0, .end = 3 },
};

static void assert_text(const char *of, const char *got, const char *want)
{
	ck_assert_msg((got == NULL) == (want == NULL) && (got == NULL || strcmp(got, want) == 0),
	              "\"%s\": \"%s\", not \"%s\"", of, got ? got : "(none)",
	              want ? want : "(none)");
}

START_TEST(parse_one)
{
	const char *text = parts[_i].text;
	struct address a;

	ck_assert_msg(address_parse(&a, text), "\"%s\"", text);
	ck_assert_ptr_null(a.error);
	assert_text(text, a.local, parts[_i].local);
	assert_text(text, a.domain, parts[_i].domain);
	assert_text(text, a.name, parts[_i].name);
	assert_text(text, a.raw, parts[_i].raw);
	ck_assert_uint_eq(a.start, parts[_i].start);
	ck_assert_uint_eq(a.end, parts[_i].end);
	address_release(&a);
	address_release(&a);
}
END_TEST

/* What address_parse refuses, as address_explain says it. */
static const struct {
	const char *text, *explained;
	bool control;
} wrong[] = {
	{ .text = "a@@b", .explained = "a@@b: at column 3: a domain expected" },
	{ .text = "a@b, c@d", .explained = "a@b, c@d: at column 6: a single address expected" },
	{ .text = ",", .explained = ",: at column 1: an address expected" },
	{ .text = "g:;", .explained = "g:;: at column 1: an address expected" },
	{ .text = "a\x01@b", .explained = "a?@b: at column 2: a control character",
	  .control = true },
	{ .text = "a@b\nc", .explained = "a@bc: at column 4: a control character",
	  .control = true },
	{ .text = "\\\"a@b c", .explained = "\\\\\"a@b c: at column 7: a comma expected" },
	{ .text = "\xc3\xbc@b\xfc", .explained = "\xc3\xbc@b\\xfc: at column 4: an octet that is no UTF-8" },
	{ .text = "0123456789012345678901234567890123456789012345678901@@a23456789012345678901234567890"
		  "1234567890",
	  .explained = "...345678901234567890123456789012345678901@@a234567890123456789012345678901"
		       "23456789...: at column 54: a domain expected" },
};

START_TEST(refused)
{
	struct address a;
	struct buf got;

	buf_init(&got, 4096);
	ck_assert(!address_parse(&a, wrong[_i].text));
	ck_assert_ptr_null(a.local);
	address_explain(&got, &a);
	ck_assert_str_eq(got.data, wrong[_i].explained);
	ck_assert_int_eq(address_has_control(&a), wrong[_i].control);
	buf_release(&got);
	address_release(&a);
}
END_TEST

static const struct {
	const char *a, *b;
	bool equal;
} pairs[] = {
	{ "a@b", "a@b", true },
	{ "a@B.Example", "a@b.eXample", true },
	{ "A@b", "a@b", false },
	{ "a@b", "a@c", false },
	{ "a@b", "a@bc", false },
	{ "a", "a", true },
	{ "a", "a@b", false },
	{ "ab@c", "a@c", false },
	{ "", "", true },
	{ "", "a@b", false },
	{ "\"a@X\"@b", "\"a@x\"@b", false },
	{ "\"a@x\"@B", "\"a@x\"@b", true },
	{ "\"a\\\"@X\"@b", "\"a\\\"@x\"@b", false },
};

START_TEST(equality)
{
	ck_assert_int_eq(address_compare(pairs[_i].a, pairs[_i].b) == 0, pairs[_i].equal);
	ck_assert_int_eq(address_compare(pairs[_i].b, pairs[_i].a) == 0, pairs[_i].equal);
}
END_TEST

static const struct {
	const char *name, *written;
} names[] = {
	{ "Bob", "Bob" },
	{ "Bob Smith", "Bob Smith" },
	{ "root+x!", "root+x!" },
	{ "Dr. Bob", "\"Dr. Bob\"" },
	{ "Smith, Bob", "\"Smith, Bob\"" },
	{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
	{ "Bob  Smith", "\"Bob  Smith\"" },
	{ " Bob", "\" Bob\"" },
	{ "Bob ", "\"Bob \"" },
	{ "", "\"\"" },
	{ "=?UTF-8?Q?x?=", "\"=?UTF-8?Q?x?=\"" },
	{ "a\r\nBcc: b@c", "\"a  Bcc: b@c\"" },
	{ "J\xc3\xbcrgen Gro\xc3\x9f", "=?UTF-8?Q?J=C3=BCrgen_Gro=C3=9F?=" },
	{ "\xc3\xbc_=?.\"(\x01", "=?UTF-8?Q?=C3=BC=5F=3D=3F=2E=22=28_?=" },
	{ "J\xfcrgen", "=?UTF-8?Q?J=EF=BF=BDrgen?=" },
	{ "\xe5\xb1\xb1\xe5\xb1\xb1\xe5\xb1\xb1\xe5\xb1\xb1\xe5\xb1\xb1\xe5\xb1\xb1\xe5\xb1\xb1",
	  "=?UTF-8?Q?=E5=B1=B1=E5=B1=B1=E5=B1=B1=E5=B1=B1=E5=B1=B1=E5=B1=B1?=\r\n"
	  " =?UTF-8?Q?=E5=B1=B1?=" },
};

START_TEST(format_name)
{
	struct buf got;

	buf_init(&got, 4096);
	address_format_name(&got, names[_i].name);
	ck_assert_str_eq(got.data, names[_i].written);
	buf_release(&got);
}
END_TEST

static double seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

/* A megabyte of each; a parser that looks back or ahead too often takes minutes. */
static const char *const hostile[] = {
	"(", "<", "\"", ",", "a,", "a b ", "@", "@[", "a@", "a:", "((", "()", "<>", "\"\"", "\\", "[",
	"<@a,", "a@[;", "x y@[;", "\r\n ", ".", "a.", "(a\\", "\" \"(", "<(", "a@b\"", "x\"y\",", ">",
	")", "\xc3\xbc", "\xfc", "\r", "a (", "(a) ", "@a:", "a@b.(x)", "<a@b>",
};

START_TEST(hostile_input_takes_linear_time)
{
	enum { SIZE = 1024 * 1024 };
	char *text = alloc(SIZE);
	size_t unit = strlen(hostile[_i]);
	double start = seconds();
	struct address_list list;

	for (size_t i = 0; i < SIZE; i++)
		text[i] = hostile[_i][i % unit];
	address_list_init(&list);
	address_parse_list(&list, text, SIZE);
	address_list_release(&list);
	free(text);
	ck_assert_msg(seconds() - start < 10, "\"%s\" took %f s", hostile[_i], seconds() - start);
}
END_TEST

START_TEST(many)
{
	enum { MANY = 5000 };
	struct address_list list;
	struct buf text;

	buf_init(&text, 1 << 20);
	for (int i = 0; i < MANY; i++)
		buf_printf(&text, "%s\"User, %d\" <user%d@example.org>", i ? ",\r\n " : "", i, i);
	address_list_init(&list);
	address_parse_list(&list, text.data, text.len);
	ck_assert_uint_eq(list.len, MANY);
	for (size_t i = 0; i < list.len; i++) {
		char *want = alloc_printf("user%zu", i);

		ck_assert(list.v[i].error == NULL && strcmp(list.v[i].local, want) == 0);
		free(want);
	}
	address_list_release(&list);
	buf_release(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mail/address");
	TCase *tc = tcase_create("address");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, parse_list, 0, COUNT_OF(lists));
	tcase_add_test(tc, list_with_nul);
	tcase_add_test(tc, comment_depth);
	tcase_add_loop_test(tc, parse_one, 0, COUNT_OF(parts));
	tcase_add_loop_test(tc, refused, 0, COUNT_OF(wrong));
	tcase_add_loop_test(tc, equality, 0, COUNT_OF(pairs));
	tcase_add_loop_test(tc, format_name, 0, COUNT_OF(names));
	tcase_add_loop_test(tc, hostile_input_takes_linear_time, 0, COUNT_OF(hostile));
	tcase_add_test(tc, many);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
