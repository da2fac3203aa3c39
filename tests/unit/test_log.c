#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/str.h"
#include "unit.h"

static const struct {
	const char *value, *text, *json;
} values[] = {
	{ .value = "abc", .text = "abc", .json = "abc" },
	{ .value = "", .text = "\"\"", .json = "" },
	{ .value = "a b", .text = "\"a b\"", .json = "a b" },
	{ .value = "a=b", .text = "\"a=b\"", .json = "a=b" },
	{ .value = "<a@b.example>", .text = "<a@b.example>", .json = "<a@b.example>" },
	{ .value = "say \"hi\"", .text = "\"say \\\"hi\\\"\"", .json = "say \\\"hi\\\"" },
	{ .value = "\"", .text = "\"\\\"\"", .json = "\\\"" },
	{ .value = "a\\b", .text = "\"a\\\\b\"", .json = "a\\\\b" },
	{ .value = "\\\"", .text = "\"\\\\\\\"\"", .json = "\\\\\\\"" },
	{ .value = "a\nsent id=1", .text = "\"a\\x0asent id=1\"", .json = "a\\u000asent id=1" },
	{ .value = "\x01\t\x1b[0m\x7f", .text = "\"\\x01\\x09\\x1b[0m\\x7f\"", .json = "\\u0001\\u0009\\u001b[0m\\u007f" },
	{ .value = "J\xc3\xbcrgen", .text = "\"J\xc3\xbcrgen\"", .json = "J\xc3\xbcrgen" },
	{ .value = "\xf0\x9f\x93\xac", .text = "\"\xf0\x9f\x93\xac\"", .json = "\xf0\x9f\x93\xac" },
	{ .value = "a\xfc" "b", .text = "\"a\\xfcb\"", .json = "a\xef\xbf\xbd" "b" },
	{ .value = "\xc3", .text = "\"\\xc3\"", .json = "\xef\xbf\xbd" },
	{ .value = "\xed\xa0\x80", .text = "\"\\xed\\xa0\\x80\"", .json = "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ .value = "\xc2\x9b" "1m", .text = "\"\\u009b1m\"", .json = "\\u009b1m" },
};

START_TEST(value)
{
	struct log_event *e = log_event("sent");
	struct buf got, want;

	buf_init(&got, 1000);
	buf_init(&want, 1000);
	log_text(e, "k", values[_i].value);
	log_format_text(&got, e);
	buf_printf(&want, "sent k=%s", values[_i].text);
	ck_assert_str_eq(got.data, want.data);
	buf_reset(&got);
	buf_reset(&want);
	log_format_json(&got, e, "now");
	buf_printf(&want, "{\"time\":\"now\",\"event\":\"sent\",\"k\":\"%s\"}", values[_i].json);
	ck_assert_str_eq(got.data, want.data);
	buf_release(&got);
	buf_release(&want);
	log_free(e);
}
END_TEST

static struct log_event *example(void)
{
	struct log_event *e = log_event("sent");

	log_text(e, "id", "1K0Z");
	log_text(e, "tag", NULL);
	log_number(e, "size", UINT64_MAX);
	log_text(e, "reply", "250 2.0.0 ok");
	return e;
}

START_TEST(fields_in_order)
{
	struct log_event *e = example();
	struct buf got;

	buf_init(&got, 1000);
	log_format_text(&got, e);
	ck_assert_str_eq(got.data, "sent id=1K0Z size=18446744073709551615 reply=\"250 2.0.0 ok\"");
	buf_reset(&got);
	log_format_json(&got, e, "2026-11-24T06:40:07+00:00");
	ck_assert_str_eq(got.data, "{\"time\":\"2026-11-24T06:40:07+00:00\",\"event\":\"sent\","
		"\"id\":\"1K0Z\",\"size\":18446744073709551615,\"reply\":\"250 2.0.0 ok\"}");
	buf_release(&got);
	log_free(e);
}
END_TEST

START_TEST(long_values_are_cut_between_characters)
{
	static const char *const units[] = { "x", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x93\xac" };
	struct buf text, got;

	buf_init(&text, 10000);
	buf_init(&got, 10000);
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		struct log_event *e = log_event("e");

		buf_reset(&text);
		buf_reset(&got);
		buf_puts(&text, "ab");
		while (text.len < 3000)
			buf_puts(&text, units[i]);
		log_text(e, "k", text.data);
		log_format_text(&got, e);
		ck_assert_uint_le(got.len, LOG_VALUE_MAX + strlen("e k=\"\""));
		ck_assert_uint_gt(got.len, LOG_VALUE_MAX - 4);
		ck_assert_ptr_null(strchr(got.data, '\\'));
		log_free(e);
	}
	buf_release(&text);
	buf_release(&got);
}
END_TEST

