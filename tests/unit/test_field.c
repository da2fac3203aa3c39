#include <string.h>

#include "base/str.h"
#include "mail/field.h"
#include "unit.h"

static const struct {
	const char *line;
	bool is_field;
	size_t name_len, body;
} lines[] = {
	{ .line = "To: a@b\r\n", .is_field = true, .name_len = 2, .body = 3 },
	{ .line = "To:a@b", .is_field = true, .name_len = 2, .body = 3 },
	{ .line = "To:", .is_field = true, .name_len = 2, .body = 3 },
	{ .line = "Bcc \t : a@b", .is_field = true, .name_len = 3, .body = 7 },
	{ .line = "X-!#~: a", .is_field = true, .name_len = 5, .body = 6 },
	{ .line = "a:b:c", .is_field = true, .name_len = 1, .body = 2 },
	{ .line = "" },
	{ .line = "\r\n" },
	{ .line = ":" },
	{ .line = " To: a@b" },
	{ .line = "To" },
	{ .line = "To a: b" },
	{ .line = "From root Mon Jan  1 00:00:00 2024" },
	{ .line = ">From root Mon" },
	{ .line = "T\xc3\xb6: a" },
	{ .line = "T\x01: a" },
	{ .line = "T\x7f: a" },
	{ .line = "To\r\n: a" },
	{ .line = "http//x" },
};

START_TEST(parse)
{
	size_t name_len, body;

	ck_assert_msg(field_parse(lines[_i].line, strlen(lines[_i].line), &name_len, &body)
	                      == lines[_i].is_field,
	              "\"%s\"", lines[_i].line);
	if (!lines[_i].is_field)
		return;
	ck_assert_uint_eq(name_len, lines[_i].name_len);
	ck_assert_uint_eq(body, lines[_i].body);
}
END_TEST

static void add(struct header *h, const char *text)
{
	ck_assert_msg(header_add(h, text, strlen(text)), "\"%s\"", text);
}

/* All fields in one string, and that `octets` tells its length. */
static void assert_header(const struct header *h, const char *want)
{
	struct buf got;

	buf_init(&got, 1 << 20);
	for (size_t i = 0; i < h->len; i++)
		buf_add(&got, h->v[i].text, h->v[i].len);
	ck_assert_str_eq(got.data, want);
	ck_assert_uint_eq(h->octets, got.len);
	buf_release(&got);
}

START_TEST(header_changes)
{
	struct header h;

	header_init(&h);
	assert_header(&h, "");
	add(&h, "To: a@b\r\n");
	add(&h, "Subject : x");
	header_continue(&h, " y", 2);
	header_continue(&h, "\tz\r\n", 4);
	ck_assert(!header_add(&h, "no field\r\n", 10));
	assert_header(&h, "To: a@b\r\nSubject : x\r\n y\r\n\tz\r\n");

	header_insert(&h, 0, "Date", "today");
	header_insert(&h, h.len, "From", "c@d");
	assert_header(&h, "Date: today\r\nTo: a@b\r\nSubject : x\r\n y\r\n\tz\r\nFrom: c@d\r\n");
	ck_assert(field_is(&h.v[2], "SUBJECT"));
	ck_assert(!field_is(&h.v[2], "Subject "));
	ck_assert(!field_is(&h.v[2], "Sub"));
	ck_assert(!field_is(&h.v[2], "Subjects"));

	header_replace_body(&h, 2, " s", 2);
	header_replace_body(&h, 1, "", 0);
	header_replace_body(&h, 3, " a longer one\r\n", 15);
	assert_header(&h, "Date: today\r\nTo:\r\nSubject : s\r\nFrom: a longer one\r\n");

	header_remove_all(&h, "Date");
	header_remove_all(&h, "From");
	assert_header(&h, "To:\r\nSubject : s\r\n");
	header_release(&h);
	header_release(&h);
	assert_header(&h, "");
}
END_TEST

