#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/str.h"
#include "mail/compose.h"
#include "unit.h"

static const struct {
	const char *from, *to, *subject;
	int sysexit;
	const char *header;        /* or what is wrong */
} headers[] = {
	{ .to = "a@b", .header = "To: a@b\r\n" },
	{ .to = "A B <a@b>, c", .header = "To: A B <a@b>,\r\n c\r\n" },
	{ .to = "\"x, y\" <a@b>", .header = "To: \"x, y\" <a@b>\r\n" },
	{ .to = "Jörg <a@b>", .header = "To: =?UTF-8?Q?J=C3=B6rg?= <a@b>\r\n" },
	{ .to = "\"a b\"@c", .header = "To: \"a b\"@c\r\n" },
	{ .to = "Team: a@b, c@d;", .header = "To: a@b,\r\n c@d\r\n" },
	{ .from = "me@x", .to = "a@b", .header = "From: me@x\r\nTo: a@b\r\n" },
	{ .to = "a@b", .subject = "plain", .header = "To: a@b\r\nSubject: plain\r\n" },
	{ .to = "a@b", .subject = "", .header = "To: a@b\r\nSubject: \r\n" },
	{ .to = "a@b", .subject = "=?x", .header = "To: a@b\r\nSubject: =?UTF-8?Q?=3D=3Fx?=\r\n" },
	{ .to = "a@b", .subject = "ž", .header = "To: a@b\r\nSubject: =?UTF-8?Q?=C5=BE?=\r\n" },
	{ .to = "a@b", .subject = "x\r\nBcc: c@d", .sysexit = EX_DATAERR, .header = "the subject: a control" },
	{ .to = "a@b\r\nX: y", .sysexit = EX_DATAERR, .header = "To: " },
	{ .to = "a@@b", .sysexit = EX_DATAERR, .header = "To: a@@b: at column 3" },
	{ .from = "x@", .to = "a@b", .sysexit = EX_DATAERR, .header = "From: x@" },
};

START_TEST(header)
{
	struct composition c = { .from = headers[_i].from, .subject = headers[_i].subject, .text = -1 };
	struct status st = { .sysexit = EX_OK };
	int fd = io_tmpfile();
	struct buf got;
	bool ok;

	strv_add(&c.to, headers[_i].to);
	buf_init(&got, 1 << 16);
	ok = compose(&c, fd, &st);
	ck_assert_int_eq(st.sysexit, headers[_i].sysexit);
	ck_assert(ok == (headers[_i].sysexit == EX_OK));
	if (ok) {
		ck_assert(io_read_all(fd, &got));
		ck_assert(str_starts(got.data, headers[_i].header));
		ck_assert(str_starts(got.data + strlen(headers[_i].header), "MIME-Version: 1.0\r\n"));
	} else {
		ck_assert_msg(str_starts(st.text, headers[_i].header), "%s", st.text);
	}
	buf_release(&got);
	strv_release(&c.to);
	close(fd);
}
END_TEST

static const struct {
	const char *text, *fields;
} texts[] = {
	{ "", "text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" },
	{ "a\n", "text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\na\n" },
	{ "a", "text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\na\r\n" },
	{ "ž", "text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nž\r\n" },
	{ "\xe9", "text/plain; charset=unknown-8bit\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xe9\r\n" },
};

START_TEST(text)
{
	struct composition c = { .text = io_tmpfile() };
	int fd = io_tmpfile();
	struct status st;
	struct buf got;
	const char *type;

	strv_add(&c.to, "a@b");
	buf_init(&got, 1 << 16);
	ck_assert(io_write_all(c.text, texts[_i].text, strlen(texts[_i].text)) && lseek(c.text, 0, SEEK_SET) == 0);
	ck_assert(compose(&c, fd, &st) && io_read_all(fd, &got));
	type = strstr(got.data, "Content-Type: ");
	ck_assert_ptr_nonnull(type);
	ck_assert_str_eq(type + strlen("Content-Type: "), texts[_i].fields);
	buf_release(&got);
	strv_release(&c.to);
	close(c.text);
	close(fd);
}
END_TEST

static const struct {
	const char *name, *type;
} types[] = {
	{ "a.pdf", "application/pdf" },
	{ "A.PDF", "application/pdf" },
	{ "report.2026.csv", "text/csv" },
	{ "noend", "application/octet-stream" },
	{ ".", "application/octet-stream" },
	{ "a.pdf.exe", "application/octet-stream" },
};

START_TEST(type)
{
	ck_assert_str_eq(compose_type(types[_i].name), types[_i].type);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mail/compose");
	TCase *tc = tcase_create("compose");

	tcase_add_loop_test(tc, header, 0, COUNT_OF(headers));
	tcase_add_loop_test(tc, text, 0, COUNT_OF(texts));
	tcase_add_loop_test(tc, type, 0, COUNT_OF(types));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
