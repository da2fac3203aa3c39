#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "net/stream.h"
#include "unit.h"

/* Two ends of a Unix socket, the first as a stream. */
static int pair(struct stream *s)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	stream_init(s, ends[0]);
	return ends[1];
}

static void say(int fd, const char *text, size_t n)
{
	ck_assert_int_eq(send(fd, text, n, MSG_NOSIGNAL), (ssize_t)n);
}

/*
 * Lines.
 */

#define TEXT(s) .said = s, .len = sizeof(s) - 1

static const struct {
	const char *said;
	size_t len;
	const char *lines[4];
	const char *then;          /* how it ends */
	int sysexit;
} rows[] = {
	{ TEXT("one\r\ntwo\r\n"), { "one", "two" }, "connection closed by the server", EX_TEMPFAIL },
	{ TEXT("one\ntwo\r\n\n\r\n"), { "one", "two", "", "" }, "connection closed by the server",
	  EX_TEMPFAIL },
	{ TEXT("a\rb\r\r\n"), { "a\rb\r" }, "connection closed by the server", EX_TEMPFAIL },
	{ TEXT("cut"), { NULL }, "connection closed by the server", EX_TEMPFAIL },
	{ TEXT(""), { NULL }, "connection closed by the server", EX_TEMPFAIL },
	{ TEXT("one\r\nt\0wo\r\n"), { "one" }, "the server sent a NUL", EX_PROTOCOL },
	{ TEXT("\0\n"), { NULL }, "the server sent a NUL", EX_PROTOCOL },
};

/* A carrier that has one octet at a time, and makes the caller wait for each second one. */
struct slow {
	const char *said;
	size_t len, at;
	bool wait;
};

static ssize_t slow_read(void *carrier, void *p, size_t n, short *events)
{
	struct slow *c = carrier;

	c->wait = !c->wait;
	if (c->wait) {
		*events = POLLOUT; /* is ready at once */
		errno = EAGAIN;
		return -1;
	}
	if (n == 0 || c->at == c->len)
		return 0;
	*(char *)p = c->said[c->at++];
	return 1;
}

static const struct stream_ops slow_ops = { .read = slow_read };

static void expect_lines(struct stream *s, int i)
{
	struct status st;
	struct buf line;

	buf_init(&line, STREAM_LINE_MAX);
	for (size_t n = 0; n < 4 && rows[i].lines[n] != NULL; n++) {
		ck_assert(stream_read_line(s, &line, deadline_in(1000), &st));
		ck_assert_str_eq(line.data, rows[i].lines[n]);
	}
	ck_assert(!stream_read_line(s, &line, deadline_in(1000), &st));
	ck_assert_str_eq(st.text, rows[i].then);
	ck_assert_int_eq(st.sysexit, rows[i].sysexit);
	ck_assert_int_eq(st.wait, WAIT_HOST);
	buf_release(&line);
}

START_TEST(lines_in_one_piece)
{
	struct stream s;
	int fd = pair(&s);

	say(fd, rows[_i].said, rows[_i].len);
	close(fd);
	expect_lines(&s, _i);
	stream_close(&s);
}
END_TEST

START_TEST(lines_octet_by_octet)
{
	struct slow c = { .said = rows[_i].said, .len = rows[_i].len };
	struct stream s;
	int fd = pair(&s);

	stream_carry(&s, &slow_ops, &c);
	expect_lines(&s, _i);
	stream_close(&s);
	close(fd);
}
END_TEST

static const struct {
	size_t len;
	const char *end;
	bool ok;
} lengths[] = {
	{ STREAM_LINE_MAX, "\r\n", true },
	{ STREAM_LINE_MAX, "\n", true },
	{ STREAM_LINE_MAX + 1, "\r\n", false },
	{ STREAM_LINE_MAX + 1, "\n", false },
	{ 60000, "", false },
};

START_TEST(lines_are_bounded)
{
	char *text = alloc(lengths[_i].len + 3);
	struct stream s;
	struct status st;
	struct buf line;
	int fd = pair(&s);

	buf_init(&line, STREAM_LINE_MAX);
	memset(text, 'x', lengths[_i].len);
	strcpy(text + lengths[_i].len, lengths[_i].end);
	say(fd, text, strlen(text));
	ck_assert_int_eq(stream_read_line(&s, &line, deadline_in(1000), &st), lengths[_i].ok);
	if (lengths[_i].ok)
		ck_assert_uint_eq(line.len, lengths[_i].len);
	else
		ck_assert_int_eq(st.sysexit, EX_PROTOCOL);
	ck_assert_uint_le(s.in.cap, 1 << 17);
	stream_close(&s);
	close(fd);
	buf_release(&line);
	free(text);
}
END_TEST