START_TEST(find_and_remove_all)
{
	struct header h;

	header_init(&h);
	add(&h, "Bcc: 1\r\n");
	add(&h, "To: 2\r\n");
	add(&h, "bcc : 3\r\n");
	add(&h, "Bcc-Not: 4\r\n");
	add(&h, "BCC:5\r\n");
	ck_assert_uint_eq(header_find(&h, "bcc", 0), 0);
	ck_assert_uint_eq(header_find(&h, "bcc", 1), 2);
	ck_assert_uint_eq(header_find(&h, "bcc", 3), 4);
	ck_assert_uint_eq(header_find(&h, "bcc", 5), 5);
	ck_assert_uint_eq(header_find(&h, "cc", 0), 5);
	header_remove_all(&h, "Bcc");
	assert_header(&h, "To: 2\r\nBcc-Not: 4\r\n");
	header_release(&h);
}
END_TEST

static const struct {
	const char *text, *unfolded;
} folded[] = {
	{ "To: a@b\r\n", "a@b" },
	{ "To:a@b\r\n", "a@b" },
	{ "To:\r\n a@b,\r\n\tc@d \r\n", "a@b,\tc@d" },
	{ "To: \t\r\n \r\n", "" },
	{ "To:\r\n", "" },
	{ "To : a  b\r\n", "a  b" },
};

START_TEST(unfold)
{
	struct header h;
	struct buf got;

	header_init(&h);
	buf_init(&got, 1000);
	add(&h, folded[_i].text);
	field_unfold(&h.v[0], &got);
	ck_assert_str_eq(got.data, folded[_i].unfolded);
	buf_release(&got);
	header_release(&h);
}
END_TEST

/* A header as a string of letters: S, D, F, T, C, B, M, X are Resent- fields, anything else is another. */
static const struct {
	const char *fields;
	size_t first, end;
} blocks[] = {
	{ .fields = "", .first = 0, .end = 0 },
	{ .fields = "abc", .first = 3, .end = 3 },
	{ .fields = "T", .first = 0, .end = 1 },
	{ .fields = "aFDTMb", .first = 1, .end = 5 },
	{ .fields = "FDTMaFDTM", .first = 0, .end = 4 },
	{ .fields = "FDTMFDTM", .first = 0, .end = 4 },
	{ .fields = "aTFTF", .first = 1, .end = 3 },
	{ .fields = "FTTCB", .first = 0, .end = 5 },
	{ .fields = "FTXXCXB", .first = 0, .end = 7 },
	{ .fields = "FTXT", .first = 0, .end = 3 },
};

static const char *resent_name(char c)
{
	switch (c) {
	case 'S': return "Resent-Sender";
	case 'D': return "RESENT-DATE";
	case 'F': return "resent-from";
	case 'T': return "Resent-To";
	case 'C': return "Resent-Cc";
	case 'B': return "Resent-Bcc";
	case 'M': return "Resent-Message-ID";
	case 'X': return "Resent-Other";
	default: return "Received";
	}
}

START_TEST(resent)
{
	struct header h;
	size_t first, end;

	header_init(&h);
	for (const char *c = blocks[_i].fields; *c != '\0'; c++)
		header_insert(&h, h.len, resent_name(*c), "x");
	ck_assert_int_eq(header_resent(&h, &first, &end), blocks[_i].first < h.len);
	ck_assert_uint_eq(first, blocks[_i].first);
	ck_assert_uint_eq(end, blocks[_i].end);
	header_release(&h);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mail/field");
	TCase *tc = tcase_create("field");

	tcase_add_loop_test(tc, parse, 0, COUNT_OF(lines));
	tcase_add_test(tc, header_changes);
	tcase_add_test(tc, find_and_remove_all);
	tcase_add_loop_test(tc, unfold, 0, COUNT_OF(folded));
	tcase_add_loop_test(tc, resent, 0, COUNT_OF(blocks));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
