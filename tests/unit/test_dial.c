#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "net/dial.h"
#include "unit.h"

/*
 * A name service of our own: "HOST+HOST.example" has these addresses, in this order.
 */

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
	char names[200], *next = names, *one;
	struct addrinfo numeric = *hints;
	lookup *real;

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if ((hints->ai_flags & AI_NUMERICHOST) != 0)
		return real(node, service, hints, out);
	snprintf(names, sizeof(names), "%s", node);
	if (strstr(names, ".example") == NULL)
		return EAI_NONAME;
	*strstr(names, ".example") = '\0';
	numeric.ai_flags |= AI_NUMERICHOST;
	*out = NULL;
	for (struct addrinfo **end = out; (one = strsep(&next, "+")) != NULL; end = &(*end)->ai_next)
		if (real(one, service, &numeric, end) != 0)
			return EAI_NONAME;
	return 0;
}

/* A listener on a port that the kernel picks, or on that one if it is not 0. */
static int listen_on(const char *ip, unsigned short *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(*port) };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(inet_pton(AF_INET, ip, &sin.sin_addr), 1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sin, len), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	*port = ntohs(sin.sin_port);
	return fd;
}

/* One that does not answer: its queue is full, so it drops what comes. */
static int listen_deaf(const char *ip, unsigned short *port)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	int fd = listen_on(ip, port);

	ck_assert_int_eq(listen(fd, 0), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	for (int i = 0; i < 4; i++) { /* left open until the test's process ends */
		int filler = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		connect(filler, (struct sockaddr *)&sin, len);
	}
	return fd;
}

static void expect_peer(const struct stream *s, const char *ip)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	char text[INET_ADDRSTRLEN];

	ck_assert_int_eq(getpeername(s->fd, (struct sockaddr *)&sin, &len), 0);
	ck_assert_str_eq(inet_ntop(AF_INET, &sin.sin_addr, text, sizeof(text)), ip);
}

static void expect_failure(const struct dial *d, const char *words, int sysexit)
{
	struct stream s;
	struct status st = { .text = "" };

	ck_assert(!dial(d, &s, &st));
	ck_assert_msg(strstr(st.text, words) != NULL, "%s", st.text);
	ck_assert_int_eq(st.sysexit, sysexit);
	ck_assert_int_eq(st.wait, sysexit == EX_CONFIG ? WAIT_NOTHING : WAIT_HOST);
}

/* Listening at 127.0.0.2 alone. */
static const struct {
	const char *host, *source_ip;
	const char *error;         /* NULL: it connects */
	int sysexit;
} hosts[] = {
	{ "127.0.0.2", NULL, NULL, 0 },
	{ "127.0.0.2.example", NULL, NULL, 0 },
	{ "127.0.0.3+127.0.0.2.example", NULL, NULL, 0 },
	{ "::1+127.0.0.3+::1+127.0.0.2.example", NULL, NULL, 0 },
	{ "127.0.0.2", "127.0.0.9", NULL, 0 },
	{ "::1+127.0.0.2.example", "127.0.0.9", NULL, 0 },
	{ "127.0.0.3", NULL, ": 127.0.0.3: Connection refused", EX_TEMPFAIL },
	{ "127.0.0.3+127.0.0.4.example", NULL,
	  ": 127.0.0.3: Connection refused; 127.0.0.4: Connection refused", EX_TEMPFAIL },
	{ "::1+127.0.0.3.example", "::1", ": [::1]: ", EX_TEMPFAIL },
	{ "127.0.0.3+127.0.0.4+::1.example", NULL, "127.0.0.3: Connection refused; [::1]: ", EX_TEMPFAIL },
	{ "127.0.0.2", "::1", "no address of the family of source_ip ::1", EX_TEMPFAIL },
	{ "127.0.0.2", "192.0.2.77", "127.0.0.2: Cannot assign requested address", EX_TEMPFAIL },
	{ "127.0.0.2", "mail.example", "source_ip mail.example: no IP address", EX_CONFIG },
	{ "nobody", NULL, "nobody: name not known", EX_TEMPFAIL },
};

