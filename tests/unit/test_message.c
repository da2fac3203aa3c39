#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/str.h"
#include "mail/message.h"
#include "mail/parser.h"
#include "unit.h"

/* What came of it, as one text: the fields, the blank line, the body. */
static void collect(const struct message *m, struct buf *out, size_t step)
{
	struct message_source s;
	char block[70000];
	long n;

	message_start(&s, m);
	while ((n = message_next(&s, block, step < sizeof(block) ? step : sizeof(block))) > 0)
		buf_add(out, block, (size_t)n);
	ck_assert_int_eq(n, 0);
	ck_assert_uint_eq(out->len, message_octets(m));
}

static const struct {
	const char *in, *out;
	size_t in_len;             /* where there are NULs */
	unsigned fields, nuls, crs;
	bool dots_are_text;
} rows[] = {
	/* Header and body */
	{ .in = "A: 1\n\nx\n", .out = "A: 1\r\n\r\nx\r\n", .fields = 1 },
	{ .in = "A: 1\n b\nB: 2\n\nx\n", .out = "A: 1\r\n b\r\nB: 2\r\n\r\nx\r\n", .fields = 2 },
	{ .in = "A: 1\n\tb\n \nB:\n\n", .out = "A: 1\r\n\tb\r\n \r\nB:\r\n\r\n", .fields = 2 },
	{ .in = "A : 1\n\nx\n", .out = "A : 1\r\n\r\nx\r\n", .fields = 1 },
	{ .in = "", .out = "\r\n" },
	{ .in = "\n", .out = "\r\n" },
	{ .in = "\n\nx\n", .out = "\r\n\r\nx\r\n" },
	{ .in = "A: 1\n", .out = "A: 1\r\n\r\n", .fields = 1 },
	{ .in = "A: 1", .out = "A: 1\r\n\r\n", .fields = 1 },
	{ .in = "A: 1\n\n", .out = "A: 1\r\n\r\n", .fields = 1 },
	{ .in = "A: 1\n\n\n", .out = "A: 1\r\n\r\n\r\n", .fields = 1 },
	{ .in = "A: 1\n\nx", .out = "A: 1\r\n\r\nx\r\n", .fields = 1 },
	/* Body only; a broken field */
	{ .in = "hello\nA: 1\n", .out = "\r\nhello\r\nA: 1\r\n" },
	{ .in = " A: 1\n\nx\n", .out = "\r\n A: 1\r\n\r\nx\r\n" },
	{ .in = "\tx", .out = "\r\n\tx\r\n" },
	{ .in = ": x\n", .out = "\r\n: x\r\n" },
	{ .in = "A: 1\nhello\nB: 2\n", .out = "A: 1\r\n\r\nhello\r\nB: 2\r\n", .fields = 1 },
	{ .in = "A: 1\nb b: 2\n\nx", .out = "A: 1\r\n\r\nb b: 2\r\n\r\nx\r\n", .fields = 1 },
	{ .in = "A: 1\n\xc3\xa4: 2\n", .out = "A: 1\r\n\r\n\xc3\xa4: 2\r\n", .fields = 1 },
	/* Line ends */
	{ .in = "A: 1\r\n\r\nx\r\n", .out = "A: 1\r\n\r\nx\r\n", .fields = 1 },
	{ .in = "A: 1\r\n\nx\r\ny\n", .out = "A: 1\r\n\r\nx\r\ny\r\n", .fields = 1 },
	{ .in = "A: 1\n\r\nx\n", .out = "A: 1\r\n\r\nx\r\n", .fields = 1 },
	{ .in = "A: 1\r\r\n\r\r\r\nx\r\r\n", .out = "A: 1\r\n\r\nx\r\n", .fields = 1 },
	{ .in = "A: 1\r\n\r\nx\r", .out = "A: 1\r\n\r\nx\r\n", .fields = 1 },
	{ .in = "A: 1\n\nx\r\r", .out = "A: 1\r\n\r\nx\r\n", .fields = 1 },
	{ .in = "\r", .out = "\r\n" },
	{ .in = "A: 1\rB: 2\r\r\n\nx\ry\r\rz\n", .out = "A: 1 B: 2\r\n\r\nx y  z\r\n", .fields = 1, .crs = 4 },
	{ .in = "A: 1\n\n\rx\n\r", .out = "A: 1\r\n\r\n x\r\n\r\n", .fields = 1, .crs = 1 },
	{ .in = "A: 1\n\n\r.\n", .out = "A: 1\r\n\r\n .\r\n", .fields = 1, .crs = 1 },
	{ .in = "A: 1\n\r \n\nx", .out = "A: 1\r\n  \r\n\r\nx\r\n", .fields = 1, .crs = 1 },
	/* NUL */
	{ .in = "A: \0001\n\nx\0y\n", .in_len = 11, .out = "A: 1\r\n\r\nxy\r\n", .fields = 1, .nuls = 2 },
	{ .in = "A: 1\n\0\n\0\0x\0", .in_len = 11, .out = "A: 1\r\n\r\nx\r\n", .fields = 1, .nuls = 4 },
	{ .in = "A: 1\r\0\n\nx\r\0\r\n", .in_len = 13, .out = "A: 1\r\n\r\nx\r\n", .fields = 1, .nuls = 2 },
	{ .in = "A: 1\n\nx\r\0y", .in_len = 10, .out = "A: 1\r\n\r\nx y\r\n", .fields = 1, .nuls = 1, .crs = 1 },
	{ .in = "\0", .in_len = 1, .out = "\r\n", .nuls = 1 },
	{ .in = "A: 1\n\nx\n\0.\0\ny\n", .in_len = 14, .out = "A: 1\r\n\r\nx\r\n", .fields = 1, .nuls = 2 },
	/* Dots */
	{ .in = "A: 1\n\nx\n.\ny\n", .out = "A: 1\r\n\r\nx\r\n", .fields = 1 },
	{ .in = "A: 1\n\nx\r\n.\r\ny\n", .out = "A: 1\r\n\r\nx\r\n", .fields = 1 },
	{ .in = "A: 1\n\nx\n.", .out = "A: 1\r\n\r\nx\r\n", .fields = 1 },
	{ .in = "A: 1\n\n.\n", .out = "A: 1\r\n\r\n", .fields = 1 },
	{ .in = "A: 1\n.\nB: 2\n", .out = "A: 1\r\n\r\n", .fields = 1 },
	{ .in = ".\nA: 1\n", .out = "\r\n" },
	{ .in = ".", .out = "\r\n" },
	{ .in = "From x\n.\nA: 1\n", .out = "\r\nFrom x\r\n" },
	{ .in = "A: 1\n\n..\n...\n.x\n..y\nz.\n", .out = "A: 1\r\n\r\n.\r\n..\r\n.x\r\n.y\r\nz.\r\n", .fields = 1 },
	{ .in = "A: 1\n\n. \n.\r.\n", .out = "A: 1\r\n\r\n. \r\n. .\r\n", .fields = 1, .crs = 1 },
	{ .in = "..A: 1\n", .out = ".A: 1\r\n\r\n", .fields = 1 },
	{ .in = "A: 1\n\nx\n.\ny\n", .out = "A: 1\r\n\r\nx\r\n.\r\ny\r\n", .fields = 1, .dots_are_text = true },
	{ .in = "A: 1\n\n..\n.x\n", .out = "A: 1\r\n\r\n..\r\n.x\r\n", .fields = 1, .dots_are_text = true },
	{ .in = ".\n", .out = "\r\n.\r\n", .dots_are_text = true },
	{ .in = "A: 1\n.\n", .out = "A: 1\r\n\r\n.\r\n", .fields = 1, .dots_are_text = true },
	/* mbox's `From ` */
	{ .in = "From a@b Mon\nA: 1\n\nx\n", .out = "A: 1\r\n\r\nx\r\n", .fields = 1 },
	{ .in = ">From a\r\nA: 1\r\n\r\nx", .out = "A: 1\r\n\r\nx\r\n", .fields = 1 },
	{ .in = "From a\n>From b\nFrom c\nA: 1\n\nx\n", .out = "A: 1\r\n\r\nx\r\n", .fields = 1 },
	{ .in = "From a\n\nx\n", .out = "\r\nFrom a\r\n\r\nx\r\n" },
	{ .in = "From a\nx\nA: 1\n", .out = "\r\nFrom a\r\nx\r\nA: 1\r\n" },
	{ .in = "From a\n b\nA: 1\n", .out = "\r\nFrom a\r\n b\r\nA: 1\r\n" },
	{ .in = "From a", .out = "\r\nFrom a\r\n" },
	{ .in = "From : a\n\nFrom x\n", .out = "From : a\r\n\r\nFrom x\r\n", .fields = 1 },
	{ .in = "From a\nFrom : a\n\n", .out = "From : a\r\n\r\n", .fields = 1 },
	{ .in = "A: 1\nFrom a\n\nx", .out = "A: 1\r\n\r\nFrom a\r\n\r\nx\r\n", .fields = 1 },
	{ .in = "\nFrom a\nA: 1\n", .out = "\r\nFrom a\r\nA: 1\r\n" },
	{ .in = "From\nA: 1\n", .out = "\r\nFrom\r\nA: 1\r\n" },
	{ .in = "A: 1\n\nFrom a\n>From b\n", .out = "A: 1\r\n\r\nFrom a\r\n>From b\r\n", .fields = 1 },
};

