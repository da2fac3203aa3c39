#include "wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"

void wire_init(struct wire *w, int fd, size_t pace)
{
	*w = (struct wire){ .fd = fd, .pace = pace };
	buf_init(&w->in, SIZE_MAX / 2);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
}

static void drop_tls(struct wire *w)
{
	if (w->tls != NULL)
		gnutls_deinit(w->tls);
	if (w->credentials != NULL)
		gnutls_certificate_free_credentials(w->credentials);
	w->tls = NULL;
	w->credentials = NULL;
}

static void release(struct wire *w)
{
	drop_tls(w);
	buf_release(&w->in);
	w->at = 0;
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

void wire_close(struct wire *w)
{
	if (w->tls != NULL)
		gnutls_bye(w->tls, GNUTLS_SHUT_WR);
	release(w);
}

void wire_reset(struct wire *w)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	release(w);
}

void wire_wait_for_end(struct wire *w)
{
	char drop[4096];

	while (io_read(w->fd, drop, sizeof drop) > 0)
		;
}

/* Whatever comes next, appended to `in`.  False at the end. */
static bool fill(struct wire *w)
{
	char piece[65536];
	ssize_t n;

	if (w->tls == NULL) {
		n = io_read(w->fd, piece, sizeof piece);
	} else {
		do
			n = gnutls_record_recv(w->tls, piece, sizeof piece);
		while (n == GNUTLS_E_INTERRUPTED || n == GNUTLS_E_AGAIN);
	}
	if (n <= 0)
		return false;
	if (w->at == w->in.len) {
		buf_reset(&w->in);
		w->at = 0;
	}
	buf_add(&w->in, piece, (size_t)n);
	return true;
}

bool wire_read_line(struct wire *w, struct buf *line)
{
	size_t n, searched = 0;
	const char *lf;

	buf_reset(line);
	do {
		n = w->in.len - w->at;
		lf = n > searched ? memchr(w->in.data + w->at + searched, '\n', n - searched) : NULL;
		searched = n;
	} while (lf == NULL && fill(w));
	if (lf != NULL)
		n = (size_t)(lf + 1 - (w->in.data + w->at));
	buf_add(line, w->in.data + w->at, n);
	w->at += n;
	return n > 0;
}

bool wire_read(struct wire *w, void *p, size_t n)
{
	while (w->in.len - w->at < n) {
		if (!fill(w))
			return false;
	}
	memcpy(p, w->in.data + w->at, n);
	w->at += n;
	return true;
}

bool wire_has_more(struct wire *w)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };

	if (w->at < w->in.len || (w->tls != NULL && gnutls_record_check_pending(w->tls) > 0))
		return true;
	return poll(&p, 1, 0) > 0 && fill(w);
}

static bool write_piece(struct wire *w, const char *p, size_t n)
{
	ssize_t sent;

	if (w->tls == NULL)
		return send(w->fd, p, n, MSG_NOSIGNAL) == (ssize_t)n;
	do
		sent = gnutls_record_send(w->tls, p, n);
	while (sent == GNUTLS_E_INTERRUPTED || sent == GNUTLS_E_AGAIN);
	return sent == (ssize_t)n;
}

bool wire_write(struct wire *w, const void *p, size_t n)
{
	const size_t most = w->pace > 0 ? w->pace : 16384;
	const char *from = p;

	for (size_t done = 0; done < n;) {
		size_t piece = n - done < most ? n - done : most;

		if (!write_piece(w, from + done, piece))
			return false;
		done += piece;
		if (w->pace > 0)
			usleep(1000);
	}
	return true;
}

/* The handshake's way out, which closes after so many octets. */
static ssize_t push(gnutls_transport_ptr_t arg, const void *p, size_t n)
{
	struct wire *w = arg;

	if (n > w->budget)
		n = w->budget;
	if (n == 0) {
		gnutls_transport_set_errno(w->tls, EPIPE);
		return -1;
	}
	w->budget -= n;
	return send(w->fd, p, n, MSG_NOSIGNAL);
}

static ssize_t pull(gnutls_transport_ptr_t arg, void *p, size_t n)
{
	return io_read(((struct wire *)arg)->fd, p, n);
}

static int pull_timeout(gnutls_transport_ptr_t arg, unsigned ms)
{
	struct pollfd p = { .fd = ((struct wire *)arg)->fd, .events = POLLIN };

	return poll(&p, 1, ms == GNUTLS_INDEFINITE_TIMEOUT ? -1 : (int)ms);
}

int wire_start_tls(struct wire *w, gnutls_session_t session,
                   gnutls_certificate_credentials_t credentials, size_t budget)
{
	int rc;

	w->tls = session;
	w->credentials = credentials;
	w->budget = budget;
	buf_reset(&w->in);
	w->at = 0;
	gnutls_transport_set_ptr(session, w);
	gnutls_transport_set_push_function(session, push);
	gnutls_transport_set_pull_function(session, pull);
	gnutls_transport_set_pull_timeout_function(session, pull_timeout);
	do
		rc = gnutls_handshake(session);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	w->budget = SIZE_MAX;
	if (rc < 0)
		drop_tls(w);
	return rc;
}