START_TEST(host)
{
	struct dial d = { .host = hosts[_i].host, .source_ip = hosts[_i].source_ip,
		          .until = deadline_in(3000) };
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	struct stream s;
	struct status st = { .text = "" };
	char text[INET_ADDRSTRLEN];
	int fd = listen_on("127.0.0.2", &d.port), peer;

	if (hosts[_i].error != NULL) {
		expect_failure(&d, hosts[_i].error, hosts[_i].sysexit);
		return;
	}
	ck_assert_msg(dial(&d, &s, &st), "%s", st.text);
	expect_peer(&s, "127.0.0.2");
	peer = accept(fd, (struct sockaddr *)&from, &len);
	ck_assert_int_ge(peer, 0);
	if (hosts[_i].source_ip != NULL)
		ck_assert_str_eq(inet_ntop(AF_INET, &from.sin_addr, text, sizeof(text)),
		                 hosts[_i].source_ip);
	stream_close(&s);
	close(peer);
	close(fd);
}
END_TEST

START_TEST(an_error_names_host_and_port)
{
	struct dial d = { .host = "127.0.0.3.example", .until = deadline_in(3000) };
	char *expected;

	listen_on("127.0.0.2", &d.port);
	expected = alloc_printf("127.0.0.3.example:%u: 127.0.0.3: Connection refused", d.port);
	expect_failure(&d, expected, EX_TEMPFAIL);
	free(expected);
}
END_TEST

START_TEST(an_address_that_is_silent_holds_up_nobody)
{
	struct dial d = { .host = "127.0.0.3+127.0.0.2.example", .until = deadline_in(3000) };
	deadline soon;
	struct stream s;
	struct status st = { .text = "" };

	listen_on("127.0.0.2", &d.port);
	listen_deaf("127.0.0.3", &d.port);
	soon = deadline_in(900);
	ck_assert_msg(dial(&d, &s, &st), "%s", st.text);
	expect_peer(&s, "127.0.0.2");
	ck_assert_int_gt(deadline_poll(soon), 0);
	stream_close(&s);
}
END_TEST

START_TEST(silence_times_out)
{
	struct dial d = { .host = "127.0.0.3+127.0.0.4.example" };

	listen_deaf("127.0.0.3", &d.port);
	d.until = deadline_in(60);
	expect_failure(&d, "127.0.0.3: Connection timed out", EX_TEMPFAIL);
	ck_assert_int_eq(deadline_poll(d.until), 0);
	ck_assert_int_gt(deadline_poll(d.until + 1000), 0);
}
END_TEST

/*
 * A Unix socket.
 */

START_TEST(unix_socket)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct dial d = { .socket = sa.sun_path, .until = deadline_in(3000) };
	char too_long[200];
	struct stream s[3];
	struct status st = { .text = "" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "/tmp/test_dial.%d", (int)getpid());
	expect_failure(&d, "No such file or directory", EX_TEMPFAIL);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	expect_failure(&d, "Connection refused", EX_TEMPFAIL);
	ck_assert_int_eq(listen(fd, 0), 0);
	ck_assert_msg(dial(&d, &s[0], &st), "%s", st.text);
	d.until = deadline_in(50); /* the queue is full: nobody accepts */
	expect_failure(&d, "Connection timed out", EX_TEMPFAIL);
	unlink(sa.sun_path);
	stream_close(&s[0]);
	close(fd);

	memset(too_long, 'x', sizeof(too_long));
	too_long[sizeof(too_long) - 1] = '\0';
	d.socket = too_long;
	expect_failure(&d, "the path is too long", EX_CONFIG);
}
END_TEST

/*
 * A SOCKS5 proxy.
 */

#define OCTETS(s) s, sizeof(s) - 1