/*
 * Deadlines.
 */

static void *drip(void *arg)
{
	int fd = *(int *)arg;

	while (send(fd, "x", 1, MSG_NOSIGNAL) == 1)
		usleep(2000);
	close(fd);
	return NULL;
}

/* Octets that keep coming do not make it longer. */
START_TEST(a_dripping_peer_times_out)
{
	deadline until = deadline_in(60);
	pthread_t thread;
	struct stream s;
	struct status st;
	struct buf line;
	int fd = pair(&s);

	buf_init(&line, STREAM_LINE_MAX);
	ck_assert_int_eq(pthread_create(&thread, NULL, drip, &fd), 0);
	ck_assert(!stream_read_line(&s, &line, until, &st));
	ck_assert_str_eq(st.text, "timed out");
	ck_assert_int_eq(st.sysexit, EX_TEMPFAIL);
	ck_assert_int_eq(st.wait, WAIT_HOST);
	ck_assert_int_eq(deadline_poll(until), 0);
	ck_assert_int_gt(deadline_poll(until + 1000), 0);
	stream_close(&s);
	pthread_join(thread, NULL);
	buf_release(&line);
}
END_TEST

START_TEST(a_peer_that_does_not_read_times_out)
{
	char block[4096] = { 0 };
	struct stream s;
	struct status st = { .text = "" };
	int fd = pair(&s);
	size_t n = 0;

	say(fd, "250 ok\r\n", 8); /* readable all the time: must not spin past the deadline */
	while (n < 10000 && stream_write(&s, block, sizeof(block), deadline_in(50), &st))
		n++;
	ck_assert_str_eq(st.text, "timed out");
	ck_assert_uint_le(s.out.cap, 1 << 16);
	stream_close(&s);
	close(fd);
}
END_TEST

/*
 * Both ways at once.
 */

enum { PIPELINED = 60000 };