static void check_row(size_t row, size_t step)
{
	const struct message_options o = { .dots_are_text = rows[row].dots_are_text };
	size_t n = rows[row].in_len > 0 ? rows[row].in_len : strlen(rows[row].in);
	struct parser p;
	struct message m;
	struct status st;
	struct buf got;

	message_init(&m);
	buf_init(&got, 10000);
	parser_init(&p, &m, &o);
	for (size_t i = 0; i < n; i += step)
		parser_feed(&p, rows[row].in + i, n - i < step ? n - i : step);
	ck_assert(parser_end(&p, &st));
	collect(&m, &got, step);
	ck_assert_msg(strcmp(got.data, rows[row].out) == 0, "\"%s\" in steps of %zu gives \"%s\"",
		rows[row].in, step, got.data);
	ck_assert_uint_eq(m.header.len, rows[row].fields);
	ck_assert_uint_eq(m.nuls, rows[row].nuls);
	ck_assert_uint_eq(m.lone_crs, rows[row].crs);
	buf_release(&got);
	message_release(&m);
}

START_TEST(parse)
{
	static const size_t steps[] = { 1, 2, 3, 7, 10000 };

	for (size_t i = 0; i < COUNT_OF(steps); i++)
		check_row((size_t)_i, steps[i]);
}
END_TEST

