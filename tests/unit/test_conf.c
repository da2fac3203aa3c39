#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "config/conf.h"
#include "unit.h"

#define LINE(text_, key_, value_) { .text = (text_), .size = sizeof(text_) - 1, .key = (key_), .value = (value_) }

/* The first line that says something; no key: there is none. */
static const struct {
	const char *text;
	size_t size;
	const char *key, *value;
	unsigned line;
	bool error;
} lines[] = {
	LINE("host mail.example.org", "host", "mail.example.org"),
	LINE("host mail.example.org\n", "host", "mail.example.org"),
	LINE("host mail.example.org\r\n", "host", "mail.example.org"),
	LINE(" \t host\t  mail.example.org \t\n", "host", "mail.example.org"),
	LINE("tls\n", "tls", ""),
	LINE("tls  \t\n", "tls", ""),
	LINE("tls \"\"\n", "tls", ""),
	LINE("\xef\xbb\xbfhost a\n", "host", "a"),
	LINE("password a#b # c\n", "password", "a#b # c"),
	LINE("password \" a b \"\n", "password", " a b "),
	LINE("password \"a\"b\"\n", "password", "a\"b"),
	LINE("password a\"b\"\n", "password", "a\"b\""),
	LINE("password \"a\n", "password", "\"a"),
	LINE("password \"\n", "password", "\""),
	LINE("password \"\"\"\n", "password", "\""),
	LINE("password a\\nb\n", "password", "a\\nb"),
	LINE("password a\tb\n", "password", "a\tb"),
	LINE("user j\xc3\xb6rg\n", "user", "j\xc3\xb6rg"),
	LINE("account a : b, c\n", "account", "a : b, c"),
	{ .text = "\n\n# x\n  # y\nhost a\n", .size = 19, .key = "host", .value = "a", .line = 5 },
	{ .text = "", .size = 0 },
	{ .text = "\n\r\n \t\n# only\n#", .size = 14 },
	{ .text = "\xef\xbb\xbf", .size = 3 },
	{ .text = "host a\0b\n", .size = 9, .line = 1, .error = true },
	{ .text = "\nhost a\rb\n", .size = 10, .line = 2, .error = true },
	{ .text = "host a\x1b[2J\n", .size = 11, .line = 1, .error = true },
	{ .text = "user a\x7f\n", .size = 8, .line = 1, .error = true },
};

START_TEST(next)
{
	struct conf_line got = { 0 };
	const char *error;
	struct conf c;

	conf_init(&c, lines[_i].text, lines[_i].size);
	ck_assert_int_eq(conf_next(&c, &got, &error), lines[_i].key != NULL);
	ck_assert_int_eq(error != NULL, lines[_i].error);
	if (lines[_i].key != NULL) {
		ck_assert_str_eq(got.key, lines[_i].key);
		ck_assert_str_eq(got.value, lines[_i].value);
	}
	if (lines[_i].line != 0)
		ck_assert_uint_eq(c.line, lines[_i].line);
	conf_line_release(&got);
}
END_TEST

START_TEST(all_lines_with_their_numbers)
{
	static const char text[] = "a 1\n\nb 2\r\n#\nc 3";
	static const unsigned numbers[] = { 1, 3, 5 };
	struct conf_line got;
	const char *error;
	struct conf c;
	size_t n = 0;

	conf_init(&c, text, sizeof(text) - 1);
	while (conf_next(&c, &got, &error)) {
		ck_assert_uint_lt(n, COUNT_OF(numbers));
		ck_assert_uint_eq(c.line, numbers[n]);
		ck_assert_int_eq(got.key[0], "abc"[n]);
		ck_assert_int_eq(got.value[0], "123"[n]);
		conf_line_release(&got);
		n++;
	}
	ck_assert_ptr_null(error);
	ck_assert_uint_eq(n, 3);
}
END_TEST

START_TEST(no_line_is_too_long)
{
	enum { LONG = 1 << 20 };
	char *text = malloc(LONG + 8);
	struct conf_line got;
	const char *error;
	struct conf c;

	memcpy(text, "user ", 5);
	memset(text + 5, 'x', LONG);
	conf_init(&c, text, LONG + 5);
	ck_assert(conf_next(&c, &got, &error));
	ck_assert_uint_eq(strlen(got.value), LONG);
	conf_line_release(&got);
	free(text);
}
END_TEST

