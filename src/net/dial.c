#include "net/dial.h"

#include "base/buf.h"
#include "base/str.h"
#include "net/local.h"
#include "net/resolve.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NEXT_ATTEMPT_MS = 250 }; /* RFC 8305, 8: Connection Attempt Delay */

/* Attempts at several addresses, the first that succeeds to win. */
struct race {
	struct resolved to;
	const struct endpoint *from;           /* or NULL */
	struct pollfd running[RESOLVE_MAX];    /* an fd of -1: never started, or lost; as in `to` */
	size_t started, alive;
	deadline next;                         /* when to start another */
	const struct trace *trace;
	struct buf errors;                     /* "192.0.2.1: Connection refused; ..." */
};

/* RFC 8305, 4: the families take turns, the first address's family first. */
static void interleave(struct resolved *r)
{
	struct resolved sorted = { .n = r->n };
	bool used[RESOLVE_MAX] = { false };
	int last = AF_UNSPEC;

	for (size_t i = 0; i < r->n; i++) {
		size_t first = r->n, other = r->n, pick;

		for (size_t j = r->n; j-- > 0;) {
			if (used[j])
				continue;
			first = j;
			if (r->at[j].sa.ss_family != last)
				other = j;
		}
		pick = other < r->n ? other : first;
		used[pick] = true;
		last = r->at[pick].sa.ss_family;
		sorted.at[i] = r->at[pick];
	}
	*r = sorted;
}

static void keep_family(struct resolved *r, int family)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->at[i].sa.ss_family == family)
			r->at[n++] = r->at[i];
	r->n = n;
}

/* For -v -v: what becomes of an address. */
static void tell(const struct race *r, size_t i, const char *what)
{
	struct buf address;

	buf_init(&address, 100);
	resolve_print(&r->to.at[i], &address);
	trace_detail(r->trace, "%s: %s", address.data, what);
	buf_release(&address);
}

static void note_error(struct race *r, size_t i, int error)
{
	tell(r, i, strerror(error));
	if (r->errors.len > 0)
		buf_puts(&r->errors, "; ");
	resolve_print(&r->to.at[i], &r->errors);
	buf_printf(&r->errors, ": %s", strerror(error));
}

static void lose(struct race *r, size_t i, int error)
{
	note_error(r, i, error);
	close(r->running[i].fd);
	r->running[i].fd = -1;
	r->alive--;
	r->next = 0; /* at once */
}

static bool set_off(int fd, const struct endpoint *from, const struct endpoint *to)
{
	if (from != NULL && bind(fd, (const struct sockaddr *)&from->sa, from->len) < 0)
		return false;
	return connect(fd, (const struct sockaddr *)&to->sa, to->len) == 0 || errno == EINPROGRESS;
}