/* Write n octets, made of `unit`, from a child; the result is the end to read. */
static int pipe_of(const char *head, const char *unit, size_t times, const char *tail)
{
	int fd[2];

	ck_assert_int_eq(pipe(fd), 0);
	if (fork() == 0) {
		struct buf b;

		buf_init(&b, 1 << 20);
		close(fd[0]);
		io_write_all(fd[1], head, strlen(head));
		for (size_t i = 0; i < times; i++) {
			buf_puts(&b, unit);
			if (b.len > 60000 || i + 1 == times) {
				io_write_all(fd[1], b.data, b.len);
				buf_reset(&b);
			}
		}
		_exit(io_write_all(fd[1], tail, strlen(tail)) ? 0 : 1);
	}
	close(fd[1]);
	return fd[0];
}

static bool read_pipe(struct message *m, int fd, uint64_t max_octets, struct status *st)
{
	const struct message_options o = { .max_octets = max_octets };
	int child;
	bool ok = message_read(m, fd, &o, st);

	close(fd);
	ck_assert_int_gt(wait(&child), 0);
	ck_assert_msg(child == 0, "the writer was not read to its end");
	return ok;
}

/* The body is `unit` so many times, whatever the size of the reads. */
static void check_body(const struct message *m, const char *unit, uint64_t times, size_t step)
{
	size_t len = strlen(unit), done = 0;
	uint64_t total = 0;
	struct message_source s;
	char block[70000];
	bool same = true; /* an assertion an octet would write a note an octet */
	long n;

	message_start(&s, m);
	s.part = SOURCE_BODY;
	while ((n = message_next(&s, block, step)) > 0)
		for (long i = 0; i < n; i++, total++) {
			same = same && block[i] == unit[done];
			done = done + 1 < len ? done + 1 : 0;
		}
	ck_assert(same);
	ck_assert_int_eq(n, 0);
	ck_assert_uint_eq(total, times * len);
}