static const struct {
	const char *host;
	const char *asks;          /* what the proxy must be asked after the greeting ... */
	size_t asks_len;
	const char *greets;        /* ... and what it says before and after */
	size_t greets_len;
	const char *says;
	size_t says_len;
	const char *error;
} proxies[] = {
	{ "mail.invalid", OCTETS("\5\1\0\3\14mail.invalid\0\31"), OCTETS("\5\0"),
	  OCTETS("\5\0\0\1\177\0\0\1\0\31" "220 hi\r\n"), NULL },
	{ "b\xc3\xbc" "cher.invalid", OCTETS("\5\1\0\3\25xn--bcher-kva.invalid\0\31"), OCTETS("\5\0"),
	  OCTETS("\5\0\0\3\4name\0\31" "220 hi\r\n"), NULL },
	{ "192.0.2.1", OCTETS("\5\1\0\1\300\0\2\1\0\31"), OCTETS("\5\0"),
	  OCTETS("\5\0\0\4" "0123456789abcdef\0\31" "220 hi\r\n"), NULL },
	{ "[::1]", OCTETS("\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\31"), OCTETS("\5\0"),
	  OCTETS("\5\0\0\3\0\0\31" "220 hi\r\n"), NULL },
	{ "mail.invalid", OCTETS(""), OCTETS("\5\377"), OCTETS(""), "it wants a login" },
	{ "mail.invalid", OCTETS(""), OCTETS("HTTP/1.1"), OCTETS(""), "it does not speak SOCKS5" },
	{ "mail.invalid", OCTETS(""), OCTETS(""), OCTETS(""), "connection closed by the server" },
	{ "mail.invalid", OCTETS("\5\1\0\3\14mail.invalid\0\31"), OCTETS("\5\0"),
	  OCTETS("\5\5\0\1\0\0\0\0\0\0"), "connection refused" },
	{ "mail.invalid", OCTETS("\5\1\0\3\14mail.invalid\0\31"), OCTETS("\5\0"),
	  OCTETS("\5\144\0\1\0\0\0\0\0\0"), "unknown failure" },
	{ "mail.invalid", OCTETS("\5\1\0\3\14mail.invalid\0\31"), OCTETS("\5\0"),
	  OCTETS("\5\0\0\1\0\0"), "connection closed by the server" },
};

struct proxy {
	int listener, i;
	char asked[64];
	ssize_t asked_len;
};

static void *serve(void *arg)
{
	struct proxy *p = arg;
	char hello[3];
	int fd = accept(p->listener, NULL, NULL);

	recv(fd, hello, sizeof(hello), MSG_WAITALL);
	send(fd, proxies[p->i].greets, proxies[p->i].greets_len, MSG_NOSIGNAL);
	if (proxies[p->i].asks_len > 0) {
		p->asked_len = recv(fd, p->asked, proxies[p->i].asks_len, MSG_WAITALL);
		send(fd, proxies[p->i].says, proxies[p->i].says_len, MSG_NOSIGNAL);
	}
	shutdown(fd, SHUT_WR);
	while (recv(fd, hello, sizeof(hello), 0) > 0)
		;
	close(fd);
	return NULL;
}

START_TEST(proxy)
{
	struct dial d = { .host = proxies[_i].host, .port = 25, .proxy_host = "127.0.0.2.example",
		          .until = deadline_in(3000) };
	struct proxy p = { .i = _i };
	struct stream s;
	struct status st = { .text = "" };
	struct buf line;
	pthread_t thread;

	p.listener = listen_on("127.0.0.2", &d.proxy_port);
	ck_assert_int_eq(pthread_create(&thread, NULL, serve, &p), 0);
	if (proxies[_i].error == NULL) {
		buf_init(&line, STREAM_LINE_MAX);
		ck_assert_msg(dial(&d, &s, &st), "%s", st.text);
		ck_assert(stream_read_line(&s, &line, d.until, &st)); /* nothing was swallowed */
		ck_assert_str_eq(line.data, "220 hi");
		stream_close(&s);
		buf_release(&line);
	} else {
		expect_failure(&d, proxies[_i].error, EX_TEMPFAIL);
	}
	pthread_join(thread, NULL);
	ck_assert_int_eq(p.asked_len, (ssize_t)proxies[_i].asks_len);
	ck_assert_mem_eq(p.asked, proxies[_i].asks, proxies[_i].asks_len);
	close(p.listener);
}
END_TEST

START_TEST(a_silent_proxy_times_out)
{
	struct dial d = { .host = "mail.invalid", .port = 25, .proxy_host = "127.0.0.2" };
	int fd = listen_on("127.0.0.2", &d.proxy_port);

	d.until = deadline_in(50);
	expect_failure(&d, "mail.invalid:25 by proxy 127.0.0.2:", EX_TEMPFAIL);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("net/dial");
	TCase *tc = tcase_create("dial");

	tcase_add_loop_test(tc, host, 0, COUNT_OF(hosts));
	tcase_add_test(tc, an_error_names_host_and_port);
	tcase_add_test(tc, an_address_that_is_silent_holds_up_nobody);
	tcase_add_test(tc, silence_times_out);
	tcase_add_test(tc, unix_socket);
	tcase_add_loop_test(tc, proxy, 0, COUNT_OF(proxies));
	tcase_add_test(tc, a_silent_proxy_times_out);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
