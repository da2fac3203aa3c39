#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "smtp/reply.h"
#include "unit.h"

static const struct {
	const char *line;
	bool valid;
	int code;
	bool last;
	const char *text;
} lines[] = {
	{ .line = "250 ok", .valid = true, .code = 250, .last = true, .text = "ok" },
	{ .line = "250-SIZE 100", .valid = true, .code = 250, .text = "SIZE 100" },
	{ .line = "354", .valid = true, .code = 354, .last = true, .text = "" },
	{ .line = "250-", .valid = true, .code = 250, .text = "" },
	{ .line = "559 x", .valid = true, .code = 559, .last = true, .text = "x" },
	{ .line = "200 x", .valid = true, .code = 200, .last = true, .text = "x" },
	{ .line = "" },
	{ .line = "2" },
	{ .line = "25" },
	{ .line = "2500 no" },
	{ .line = "250\tno" },
	{ .line = "250.no" },
	{ .line = "190 no" },
	{ .line = "560 no" },
	{ .line = "600 no" },
	{ .line = " 250 no" },
	{ .line = "2x0 no" },
	{ .line = "HTTP/1.1 400 Bad Request" },
};

START_TEST(parse_line)
{
	struct reply_line got;

	ck_assert_msg(reply_parse_line(lines[_i].line, &got) == lines[_i].valid, "\"%s\"",
	              lines[_i].line);
	if (!lines[_i].valid)
		return;
	ck_assert_int_eq(got.code, lines[_i].code);
	ck_assert_int_eq(got.last, lines[_i].last);
	ck_assert_str_eq(got.text, lines[_i].text);
}
END_TEST

/* A reply as the peer sends it, and what becomes of it. */
static const struct {
	const char *sent;
	int code;                  /* 0: it is refused with ... */
	const char *text;          /* ... these words in the status */
	const char *printed;
} replies[] = {
	{ "250 ok\r\n", 250, "ok", "250 ok" },
	{ "250 ok\n", 250, "ok", "250 ok" },
	{ "250\r\n", 250, "", "250" },
	{ "250-mx\r\n250-SIZE 5\r\n250 DSN\r\n", 250, "mx\nSIZE 5\nDSN", "250 mx SIZE 5 DSN" },
	{ "250-mx\n250-\r\n250 DSN \n", 250, "mx\n\nDSN", "250 mx DSN" },
	{ "334  VXNlcm5hbWU6\t\r\n", 334, "VXNlcm5hbWU6", "334 VXNlcm5hbWU6" },
	{ "550-5.1.1 No such user:\r\n550-5.1.1 <a@b>.\r\n550 5.1.2 Sorry\r\n", 550,
	  "5.1.1 No such user:\n5.1.1 <a@b>.\n5.1.2 Sorry",
	  "550 5.1.1 No such user: <a@b>. 5.1.2 Sorry" },
	{ "550 \x1b[2Jgone \xff\xc3\xa9\r\n", 550, "\x1b[2Jgone \xff\xc3\xa9",
	  "550 \\x1b[2Jgone \\xff\xc3\xa9" },
	{ "220-mx\r\n250 ok\r\n", 0, "the server sent a reply whose code changes: \"250 ok\"", NULL },
	{ "220-mx\r\nok\r\n", 0, "the server sent no SMTP reply: \"ok\"", NULL },
	{ "SSH-2.0-OpenSSH_9.2\x07\r\n", 0,
	  "the server sent no SMTP reply: \"SSH-2.0-OpenSSH_9.2\\x07\"", NULL },
	{ "\r\n", 0, "the server sent no SMTP reply: \"\"", NULL },
	{ "250-mx\r\n", 0, "connection closed by the server", NULL },
	{ "250 ok", 0, "connection closed by the server", NULL },
};

/* A stream whose peer has said `n` octets and hung up. */
static void stream_of(struct stream *s, const char *said, size_t n)
{
	int ends[2], size = 1 << 20;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	ck_assert_int_eq(send(ends[1], said, n, 0), (ssize_t)n);
	close(ends[1]);
	stream_init(s, ends[0]);
}