START_TEST(a_large_body_is_in_a_file)
{
	struct message m;
	struct status st;

	message_init(&m);
	ck_assert(read_pipe(&m, pipe_of("A: 1\n\n", "0123456789\n", 300000, ""), 0, &st));
	ck_assert_int_ge(m.fd, 0);
	ck_assert_int_eq(fcntl(m.fd, F_GETFD), FD_CLOEXEC);
	ck_assert_uint_le(m.body.cap, 2 * (BODY_IN_MEMORY + 1));
	ck_assert_uint_eq(m.body_octets, 3600000);
	ck_assert_uint_eq(m.longest_line, 10);
	check_body(&m, "0123456789\r\n", 300000, 70000);
	check_body(&m, "0123456789\r\n", 300000, 977);
	message_release(&m);
	ck_assert_int_eq(m.fd, -1);
}
END_TEST

START_TEST(sources_do_not_disturb_each_other)
{
	struct message m;
	struct message_source a, b;
	struct status st;
	char one[50000], two[50000];
	long n;

	message_init(&m);
	ck_assert(read_pipe(&m, pipe_of("A: 1\n\n", "0123456789\n", 200000, ""), 0, &st));
	message_start(&a, &m);
	message_start(&b, &m);
	while ((n = message_next(&a, one, sizeof(one))) > 0) {
		ck_assert_int_eq(message_next(&b, two, sizeof(two)), n);
		ck_assert_mem_eq(one, two, (size_t)n);
	}
	message_release(&m);
}
END_TEST

START_TEST(a_file_cut_short_is_an_error)
{
	struct message m;
	struct message_source s;
	struct status st;
	char block[65536];
	long n;

	message_init(&m);
	ck_assert(read_pipe(&m, pipe_of("A: 1\n\n", "0123456789\n", 200000, ""), 0, &st));
	ck_assert_int_eq(ftruncate(m.fd, 100000), 0);
	message_start(&s, &m);
	while ((n = message_next(&s, block, sizeof(block))) > 0)
		;
	ck_assert_int_eq(n, -1);
	message_release(&m);
}
END_TEST

/* Long lines of every kind: field, continuation, first line, `From ` line. */
static const struct {
	const char *head;
	uint64_t header, body, longest;
} long_lines[] = {
	{ .head = "A: 1\n\n", .header = 6, .body = 3000002, .longest = 3000000 },
	{ .head = "", .body = 3000002, .longest = 3000000 },
	{ .head = " ", .body = 3000003, .longest = 3000001 },
	{ .head = "From ", .body = 3000007, .longest = 3000005 },
	{ .head = "A: 1\n", .header = 6, .body = 3000002, .longest = 3000000 },
	{ .head = "A: ", .header = 3000005 },
	{ .head = "A: 1\n ", .header = 3000009 },
};