static void start_next(struct race *r)
{
	size_t i = r->started++;
	const struct endpoint *to = &r->to.at[i];
	int fd = socket(to->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	tell(r, i, "trying it");
	if (fd < 0) {
		note_error(r, i, errno);
		return;
	}
	r->running[i] = (struct pollfd){ .fd = fd, .events = POLLOUT };
	r->alive++;
	r->next = deadline_in(NEXT_ATTEMPT_MS);
	if (!set_off(fd, r->from, to))
		lose(r, i, errno);
}

/* The descriptor that has won, or -1; losers are noted. */
static int find_winner(struct race *r)
{
	for (size_t i = 0; i < r->started; i++) {
		struct pollfd *p = &r->running[i];
		int error = 0, fd = p->fd;
		socklen_t len = sizeof(error);

		if (fd < 0 || p->revents == 0)
			continue;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
			error = errno;
		if (error == 0) {
			tell(r, i, "connected");
			p->fd = -1;
			return fd;
		}
		lose(r, i, error);
	}
	return -1;
}

static bool race_over(struct race *r, struct status *st)
{
	if (r->errors.len == 0)
		buf_puts(&r->errors, "no address");
	status_defer(st, WAIT_HOST, EX_TEMPFAIL, "%s", r->errors.data);
	return status_advise(st, "correct `host` and `port` (587; 465 for TLS at once), or have the firewall on the "
	                     "way let it through");
}

static bool too_late(struct race *r, struct status *st)
{
	for (size_t i = 0; i < r->started; i++)
		if (r->running[i].fd >= 0)
			note_error(r, i, ETIMEDOUT);
	if (r->errors.len == 0)
		buf_puts(&r->errors, strerror(ETIMEDOUT));
	return race_over(r, st);
}

/* One winner's descriptor in *fd. */
static bool run(struct race *r, deadline until, int *fd, struct status *st)
{
	for (;;) {
		bool more = r->started < r->to.n;
		deadline wake = until;

		if (more && (r->alive == 0 || deadline_poll(r->next) == 0)) {
			start_next(r);
			continue;
		}
		if (r->alive == 0)
			return race_over(r, st);
		if (more)
			wake = deadline_min(until, r->next);
		if (poll(r->running, r->started, deadline_poll(wake)) < 0 && errno != EINTR)
			return status_defer(st, WAIT_HOST, EX_TEMPFAIL, "%s", strerror(errno));
		if ((*fd = find_winner(r)) >= 0)
			return true;
		if (deadline_poll(until) == 0)
			return too_late(r, st);
	}
}

static bool set_source(struct race *r, const char *source_ip, struct endpoint *from,
                       struct status *st)
{
	if (source_ip == NULL)
		return true;
	if (!resolve_number(source_ip, 0, from))
		return status_fail(st, EX_CONFIG, "source_ip %s: no IP address", source_ip);
	keep_family(&r->to, from->sa.ss_family);
	r->from = from;
	return r->to.n > 0 || status_defer(st, WAIT_HOST, EX_TEMPFAIL,
	                                   "no address of the family of source_ip %s", source_ip);
}

static bool connect_host(const char *host, unsigned short port, const struct dial *d,
                         struct stream *out, struct status *st)
{
	struct race r = { .next = 0, .trace = d->trace };
	struct endpoint from;
	int fd;
	bool ok;

	buf_init(&r.errors, 300);
	for (size_t i = 0; i < RESOLVE_MAX; i++)
		r.running[i].fd = -1;
	ok = resolve_host(host, port, d->until, &r.to, st);
	if (ok) {
		interleave(&r.to);
		trace_detail(d->trace, "%s has %zu address%s", host, r.to.n, r.to.n == 1 ? "" : "es");
		ok = (set_source(&r, d->source_ip, &from, st) && run(&r, d->until, &fd, st))
		     || status_during(st, "%s:%u", host, (unsigned)port);
	}
	for (size_t i = 0; i < RESOLVE_MAX; i++)
		if (r.running[i].fd >= 0)
			close(r.running[i].fd);
	buf_release(&r.errors);
	if (ok)
		stream_init(out, fd);
	return ok;
}

/*
 * SOCKS5 (RFC 1928), without a login.
 */
enum { SOCKS_VERSION = 5, SOCKS_NO_LOGIN = 0, SOCKS_CONNECT = 1 };
enum { SOCKS_IPV4 = 1, SOCKS_NAME = 3, SOCKS_IPV6 = 4 };

static bool socks_fail(struct status *st, const char *why)
{
	return status_defer(st, WAIT_HOST, EX_TEMPFAIL, "%s", why);
}

static const char *socks_error(unsigned char code)
{
	static const char *const words[] = {
		[1] = "general failure",
		[2] = "not allowed by its rules",
		[3] = "network unreachable",
		[4] = "host unreachable (or not known)",
		[5] = "connection refused",
		[6] = "timed out",
		[7] = "it cannot connect",
		[8] = "it does not know this kind of address",
	};

	return code < COUNT_OF(words) && words[code] != NULL ? words[code] : "unknown failure";
}

/* RFC 1928, 4: the kind of address, then the address. */
static bool socks_add_address(struct buf *b, const char *host, struct status *st)
{
	struct endpoint e;
	size_t n = strlen(host);

	if (!resolve_number(host, 0, &e)) {
		if (n > 255)
			return status_fail(st, EX_CONFIG, "the host's name is too long");
		buf_putc(b, SOCKS_NAME);
		buf_putc(b, (char)n);
		buf_puts(b, host);
	} else if (e.sa.ss_family == AF_INET) {
		buf_putc(b, SOCKS_IPV4);
		buf_add(b, &((const struct sockaddr_in *)&e.sa)->sin_addr, 4);
	} else {
		buf_putc(b, SOCKS_IPV6);
		buf_add(b, &((const struct sockaddr_in6 *)&e.sa)->sin6_addr, 16);
	}
	return true;
}

static bool socks_greet(struct stream *s, deadline until, struct status *st)
{
	static const unsigned char hello[] = { SOCKS_VERSION, 1, SOCKS_NO_LOGIN };
	unsigned char answer[2];

	if (!stream_write(s, hello, sizeof(hello), until, st) || !stream_flush(s, until, st)
	    || !stream_read(s, answer, sizeof(answer), until, st))
		return false;
	if (answer[0] != SOCKS_VERSION)
		return socks_fail(st, "it does not speak SOCKS5");
	return answer[1] == SOCKS_NO_LOGIN || socks_fail(st, "it wants a login");
}

static bool socks_ask(struct stream *s, const struct dial *d, const char *host, struct status *st)
{
	struct buf b;
	bool ok;

	buf_init(&b, 512);
	buf_add(&b, (const char[]){ SOCKS_VERSION, SOCKS_CONNECT, 0 }, 3);
	ok = socks_add_address(&b, host, st);
	buf_putc(&b, (char)(d->port >> 8));
	buf_putc(&b, (char)(d->port & 0xff));
	ok = ok && stream_write(s, b.data, b.len, d->until, st) && stream_flush(s, d->until, st);
	buf_release(&b);
	return ok;
}

/* RFC 1928, 6: version, reply, 0, kind of address; then an address and a port of no interest. */
static bool socks_answer(struct stream *s, deadline until, struct status *st)
{
	unsigned char head[4], rest[255 + 2], n = 0;

	if (!stream_read(s, head, sizeof(head), until, st))
		return false;
	if (head[0] != SOCKS_VERSION)
		return socks_fail(st, "it does not speak SOCKS5");
	if (head[1] != 0)
		return socks_fail(st, socks_error(head[1]));
	if (head[3] == SOCKS_NAME && !stream_read(s, &n, 1, until, st))
		return false;
	if (head[3] == SOCKS_IPV4)
		n = 4;
	if (head[3] == SOCKS_IPV6)
		n = 16;
	return stream_read(s, rest, (size_t)n + 2, until, st);
}

static bool connect_by_proxy(const struct dial *d, struct stream *out, struct status *st)
{
	char *host;
	bool ok;

	if (!connect_host(d->proxy_host, d->proxy_port, d, out, st))
		return status_during(st, "proxy");
	if ((host = resolve_alabel(d->host, st)) == NULL)
		status_fail(st, EX_CONFIG, "%s", st->text);
	ok = host != NULL && socks_greet(out, d->until, st) && socks_ask(out, d, host, st)
	     && socks_answer(out, d->until, st);
	free(host);
	if (ok)
		return true;
	stream_close(out);
	return status_during(st, "%s:%u by proxy %s:%u", d->host, (unsigned)d->port, d->proxy_host,
	                     (unsigned)d->proxy_port);
}

bool dial(const struct dial *d, struct stream *out, struct status *st)
{
	if (d->socket != NULL)
		return local_connect(d->socket, d->until, out, st);
	if (d->proxy_host != NULL)
		return connect_by_proxy(d, out, st);
	return connect_host(d->host, d->port, d, out, st);
}