static const char *lookup(const char *name)
{
	if (strcmp(name, "HOST") == 0)
		return "mail.example.org";
	if (strcmp(name, "_x1") == 0)
		return "${HOST}";
	if (strcmp(name, "EMPTY") == 0)
		return "";
	return strcmp(name, "LINES") == 0 ? "a\nb" : NULL;
}

static const struct {
	const char *value, *out, *error;
} expansions[] = {
	{ "", "", NULL },
	{ "plain", "plain", NULL },
	{ "${HOST}", "mail.example.org", NULL },
	{ "x${HOST}:25${EMPTY}", "xmail.example.org:25", NULL },
	{ "${_x1}", "${HOST}", NULL },                    /* once, not again */
	{ "$${HOST}", "${HOST}", NULL },
	{ "$$${HOST}", "$${HOST}", NULL },
	{ "$${", "${", NULL },
	{ "a$b$$c$", "a$b$$c$", NULL },
	{ "$HOST", "$HOST", NULL },
	{ "{HOST}", "{HOST}", NULL },
	{ "${NOPE}", NULL, "${NOPE} is not set" },
	{ "${", NULL, "without a name" },
	{ "${}", NULL, "without a name" },
	{ "${HOST", NULL, "without a name" },
	{ "${HOST:-x}", NULL, "without a name" },
	{ "${1}", NULL, "without a name" },
	{ "${HO ST}", NULL, "without a name" },
	{ "${LINES}", NULL, "control character" },
};

START_TEST(expand)
{
	struct status st;
	struct buf out;

	buf_init(&out, 100);
	ck_assert_int_eq(conf_expand(expansions[_i].value, lookup, &out, &st), expansions[_i].out != NULL);
	if (expansions[_i].out != NULL) {
		ck_assert_str_eq(out.data, expansions[_i].out);
	} else {
		ck_assert_int_eq(st.sysexit, EX_CONFIG);
		ck_assert_ptr_nonnull(strstr(st.text, expansions[_i].error));
	}
	buf_release(&out);
}
END_TEST

START_TEST(expansion_has_a_ceiling)
{
	struct status st;
	struct buf out;

	buf_init(&out, 20);
	ck_assert(!conf_expand("${HOST}${HOST}", lookup, &out, &st));
	ck_assert_ptr_nonnull(strstr(st.text, "too long"));
	buf_release(&out);
}
END_TEST

static const char *const values[] = {
	"", " ", "a", " a", "a ", "\ta\t", "a b", "\"", "\"\"", "\"a\"", "\"a", "a\"", "#", "a # b", "${HOST}",
	"$${HOST}", "$$${HOST}", "$", "j\xc3\xb6rg",
};

/* What conf_quote writes, conf_next and conf_expand read. */
START_TEST(quoted_reads_as_it_was)
{
	struct buf text, out;
	struct conf_line got;
	const char *error;
	struct status st;
	struct conf c;

	buf_init(&text, 100);
	buf_init(&out, 100);
	buf_puts(&text, "key ");
	conf_quote(values[_i], false, &text);
	conf_init(&c, text.data, text.len);
	ck_assert(conf_next(&c, &got, &error));
	ck_assert(conf_expand(got.value, lookup, &out, &st));
	ck_assert_str_eq(out.data, values[_i]);
	conf_line_release(&got);
	buf_release(&out);
	buf_release(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config/conf");
	TCase *tc = tcase_create("conf");

	tcase_add_loop_test(tc, next, 0, COUNT_OF(lines));
	tcase_add_test(tc, all_lines_with_their_numbers);
	tcase_add_test(tc, no_line_is_too_long);
	tcase_add_loop_test(tc, expand, 0, COUNT_OF(expansions));
	tcase_add_test(tc, expansion_has_a_ceiling);
	tcase_add_loop_test(tc, quoted_reads_as_it_was, 0, COUNT_OF(values));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