START_TEST(lines_have_no_limit)
{
	struct message m;
	struct status st;

	message_init(&m);
	ck_assert(read_pipe(&m, pipe_of(long_lines[_i].head, "0123456789", 300000, ""), 0, &st));
	ck_assert_uint_eq(m.header.octets, long_lines[_i].header);
	ck_assert_uint_eq(m.body_octets, long_lines[_i].body);
	ck_assert_uint_eq(m.longest_line, long_lines[_i].longest);
	message_release(&m);
}
END_TEST

START_TEST(one_huge_piece_may_hold_all)
{
	size_t n = 20 * 1024 * 1024;
	const struct message_options o = { 0 };
	struct parser p;
	struct message m;
	struct status st;
	char *text = malloc(n);

	memset(text, 'x', n);
	message_init(&m);
	parser_init(&p, &m, &o);
	parser_feed(&p, text, n);
	ck_assert(parser_end(&p, &st));
	ck_assert_uint_eq(m.body_octets, n + 2);
	message_release(&m);
	free(text);
}
END_TEST

START_TEST(header_has_a_ceiling)
{
	struct message m;
	struct status st;

	message_init(&m);
	ck_assert(!read_pipe(&m, pipe_of("A: ", "0123456789", 1700000, ""), 0, &st));
	ck_assert_int_eq(st.sysexit, EX_DATAERR);
	message_release(&m);
	ck_assert(!read_pipe(&m, pipe_of("", "A: 123\n", 2200000, ""), 0, &st));
	ck_assert_int_eq(st.sysexit, EX_DATAERR);
	message_release(&m);
	ck_assert(read_pipe(&m, pipe_of("", "A: 123456789\n", 1000, "\nx"), 0, &st));
	ck_assert_uint_eq(m.header.len, 1000);
	ck_assert_uint_eq(m.body_octets, 3);
	message_release(&m);
}
END_TEST

START_TEST(larger_than_allowed)
{
	struct message m;
	struct status st;

	message_init(&m);
	ck_assert(!read_pipe(&m, pipe_of("A: 1\n\n", "0123456789\n", 300000, ""), 100000, &st));
	ck_assert_int_eq(st.sysexit, EX_DATAERR);
	ck_assert_ptr_nonnull(strstr(st.text, "larger than max_message allows (100000 octets)"));
	ck_assert_int_eq(m.fd, -1);
	message_release(&m);
	ck_assert(!read_pipe(&m, pipe_of("A: ", "0123456789", 10000, ""), 100000, &st));
	ck_assert_int_eq(st.sysexit, EX_DATAERR);
	message_release(&m);
	ck_assert(read_pipe(&m, pipe_of("A: 1\n\n", "01234567\n", 10, ""), 108, &st));
	message_release(&m);
	ck_assert(!read_pipe(&m, pipe_of("A: 1\n\n", "01234567\n", 10, ""), 107, &st));
	message_release(&m);
}
END_TEST

START_TEST(the_rest_is_read_after_a_lone_dot)
{
	struct message m;
	struct status st;

	message_init(&m);
	ck_assert(read_pipe(&m, pipe_of("A: 1\n\nx\n.\n", "0123456789\n", 300000, ""), 0, &st));
	ck_assert_uint_eq(m.body_octets, 3);
	message_release(&m);
}
END_TEST

START_TEST(crs_without_end_are_blanks)
{
	struct message m;
	struct status st;

	message_init(&m);
	ck_assert(read_pipe(&m, pipe_of("A: 1\n\n", "\r", 100000, "x"), 0, &st));
	ck_assert_uint_eq(m.lone_crs, 100000);
	ck_assert_uint_eq(m.body_octets, 100003);
	message_release(&m);
	ck_assert(read_pipe(&m, pipe_of("A: 1\n\n", "\r", 100000, "\nx"), 0, &st));
	ck_assert_uint_eq(m.lone_crs, 0);
	ck_assert_uint_eq(m.body_octets, 5);
	message_release(&m);
}
END_TEST

