#include "net/stream.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	IN_MAX = 64 * 1024,    /* replies that wait for us while we write */
	OUT_MAX = 32 * 1024,   /* a write this large is worth a system call: two TLS records */
	READ_SIZE = 4096,
};

/* The plain socket: the stream is its own carrier. */

static ssize_t plain_read(void *carrier, void *p, size_t n, short *events)
{
	const struct stream *s = carrier;

	*events = POLLIN;
	return recv(s->fd, p, n, 0);
}

static ssize_t plain_write(void *carrier, const void *p, size_t n, short *events)
{
	const struct stream *s = carrier;

	*events = POLLOUT;
	return send(s->fd, p, n, MSG_NOSIGNAL);
}

static const struct stream_ops plain = { .read = plain_read, .write = plain_write };

void stream_init(struct stream *s, int fd)
{
	int on = 1;

	*s = (struct stream){ .fd = fd, .ops = &plain };
	buf_init(&s->in, IN_MAX);
	buf_init(&s->out, OUT_MAX);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	/* We coalesce ourselves, and a command must not wait for an acknowledgement. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* a Unix socket has none */
}

static void *carrier_of(struct stream *s)
{
	return s->ops == &plain ? s : s->carrier;
}

void stream_close(struct stream *s)
{
	if (s->ops != NULL && s->ops->close != NULL)
		s->ops->close(s->carrier);
	s->ops = NULL;
	s->carrier = NULL;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	buf_wipe(&s->in); /* a login was spoken here */
	buf_wipe(&s->out);
	s->in_at = 0;
}

void stream_carry(struct stream *s, const struct stream_ops *ops, void *carrier)
{
	assert(!stream_has_input(s) && s->out.len == 0);
	s->ops = ops;
	s->carrier = carrier;
}

bool stream_wait(const struct stream *s, short events, deadline until, struct status *st)
{
	struct pollfd p = { .fd = s->fd, .events = events };
	int n;

	do
		n = poll(&p, 1, deadline_poll(until));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return status_defer(st, WAIT_HOST, EX_TEMPFAIL, "%s", strerror(errno));
	return n > 0 || status_defer(st, WAIT_HOST, EX_TEMPFAIL, "timed out");
}

/* The connection is lost by `error`, 0 for a close; the carrier may know more. */
static bool lost(struct stream *s, int error, struct status *st)
{
	const char *words = s->ops->error != NULL ? s->ops->error(s->carrier) : NULL;

	if (words == NULL && (error == 0 || error == EPIPE))
		words = "connection closed by the server";
	if (words == NULL && error == ECONNRESET)
		words = "connection reset by the server";
	if (words == NULL)
		words = strerror(error);
	return status_defer(st, WAIT_HOST, EX_TEMPFAIL, "%s", words);
}

/* Room for READ_SIZE more octets, by forgetting what was taken. */
static size_t input_room(struct stream *s)
{
	size_t room;

	buf_consume(&s->in, s->in_at);
	s->in_at = 0;
	room = IN_MAX - s->in.len;
	return room < READ_SIZE ? room : READ_SIZE;
}

/*
 * One read into the buffer.  False if nothing came: the peer has ended, the
 * buffer is full (*events 0), or it would wait for *events.
 */
static bool take_in(struct stream *s, short *events)
{
	char block[READ_SIZE];
	size_t room = input_room(s);
	ssize_t n;

	*events = 0;
	if (s->ended || room == 0)
		return false;
	do
		n = s->ops->read(carrier_of(s), block, room, events);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		buf_add(&s->in, block, (size_t)n);
		return true;
	}
	if (n < 0 && errno == EAGAIN)
		return false;
	*events = 0;
	s->ended = true;
	s->ended_by = n < 0 ? errno : 0;
	return false;
}

/* Everything that can be had without waiting; what to poll for to get more. */
static short take_all(struct stream *s)
{
	short events;

	while (take_in(s, &events))
		;
	return events;
}

/* Wait for at least one octet more. */
static bool need_more(struct stream *s, deadline until, struct status *st)
{
	short events;

	while (!take_in(s, &events)) {
		if (s->ended)
			return lost(s, s->ended_by, st);
		if (!stream_wait(s, events, until, st))
			return false;
	}
	return true;
}

static size_t available(const struct stream *s)
{
	return s->in.len - s->in_at;
}

static bool bad_line(struct status *st, const char *why)
{
	return status_defer(st, WAIT_HOST, EX_PROTOCOL, "the server sent %s", why);
}

bool stream_read_line(struct stream *s, struct buf *line, deadline until, struct status *st)
{
	const char *from, *lf;
	size_t n;

	buf_reset(line);
	while (from = s->in.data + s->in_at, (lf = memchr(from, '\n', available(s))) == NULL) {
		if (available(s) > STREAM_LINE_MAX + 1) /* its CR may be there */
			return bad_line(st, "a line that does not end");
		if (!need_more(s, until, st))
			return false;
	}
	n = (size_t)(lf - from);
	s->in_at += n + 1;
	if (n > 0 && from[n - 1] == '\r')
		n--;
	if (n > STREAM_LINE_MAX)
		return bad_line(st, "too long a line");
	if (memchr(from, '\0', n) != NULL)
		return bad_line(st, "a NUL");
	buf_add(line, from, n);
	return true;
}

bool stream_read(struct stream *s, void *p, size_t n, deadline until, struct status *st)
{
	char *to = p;

	while (n > 0) {
		size_t some = available(s) < n ? available(s) : n;

		memcpy(to, s->in.data + s->in_at, some);
		s->in_at += some;
		to += some;
		n -= some;
		if (n > 0 && !need_more(s, until, st))
			return false;
	}
	return true;
}

/* Write from `out` what can be written now: false after a failure, or with *events if it must wait. */
static bool put_out(struct stream *s, size_t *done, short *events)
{
	while (*done < s->out.len) {
		ssize_t n = s->ops->write(carrier_of(s), s->out.data + *done, s->out.len - *done,
		                          events);

		if (n > 0)
			*done += (size_t)n;
		else if (errno != EINTR)
			return false;
	}
	return true;
}

static bool put_all(struct stream *s, size_t *done, deadline until, struct status *st)
{
	short events;

	while (!put_out(s, done, &events)) {
		int error = errno;
		short more = take_all(s); /* also after a failure: the refusal that came before it */

		if (error != EAGAIN)
			return lost(s, error, st);
		if (!stream_wait(s, events | more, until, st))
			return false;
	}
	return true;
}

bool stream_flush(struct stream *s, deadline until, struct status *st)
{
	size_t done = 0;
	bool ok = put_all(s, &done, until, st);

	buf_consume(&s->out, done);
	return ok;
}

bool stream_write(struct stream *s, const void *p, size_t n, deadline until, struct status *st)
{
	const char *from = p;

	while (n > 0) {
		size_t room = OUT_MAX - s->out.len, some = n < room ? n : room;

		buf_add(&s->out, from, some);
		from += some;
		n -= some;
		if (s->out.len == OUT_MAX && !stream_flush(s, until, st))
			return false;
	}
	return true;
}

bool stream_has_input(const struct stream *s)
{
	return available(s) > 0;
}

bool stream_can_read(struct stream *s)
{
	if (!stream_has_input(s))
		take_all(s);
	return stream_has_input(s) || s->ended;
}