START_TEST(read_reply)
{
	struct status st = { .sysexit = EX_OK };
	struct stream s;
	struct reply r;
	struct buf printed;
	bool ok;

	buf_init(&printed, 1000);
	reply_init(&r);
	stream_of(&s, replies[_i].sent, strlen(replies[_i].sent));
	ok = reply_read(&r, &s, deadline_in(1000), &st);
	ck_assert_int_eq(ok, replies[_i].code != 0);
	if (ok) {
		ck_assert_int_eq(r.code, replies[_i].code);
		ck_assert_str_eq(r.text.data, replies[_i].text);
		reply_print(&r, &printed);
		ck_assert_str_eq(printed.data, replies[_i].printed);
	} else {
		ck_assert_str_eq(st.text, replies[_i].text);
		ck_assert_int_eq(st.wait, WAIT_HOST);
	}
	stream_close(&s);
	reply_release(&r);
	buf_release(&printed);
}
END_TEST

START_TEST(pipelined_replies_come_one_by_one)
{
	static const char said[] = "250 one\r\n250-two\r\n250 three\r\n354 four\r\n";
	static const char *const texts[] = { "one", "two\nthree", "four" };
	struct status st;
	struct stream s;
	struct reply r;

	reply_init(&r);
	stream_of(&s, said, strlen(said));
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		ck_assert(reply_read(&r, &s, deadline_in(1000), &st));
		ck_assert_str_eq(r.text.data, texts[i]);
	}
	ck_assert(!reply_read(&r, &s, deadline_in(1000), &st));
	stream_close(&s);
	reply_release(&r);
}
END_TEST

/* Many short lines, or few long ones: both end somewhere. */
static const struct {
	size_t lines, length;
	bool ok;
} sizes[] = {
	{ 100, 60, true },
	{ 7, 8000, true },
	{ 20, 8000, false },
	{ 600, 1, false },
	{ 1, 8185, true },
	{ 1, 8200, false },
};

START_TEST(is_bounded)
{
	struct status st = { .sysexit = EX_OK };
	struct stream s;
	struct reply r;
	struct buf b;

	buf_init(&b, 1 << 20);
	for (size_t i = 0; i <= sizes[_i].lines; i++)
		buf_printf(&b, "250%c%0*d\r\n", i < sizes[_i].lines ? '-' : ' ',
		           (int)sizes[_i].length, 0);
	reply_init(&r);
	stream_of(&s, b.data, b.len);
	ck_assert_int_eq(reply_read(&r, &s, deadline_in(1000), &st), sizes[_i].ok);
	if (!sizes[_i].ok)
		ck_assert_int_eq(st.sysexit, EX_PROTOCOL);
	ck_assert_uint_le(r.text.len, 64 * 1024);
	stream_close(&s);
	reply_release(&r);
	buf_release(&b);
}
END_TEST

static const struct {
	int code, final, sysexit;
	enum status_wait wait;
	const char *text;
} failures[] = {
	{ 550, EX_NOUSER, EX_NOUSER, WAIT_NOTHING, "550 5.1.1 no" },
	{ 552, EX_UNAVAILABLE, EX_UNAVAILABLE, WAIT_NOTHING, "552 5.1.1 no" },
	{ 421, EX_NOUSER, EX_TEMPFAIL, WAIT_MESSAGE, "421 5.1.1 no" },
	{ 452, EX_UNAVAILABLE, EX_TEMPFAIL, WAIT_MESSAGE, "452 5.1.1 no" },
	{ 250, EX_UNAVAILABLE, EX_PROTOCOL, WAIT_HOST, "unexpected reply: 250 5.1.1 no" },
};

START_TEST(fail)
{
	struct reply r;
	struct status st;

	reply_init(&r);
	r.code = failures[_i].code;
	buf_puts(&r.text, "5.1.1 no");
	ck_assert(!reply_fail(&r, failures[_i].final, &st));
	ck_assert_int_eq(st.sysexit, failures[_i].sysexit);
	ck_assert_int_eq(st.wait, failures[_i].wait);
	ck_assert_int_eq(st.reply, failures[_i].code);
	ck_assert_str_eq(st.text, failures[_i].text);
	reply_release(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smtp/reply");
	TCase *tc = tcase_create("reply");

	tcase_add_loop_test(tc, parse_line, 0, COUNT_OF(lines));
	tcase_add_loop_test(tc, read_reply, 0, COUNT_OF(replies));
	tcase_add_test(tc, pipelined_replies_come_one_by_one);
	tcase_add_loop_test(tc, is_bounded, 0, COUNT_OF(sizes));
	tcase_add_loop_test(tc, fail, 0, COUNT_OF(failures));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