static const struct {
	const char *in;
	bool header, body;
} eight_bit[] = {
	{ .in = "A: 1\n\nx\n" },
	{ .in = "A: \xc3\xa4\n\nx\n", .header = true },
	{ .in = "A: 1\n \xff\n\nx\n", .header = true },
	{ .in = "A: 1\n\nx\n01234567890123456789\x80", .body = true },
	{ .in = "\xe4", .body = true },
	{ .in = "x\n0123456\xe4" "01234567890123456789", .body = true },
};

START_TEST(eight_bit_is_seen)
{
	struct message m;
	struct status st;

	message_init(&m);
	ck_assert(read_pipe(&m, pipe_of(eight_bit[_i].in, "", 0, ""), 0, &st));
	ck_assert_int_eq(m.header_8bit, eight_bit[_i].header);
	ck_assert_int_eq(m.body_8bit, eight_bit[_i].body);
	message_release(&m);
}
END_TEST

START_TEST(what_cannot_be_read)
{
	const struct message_options o = { 0 };
	struct message m;
	struct status st;
	int fds[] = { -1, open("/", O_RDONLY), open("/dev/null", O_WRONLY) };

	message_init(&m);
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		ck_assert(!message_read(&m, fds[i], &o, &st));
		ck_assert_int_eq(st.sysexit, EX_IOERR);
		message_release(&m);
	}
}
END_TEST

START_TEST(a_descriptor_that_does_not_block_is_waited_for)
{
	const struct message_options o = { 0 };
	struct message m;
	struct status st;
	int fd[2], child;

	message_init(&m);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	if (fork() == 0) {
		usleep(20000);
		io_write_all(fd[1], "A: 1\n", 5);
		usleep(20000);
		_exit(io_write_all(fd[1], "\nx\n", 3) ? 0 : 1);
	}
	close(fd[1]);
	ck_assert(message_read(&m, fd[0], &o, &st));
	ck_assert_uint_eq(m.body_octets, 3);
	ck_assert_int_gt(wait(&child), 0);
	message_release(&m);
}
END_TEST

START_TEST(a_full_disk_is_temporary)
{
	const struct message_options o = { 0 };
	struct parser p;
	struct message m;
	struct status st;
	char *text = malloc(BODY_IN_MEMORY + 2);

	memset(text, '\n', BODY_IN_MEMORY + 2);
	message_init(&m);
	m.fd = open("/dev/full", O_RDWR | O_CLOEXEC);
	parser_init(&p, &m, &o);
	parser_feed(&p, text, BODY_IN_MEMORY + 2);
	ck_assert(!parser_end(&p, &st));
	ck_assert_int_eq(st.sysexit, EX_TEMPFAIL);
	ck_assert_str_eq(st.text, "storing the message: No space left on device");
	message_release(&m);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mail/message");
	TCase *tc = tcase_create("message");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, parse, 0, COUNT_OF(rows));
	tcase_add_loop_test(tc, lines_have_no_limit, 0, COUNT_OF(long_lines));
	tcase_add_loop_test(tc, eight_bit_is_seen, 0, COUNT_OF(eight_bit));
	tcase_add_test(tc, a_large_body_is_in_a_file);
	tcase_add_test(tc, sources_do_not_disturb_each_other);
	tcase_add_test(tc, a_file_cut_short_is_an_error);
	tcase_add_test(tc, one_huge_piece_may_hold_all);
	tcase_add_test(tc, header_has_a_ceiling);
	tcase_add_test(tc, larger_than_allowed);
	tcase_add_test(tc, the_rest_is_read_after_a_lone_dot);
	tcase_add_test(tc, crs_without_end_are_blanks);
	tcase_add_test(tc, what_cannot_be_read);
	tcase_add_test(tc, a_descriptor_that_does_not_block_is_waited_for);
	tcase_add_test(tc, a_full_disk_is_temporary);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