static void make_small(int fd)
{
	int size = 2048;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

/* Says all it has to say before it reads. */
static void talk(struct stream *s, char mine, char theirs)
{
	char *block = alloc(PIPELINED);
	struct status st = { .text = "" };
	bool ok;

	memset(block, mine, PIPELINED);
	ok = stream_write(s, block, PIPELINED, deadline_in(2000), &st)
	     && stream_flush(s, deadline_in(2000), &st)
	     && stream_read(s, block, PIPELINED, deadline_in(2000), &st);
	ck_assert_msg(ok, "%s", st.text);
	for (size_t i = 0; i < PIPELINED; i++)
		ck_assert_int_eq(block[i], theirs);
	free(block);
}

static void *other_end(void *arg)
{
	talk(arg, 'b', 'a');
	return NULL;
}

START_TEST(two_pipelining_ends_do_not_block_each_other)
{
	struct stream a, b;
	pthread_t thread;

	stream_init(&b, pair(&a));
	make_small(a.fd);
	make_small(b.fd);
	ck_assert_int_eq(pthread_create(&thread, NULL, other_end, &b), 0);
	talk(&a, 'a', 'b');
	pthread_join(thread, NULL);
	stream_close(&a);
	stream_close(&b);
}
END_TEST

/* A TCP connection over loopback; the other end's descriptor. */
static int tcp_pair(struct stream *s)
{
	int ends[2];

	unit_tcp_pair(ends);
	stream_init(s, ends[1]);
	return ends[0];
}

/* Reads little, refuses, and closes with the rest unread: that is a reset. */
static void *refuse(void *arg)
{
	int fd = *(int *)arg;
	char block[1000];

	ck_assert_int_gt(recv(fd, block, sizeof(block), 0), 0);
	say(fd, "552 5.3.4 too big\r\n", 19);
	close(fd);
	return NULL;
}

START_TEST(the_refusal_before_a_reset_is_read)
{
	static const char block[100000];
	struct stream s;
	struct status st = { .text = "" };
	struct buf line;
	pthread_t thread;
	int fd = tcp_pair(&s);

	buf_init(&line, STREAM_LINE_MAX);
	ck_assert_int_eq(pthread_create(&thread, NULL, refuse, &fd), 0);
	while (stream_write(&s, block, sizeof(block), deadline_in(2000), &st))
		;
	ck_assert_msg(str_starts(st.text, "connection "), "%s", st.text);
	ck_assert(stream_read_line(&s, &line, deadline_in(1000), &st));
	ck_assert_str_eq(line.data, "552 5.3.4 too big");
	ck_assert(!stream_read_line(&s, &line, deadline_in(1000), &st));
	ck_assert_msg(str_starts(st.text, "connection "), "%s", st.text);
	pthread_join(thread, NULL);
	stream_close(&s);
	buf_release(&line);
}
END_TEST

START_TEST(writing_to_nobody_raises_no_signal)
{
	struct stream s;
	struct status st;

	close(pair(&s));
	ck_assert(stream_write(&s, "QUIT\r\n", 6, deadline_in(1000), &st));
	ck_assert(!stream_flush(&s, deadline_in(1000), &st));
	ck_assert_str_eq(st.text, "connection closed by the server");
	stream_close(&s);
}
END_TEST

/* It says no more, but still listens. */
START_TEST(a_half_closed_peer_still_hears)
{
	char block[100];
	struct stream s;
	struct status st;
	struct buf line;
	int fd = pair(&s);

	buf_init(&line, STREAM_LINE_MAX);
	say(fd, "221 bye\r\n", 9);
	shutdown(fd, SHUT_WR);
	ck_assert(stream_can_read(&s));
	ck_assert(stream_write(&s, "QUIT\r\n", 6, deadline_in(1000), &st));
	ck_assert(stream_flush(&s, deadline_in(1000), &st));
	ck_assert_int_eq(recv(fd, block, sizeof(block), 0), 6);
	ck_assert(stream_read_line(&s, &line, deadline_in(1000), &st));
	ck_assert_str_eq(line.data, "221 bye");
	ck_assert(stream_can_read(&s));
	ck_assert(!stream_read_line(&s, &line, deadline_in(1000), &st));
	stream_close(&s);
	close(fd);
	buf_release(&line);
}
END_TEST

/*
 * Buffers.
 */

START_TEST(input_is_seen_without_waiting)
{
	struct stream s;
	struct status st;
	struct buf line;
	int fd = pair(&s);

	buf_init(&line, STREAM_LINE_MAX);
	ck_assert(!stream_has_input(&s));
	ck_assert(!stream_can_read(&s));
	say(fd, "220 go ahead\r\n250 injected\r\n", 28);
	ck_assert(stream_can_read(&s));
	ck_assert(stream_read_line(&s, &line, deadline_in(1000), &st));
	ck_assert(stream_has_input(&s)); /* what RFC 3207 must not let in */
	ck_assert(stream_read_line(&s, &line, deadline_in(1000), &st));
	ck_assert(!stream_has_input(&s));
	ck_assert(!stream_can_read(&s));
	close(fd);
	ck_assert(stream_can_read(&s)); /* hung up */
	stream_close(&s);
	buf_release(&line);
}
END_TEST

START_TEST(small_writes_leave_together)
{
	char block[100];
	struct stream s;
	struct status st;
	int fd = pair(&s);

	ck_assert(stream_write(&s, "MAIL\r\n", 6, deadline_in(1000), &st));
	ck_assert(stream_write(&s, "RCPT\r\n", 6, deadline_in(1000), &st));
	ck_assert_int_eq(recv(fd, block, sizeof(block), MSG_DONTWAIT), -1);
	ck_assert(stream_flush(&s, deadline_in(1000), &st));
	ck_assert_int_eq(recv(fd, block, sizeof(block), MSG_DONTWAIT), 12);
	ck_assert(stream_flush(&s, deadline_in(1000), &st));
	ck_assert_int_eq(recv(fd, block, sizeof(block), MSG_DONTWAIT), -1);
	stream_close(&s);
	stream_close(&s);
	close(fd);
}
END_TEST

START_TEST(tcp_does_not_delay)
{
	struct stream s;
	int fd = tcp_pair(&s), on = 0;
	socklen_t len = sizeof(on);

	ck_assert_int_eq(getsockopt(s.fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
	ck_assert_int_ne(on, 0);
	stream_close(&s);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("net/stream");
	TCase *tc = tcase_create("stream");

	tcase_add_loop_test(tc, lines_in_one_piece, 0, COUNT_OF(rows));
	tcase_add_loop_test(tc, lines_octet_by_octet, 0, COUNT_OF(rows));
	tcase_add_loop_test(tc, lines_are_bounded, 0, COUNT_OF(lengths));
	tcase_add_test(tc, a_dripping_peer_times_out);
	tcase_add_test(tc, a_peer_that_does_not_read_times_out);
	tcase_add_test(tc, two_pipelining_ends_do_not_block_each_other);
	tcase_add_test(tc, the_refusal_before_a_reset_is_read);
	tcase_add_test(tc, writing_to_nobody_raises_no_signal);
	tcase_add_test(tc, a_half_closed_peer_still_hears);
	tcase_add_test(tc, input_is_seen_without_waiting);
	tcase_add_test(tc, small_writes_leave_together);
	tcase_add_test(tc, tcp_does_not_delay);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
