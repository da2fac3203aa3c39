#include <string.h>

#include "base/str.h"
#include "route/recipients.h"
#include "unit.h"

/* Fields of a header, parted by "|"; the folding in them is theirs. */
static void fill_header(struct header *h, const char *fields)
{
	while (*fields != '\0') {
		size_t n = strcspn(fields, "|");

		ck_assert_msg(header_add(h, fields, n), "\"%s\"", fields);
		fields += n + (fields[n] == '|');
	}
}

/* Recipients in wire form joined by blanks, `!` before what was refused. */
static void summarize(struct buf *out, const struct envelope *e)
{
	for (size_t i = 0; i < e->len; i++) {
		const struct recipient *r = &e->v[i];

		buf_printf(out, "%s%s%s", i > 0 ? " " : "",
		           r->state == RECIPIENT_FAILED ? "!" : "", r->address);
		if (r->state == RECIPIENT_FAILED)
			ck_assert_int_eq(r->status.sysexit, EX_DATAERR);
	}
}

#define D16 "0123456789abcdef"
#define D64 D16 D16 D16 D16
#define D256 D64 D64 D64 D64
#define LABEL "abcdefghi."
#define L50 LABEL LABEL LABEL LABEL LABEL
#define DOMAIN255 L50 L50 L50 L50 L50 "abcde"
#define BUECHER "b\xc3\xbc" "cher.example"

static const struct {
	const char *operands[4];
	const char *header;         /* with -t */
	const char *got;
	int sysexit;
	bool smtputf8;
} cases[] = {
	/* Operands */
	{ .operands = { "a@x" }, .got = "a@x" },
	{ .operands = { "a@x", "b@x" }, .got = "a@x b@x" },
	{ .operands = { "a@x, Bob <b@x>", "c@x" }, .got = "a@x b@x c@x" },
	{ .operands = { "root" }, .got = "root@mail.example" },
	{ .operands = { "root,alice" }, .got = "root@mail.example alice@mail.example" },
	{ .operands = { "a@x", "A@x", "a@X", "<a@x>" }, .got = "a@x A@x" },
	{ .operands = { "root", "root@mail.example", "root@MAIL.example" },
	  .got = "root@mail.example" },
	{ .operands = { "-t" }, .got = "-t@mail.example" },
	{ .operands = { "\"a b\"@x", "\"ab\"@x", "ab@x" }, .got = "\"a b\"@x ab@x" },
	{ .operands = { "a@[192.0.2.1]" }, .got = "a@[192.0.2.1]" },
	{ .operands = { "", "a@x", "," }, .got = "a@x" },

	/* International names */
	{ .operands = { "a@" BUECHER }, .got = "a@xn--bcher-kva.example" },
	{ .operands = { "a@" BUECHER, "a@xn--bcher-kva.example", "a@B\xc3\x9c" "CHER.example" },
	  .got = "a@xn--bcher-kva.example" },
	{ .operands = { "\xc3\xbc@x" }, .got = "\xc3\xbc@x", .smtputf8 = true },
	{ .operands = { "\xc3\xbc@" BUECHER }, .got = "\xc3\xbc@xn--bcher-kva.example",
	  .smtputf8 = true },
	{ .operands = { "J\xc3\xbcrgen <j@x>" }, .got = "j@x" },
	{ .operands = { "a@\xc3\xbc\xcc\x88-.x", "b@x" }, .got = "!a@\xc3\xbc\xcc\x88-.x b@x" },

	/* What is no address is refused, the others go on */
	{ .operands = { "a@@b", "c@x" }, .got = "!a@@b c@x" },
	{ .operands = { "a@@b, c@x, d@" }, .got = "!a@@b c@x !d@" },
	{ .operands = { "a@@b", "a@@b" }, .got = "!a@@b" },
	{ .operands = { "Bob Smith" }, .got = "!Bob Smith" },
	{ .operands = { "<>", "a@x" }, .got = "!<> a@x" },
	{ .operands = { "\"\"" }, .got = "!\"\"" },
	{ .operands = { "j\xfcrgen@x" }, .got = "!j\xfcrgen@x" },
	{ .operands = { D64 "5@x" }, .got = D64 "5@x" },
	{ .operands = { D256 "@x" }, .got = D256 "@x" },
	{ .operands = { D256 "0@x" }, .got = "!" D256 "0@x" },
	{ .operands = { "a@" DOMAIN255 }, .got = "a@" DOMAIN255 },
	{ .operands = { "a@" DOMAIN255 "f" }, .got = "!a@" DOMAIN255 "f" },

	/* A control character refuses the call */
	{ .operands = { "a@x", "b\x01@x" }, .sysexit = EX_DATAERR },
	{ .operands = { "a@x\nb@x" }, .sysexit = EX_DATAERR },
	{ .operands = { "a@x,\r\n b@x" }, .sysexit = EX_DATAERR },
	{ .operands = { "B\x07ob <b@x>" }, .sysexit = EX_DATAERR },
	{ .operands = { "a@x\xc2\x85" }, .sysexit = EX_DATAERR },
	{ .header = "To: a\x01@x", .sysexit = EX_DATAERR },
	{ .header = "To: B\x01ob <a@x>", .got = "a@x" },

	/* Nobody */
	{ .sysexit = EX_USAGE },
	{ .operands = { "" }, .sysexit = EX_USAGE },
	{ .header = "Subject: x", .sysexit = EX_USAGE },
	{ .header = "To: undisclosed-recipients:;|Cc:", .sysexit = EX_USAGE },

	/* -t */
	{ .header = "To: a@x|Subject: b@x|Cc: c@x|Bcc: d@x|From: e@x|Reply-To: f@x",
	  .got = "a@x c@x d@x" },
	{ .header = "To: a@x|TO: b@x|cc : c@x|Bcc:d@x|bcc: e@x", .got = "a@x b@x c@x d@x e@x" },
	{ .header = "To: a@x,\r\n\tBob\r\n <b@x> (c@x),\r\n friends: d@x, e;",
	  .got = "a@x b@x d@x e@mail.example" },
	{ .header = "To: ops@x,|Cc: ", .got = "ops@x" },
	{ .header = "To: a@x|Cc: a@x, b@x", .operands = { "b@x", "c@x" }, .got = "b@x c@x a@x" },
	{ .header = "To: a@x, b@@x", .got = "a@x !b@@x" },
	{ .header = "To: -f@x, -t", .got = "-f@x -t@mail.example" },
	{ .header = "To-Do: a@x|Apparently-To: b@x|To: c@x", .got = "c@x" },

	/* Sent again: the newest block alone counts */
	{ .header = "To: a@x|Cc: b@x|Resent-From: c@x|Resent-To: d@x|Resent-Cc: e@x|Resent-Bcc: f@x",
	  .got = "d@x e@x f@x" },
	{ .header = "Resent-From: a@x|Resent-To: b@x|Received: c|Resent-From: d@x|Resent-To: e@x|To: f@x",
	  .got = "b@x" },
	{ .header = "Resent-From: a@x|Resent-To: b@x|Resent-From: d@x|Resent-To: e@x|To: f@x",
	  .got = "b@x" },
	{ .header = "To: a@x|Resent-From: b@x", .sysexit = EX_USAGE },
	{ .header = "To: a@x|Resent-From: b@x", .operands = { "c@x" }, .got = "c@x" },
};