static char dir[UNIT_DIR_MAX];

static void make_dir(void)
{
	unit_dir_make(dir);
	ck_assert_int_eq(chdir(dir), 0);
}

static void remove_dir(void)
{
	unit_dir_remove(dir);
}

/* The file's content with digits as 0, so that time and pid do not matter. */
static void read_log(struct buf *out)
{
	struct status st;

	ck_assert(io_read_file("log", out, &st));
	for (size_t i = 0; i < out->len; i++)
		if (strchr("123456789-", out->data[i]) != NULL)
			out->data[i] = out->data[i] == '-' ? '+' : '0';
}

START_TEST(lines_are_appended_to_a_private_file)
{
	const struct log_config c = { .facility = -1, .file = "log" };
	struct stat st;
	struct buf got;
	const char *line = "0000+00+00T00:00:00+00:00 mailchute[";

	buf_init(&got, 10000);
	umask(0);
	for (int i = 0; i < 2; i++) {
		ck_assert(log_open(&c));
		log_send(example());
		log_close();
	}
	read_log(&got);
	ck_assert_int_eq(strncmp(got.data, line, strlen(line)), 0);
	ck_assert_ptr_nonnull(strstr(got.data, "]: sent id=0K0Z size=00000000000000000000 "));
	ck_assert_ptr_nonnull(strstr(strchr(got.data, '\n'), "\n0000+00+00T"));
	ck_assert_int_eq(got.data[got.len - 1], '\n');
	ck_assert_int_eq(stat("log", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	buf_release(&got);
}
END_TEST

START_TEST(json_lines_carry_the_time)
{
	const struct log_config c = { .facility = -1, .file = "log", .json = true };
	struct buf got;

	buf_init(&got, 10000);
	ck_assert(log_open(&c));
	log_send(example());
	log_close();
	read_log(&got);
	ck_assert_str_eq(got.data, "{\"time\":\"0000+00+00T00:00:00+00:00\",\"event\":\"sent\","
		"\"id\":\"0K0Z\",\"size\":00000000000000000000,\"reply\":\"000 0.0.0 ok\"}\n");
	buf_release(&got);
}
END_TEST

START_TEST(processes_do_not_mix_their_lines)
{
	const struct log_config c = { .facility = -1, .file = "log", .json = true };
	struct buf got;
	int child;

	buf_init(&got, 1 << 20);
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			log_open(&c);
			for (int j = 0; j < 200; j++)
				log_send(example());
			_exit(0);
		}
	for (int i = 0; i < 4; i++)
		ck_assert_int_gt(wait(&child), 0);
	read_log(&got);
	ck_assert_uint_eq(got.len % 800, 0);
	for (size_t i = 0, n = got.len / 800; i < got.len; i += n) {
		ck_assert_int_eq(got.data[i], '{');
		ck_assert_int_eq(got.data[i + n - 1], '\n');
	}
	buf_release(&got);
}
END_TEST

START_TEST(dash_is_stderr)
{
	const struct log_config c = { .facility = -1, .file = "-" };
	struct buf got;

	buf_init(&got, 10000);
	ck_assert_int_eq(dup2(open("log", O_WRONLY | O_CREAT, 0600), STDERR_FILENO), STDERR_FILENO);
	ck_assert(log_open(&c));
	log_send(example());
	log_close();
	ck_assert_int_ge(fcntl(STDERR_FILENO, F_GETFD), 0);
	read_log(&got);
	ck_assert_ptr_nonnull(strstr(got.data, "sent id="));
	buf_release(&got);
}
END_TEST

START_TEST(a_file_that_cannot_be_opened)
{
	const struct log_config c = { .facility = -1, .file = "none/log" };

	ck_assert(!log_open(&c));
	ck_assert_int_eq(errno, ENOENT);
	log_send(example());
	log_close();
}
END_TEST

START_TEST(nothing_is_open)
{
	const struct log_config c = { .facility = -1 };

	log_send(example());
	ck_assert(log_open(&c));
	log_send(example());
	log_close();
	log_close();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base/log");
	TCase *format = tcase_create("format"), *tc = tcase_create("log");

	tcase_add_loop_test(format, value, 0, COUNT_OF(values));
	tcase_add_test(format, fields_in_order);
	tcase_add_test(format, long_values_are_cut_between_characters);
	tcase_add_checked_fixture(tc, make_dir, remove_dir);
	tcase_add_test(tc, lines_are_appended_to_a_private_file);
	tcase_add_test(tc, json_lines_carry_the_time);
	tcase_add_test(tc, processes_do_not_mix_their_lines);
	tcase_add_test(tc, dash_is_stderr);
	tcase_add_test(tc, a_file_that_cannot_be_opened);
	tcase_add_test(tc, nothing_is_open);
	suite_add_tcase(suite, format);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