START_TEST(collect)
{
	struct recipients_source from = { .operands = cases[_i].operands,
		                          .maildomain = "mail.example" };
	struct envelope e;
	struct header h;
	struct status st = { 0 };
	struct buf got;

	envelope_init(&e);
	header_init(&h);
	buf_init(&got, 4096);
	while (from.len < COUNT_OF(cases[_i].operands) && from.operands[from.len] != NULL)
		from.len++;
	if (cases[_i].header != NULL) {
		fill_header(&h, cases[_i].header);
		from.header = &h;
	}
	ck_assert_int_eq(recipients_add(&e, &from, &st), cases[_i].sysexit == 0);
	ck_assert_int_eq(st.sysexit, cases[_i].sysexit);
	if (cases[_i].sysexit == 0) {
		summarize(&got, &e);
		ck_assert_str_eq(got.data, cases[_i].got);
		ck_assert_int_eq(e.smtputf8, cases[_i].smtputf8);
	} else {
		ck_assert_str_ne(st.text, "");
		ck_assert(!str_has_control(st.text, strlen(st.text)));
	}
	buf_release(&got);
	header_release(&h);
	envelope_release(&e);
}
END_TEST

static const struct {
	const char *operand, *given, *text;
} words[] = {
	{ "root", "root", "" },
	{ "Bob <a@" BUECHER ">", "a@" BUECHER, "" },
	{ "a@@b", "a@@b", "a@@b: at column 3: a domain expected" },
	{ "<>", "<>", "<>: nobody's address" },
	{ D256 "0@x", D256 "0@x", D64 D64 "...: the local part is too long" },
};

START_TEST(given_and_text)
{
	struct recipients_source from = { .operands = &words[_i].operand, .len = 1,
		                          .maildomain = "mail.example" };
	struct envelope e;
	struct status st;

	envelope_init(&e);
	ck_assert(recipients_add(&e, &from, &st));
	ck_assert_uint_eq(e.len, 1);
	ck_assert_str_eq(e.v[0].given, words[_i].given);
	ck_assert_str_eq(e.v[0].status.text, words[_i].text);
	envelope_release(&e);
}
END_TEST

START_TEST(many_in_one_field)
{
	enum { MANY = 5000 };
	struct recipients_source from = { .maildomain = "mail.example" };
	struct envelope e;
	struct header h;
	struct status st;
	struct buf text;

	envelope_init(&e);
	header_init(&h);
	buf_init(&text, 1 << 20);
	buf_puts(&text, "To: ");
	for (int i = 0; i < 2 * MANY; i++)
		buf_printf(&text, "%sUser %d <u%d@x>", i ? ",\r\n\t" : "", i, i % MANY);
	ck_assert(header_add(&h, text.data, text.len));
	from.header = &h;
	ck_assert(recipients_add(&e, &from, &st));
	ck_assert_uint_eq(e.len, MANY);
	ck_assert_uint_eq(envelope_count(&e, RECIPIENT_WAITING), MANY);
	ck_assert_str_eq(e.v[MANY - 1].address, "u4999@x");
	buf_release(&text);
	header_release(&h);
	envelope_release(&e);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("route/recipients");
	TCase *tc = tcase_create("recipients");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, collect, 0, COUNT_OF(cases));
	tcase_add_loop_test(tc, given_and_text, 0, COUNT_OF(words));
	tcase_add_test(tc, many_in_one_field);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
