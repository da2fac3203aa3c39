#include "net/tls.h"

#include "base/alloc.h"
#include "net/certificate.h"
#include "net/credentials.h"
#include "net/resolve.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 8996: nothing below TLS 1.2, whatever else the priorities say. */
#define FLOOR "-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1"

/* Records in one read that carry nothing for us: more of them is an attack. */
enum { IDLE_RECORDS_MAX = 16 };

/* The carrier of a stream. */
struct tls {
	int fd;
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	int  write_errno;          /* why the socket takes no more */
	bool spoke_tls;            /* what the peer said first was a TLS record */
	bool heard;
	bool client_certificate;
	char words[160];           /* of the last failure that is TLS's own; "" */

	/* During the handshake. */
	const struct tls_config *config;
	char *name;                /* as A-labels, no dot at the end */
	bool verified, refused;
	struct status *st;         /* what was wrong with the certificate, if refused */
};

/*
 * The socket.  A write that fails passes for one that was sent: what follows it
 * in a handshake is a read, and that finds the alert that says why the peer
 * hung up.  tls_write() tells the truth.
 */

static ssize_t push(gnutls_transport_ptr_t p, const giovec_t *iov, int n)
{
	struct tls *t = p;
	struct msghdr m = { .msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)n };
	ssize_t done = sendmsg(t->fd, &m, MSG_NOSIGNAL);

	if (done >= 0 || errno == EINTR || errno == EAGAIN)
		return done;
	t->write_errno = errno;
	done = 0;
	for (int i = 0; i < n; i++)
		done += (ssize_t)iov[i].iov_len;
	return done;
}

static ssize_t pull(gnutls_transport_ptr_t p, void *data, size_t n)
{
	struct tls *t = p;
	ssize_t got = recv(t->fd, data, n, 0);

	if (got > 0 && !t->heard) {
		unsigned char type = *(unsigned char *)data;

		t->heard = true;
		t->spoke_tls = type >= 20 && type <= 24; /* RFC 8446, 5.1 */
	}
	return got;
}

static short direction(const struct tls *t)
{
	return gnutls_record_get_direction(t->session) == 1 ? POLLOUT : POLLIN;
}

/*
 * What carries the stream.
 */

/* Words for an error of GnuTLS, NULL where errno says it all. */
static const char *error_words(struct tls *t, int rc)
{
	switch (rc) {
	case GNUTLS_E_PULL_ERROR:
	case GNUTLS_E_PUSH_ERROR:
		return NULL;
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
		snprintf(t->words, sizeof(t->words), "the server gave up TLS: %s",
		         gnutls_alert_get_name(gnutls_alert_get(t->session)));
		break;
	default:
		snprintf(t->words, sizeof(t->words), "TLS: %s", gnutls_strerror(rc));
	}
	return t->words;
}

/* RFC 5246, 7.2.2: a client may decline to negotiate anew. */
static void decline_rehandshake(struct tls *t)
{
	gnutls_alert_send(t->session, GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION);
}

static ssize_t tls_read(void *carrier, void *p, size_t n, short *events)
{
	struct tls *t = carrier;
	ssize_t got = GNUTLS_E_WARNING_ALERT_RECEIVED;

	for (int i = 0; i < IDLE_RECORDS_MAX; i++) {
		got = gnutls_record_recv(t->session, p, n);
		if (got == GNUTLS_E_REHANDSHAKE)
			decline_rehandshake(t);
		else if (got >= 0 || gnutls_error_is_fatal((int)got) || got == GNUTLS_E_AGAIN)
			break;
	}
	if (got >= 0)
		return got;
	/* A missing close_notify cuts nothing short unseen: lines show where they end. */
	if (got == GNUTLS_E_PREMATURE_TERMINATION) {
		t->write_errno = EPIPE; /* GnuTLS has given up the session */
		return 0;
	}
	*events = direction(t);
	if (got == GNUTLS_E_AGAIN)
		errno = EAGAIN;
	else if (error_words(t, (int)got) != NULL)
		errno = EPROTO;
	return -1;
}

static ssize_t tls_write(void *carrier, const void *p, size_t n, short *events)
{
	struct tls *t = carrier;
	ssize_t done;

	do
		done = gnutls_record_send(t->session, p, n);
	while (done == GNUTLS_E_INTERRUPTED);
	if (t->write_errno != 0) {
		errno = t->write_errno;
		return -1;
	}
	if (done >= 0)
		return done;
	*events = direction(t);
	if (done == GNUTLS_E_AGAIN)
		errno = EAGAIN;
	else if (error_words(t, (int)done) != NULL)
		errno = EPROTO;
	return -1;
}

static const char *tls_error(void *carrier)
{
	struct tls *t = carrier;

	return t->words[0] != '\0' ? t->words : NULL;
}

static void tls_free(struct tls *t)
{
	if (t->session != NULL)
		gnutls_deinit(t->session);
	if (t->credentials != NULL)
		gnutls_certificate_free_credentials(t->credentials);
	free(t->name);
	free(t);
}

static void tls_close(void *carrier)
{
	struct tls *t = carrier;

	gnutls_bye(t->session, GNUTLS_SHUT_WR); /* close_notify, if it can be sent at once */
	tls_free(t);
}

static const struct stream_ops tls_ops = {
	.read = tls_read, .write = tls_write, .error = tls_error, .close = tls_close,
};

/*
 * The handshake.
 */

static bool must_verify(const struct tls_config *c)
{
	return c->verify || certificate_is_pinned(c);
}

/* Called in the midst of it. */
static int on_certificate(gnutls_session_t session)
{
	struct tls *t = gnutls_session_get_ptr(session);

	t->verified = certificate_accept(session, t->config, t->name, t->st);
	t->refused = !t->verified;
	return t->verified ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

static bool set_priorities(struct tls *t, const char *text, struct status *st)
{
	char *all = text != NULL ? alloc_printf("%s:" FLOOR, text) : NULL;
	int rc = text != NULL ? gnutls_priority_set_direct(t->session, all, NULL)
	                      : gnutls_set_default_priority_append(t->session, FLOOR, NULL, 0);

	free(all);
	if (rc == GNUTLS_E_NO_PRIORITIES_WERE_SET)
		return status_fail(st, EX_CONFIG, "tls_priorities %s: nothing is left of TLS 1.2 or "
		                   "later", text);
	return rc == 0 || status_fail(st, EX_CONFIG, "tls_priorities %s: %s", text ? text : "default",
	                              gnutls_strerror(rc));
}

bool tls_check_priorities(const char *text)
{
	char *all = alloc_printf("%s:" FLOOR, text);
	gnutls_priority_t p;
	bool ok = gnutls_priority_init(&p, all, NULL) == 0;

	if (ok)
		gnutls_priority_deinit(p);
	free(all);
	return ok;
}

/* RFC 6066, 3: a name goes along, an address never. */
static bool set_name(struct tls *t, const char *name, struct status *st)
{
	struct endpoint e;
	size_t n;

	t->name = resolve_alabel(name, st);
	if (t->name == NULL)
		return status_fail(st, EX_CONFIG, "%s: %s", name, st->text);
	n = strlen(t->name);
	if (n > 0 && t->name[n - 1] == '.')
		t->name[--n] = '\0';
	return resolve_number(t->name, 0, &e)
	       || gnutls_server_name_set(t->session, GNUTLS_NAME_DNS, t->name, n) == 0
	       || status_fail(st, EX_CONFIG, "%s: no name for a server", name);
}

static bool prepare(struct tls *t, const struct tls_config *c, struct status *st)
{
	unsigned flags = GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS | GNUTLS_FORCE_CLIENT_CERT;

	if (gnutls_init(&t->session, flags) < 0)
		alloc_failed();
	gnutls_session_set_ptr(t->session, t);
	gnutls_transport_set_ptr(t->session, t);
	gnutls_transport_set_vec_push_function(t->session, push);
	gnutls_transport_set_pull_function(t->session, pull);
	if (must_verify(c))
		gnutls_session_set_verify_function(t->session, on_certificate);
	if (!credentials_load(&t->credentials, c, st))
		return false;
	gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE, t->credentials);
	return set_priorities(t, c->priorities, st) && set_name(t, c->name, st);
}

static bool handshake_fail(struct tls *t, int rc, struct status *st)
{
	const char *words, *remedy = NULL;

	if (t->refused)
		return false; /* on_certificate said why */
	if (t->heard && !t->spoke_tls) {
		words = "the server does not speak TLS here (tls_starttls?)";
		remedy = "set tls_starttls on, or correct `port`: TLS at once is on 465";
	} else if (rc == GNUTLS_E_UNSUPPORTED_VERSION_PACKET
	         || (rc == GNUTLS_E_FATAL_ALERT_RECEIVED
	             && gnutls_alert_get(t->session) == GNUTLS_A_PROTOCOL_VERSION)) {
		words = "the server's TLS is older than 1.2";
		remedy = "have who runs the server allow TLS 1.2; nothing older is used";
	} else if (rc == GNUTLS_E_PREMATURE_TERMINATION || rc == GNUTLS_E_PULL_ERROR) {
		words = "connection closed by the server";
	} else {
		words = error_words(t, rc);
	}
	status_defer(st, WAIT_HOST, EX_TEMPFAIL, "TLS handshake: %s", words != NULL ? words : "connection lost");
	return status_advise(st, remedy);
}

static bool shake_hands(struct tls *t, const struct stream *s, deadline until, struct status *st)
{
	int rc;

	while ((rc = gnutls_handshake(t->session)) != 0) {
		if (rc == GNUTLS_E_AGAIN) {
			if (!stream_wait(s, direction(t), until, st))
				return status_during(st, "TLS handshake");
		} else if (gnutls_error_is_fatal(rc)) {
			gnutls_alert_send_appropriate(t->session, rc); /* let its log say why */
			return handshake_fail(t, rc, st);
		} else if (deadline_poll(until) == 0) {
			return status_defer(st, WAIT_HOST, EX_TEMPFAIL, "TLS handshake: timed out");
		}
	}
	return true;
}

/* What GnuTLS has seen to already must be true now, whatever its settings. */
static bool is_as_promised(const struct tls *t, const struct tls_config *c, struct status *st)
{
	gnutls_protocol_t version = gnutls_protocol_get_version(t->session);

	if (version != GNUTLS_TLS1_2 && version != GNUTLS_TLS1_3)
		return status_defer(st, WAIT_HOST, EX_TEMPFAIL, "TLS handshake: %s is too old",
		                    gnutls_protocol_get_name(version));
	return t->verified || !must_verify(c)
	       || status_defer(st, WAIT_HOST, EX_TEMPFAIL, "TLS handshake: no certificate");
}

bool tls_start(struct stream *s, const struct tls_config *c, deadline until, struct status *st)
{
	struct tls *t = alloc(sizeof(*t));

	t->fd = s->fd;
	t->config = c;
	t->st = st;
	if (!prepare(t, c, st) || !shake_hands(t, s, until, st) || !is_as_promised(t, c, st)) {
		tls_free(t);
		shutdown(s->fd, SHUT_RDWR); /* nothing must follow in the clear */
		return false;
	}
	t->client_certificate = gnutls_certificate_client_get_request_status(t->session) != 0
	                        && gnutls_certificate_get_ours(t->session) != NULL;
	t->config = NULL;
	t->st = NULL;
	stream_carry(s, &tls_ops, t);
	return true;
}

bool tls_is_on(const struct stream *s)
{
	return s->ops == &tls_ops;
}

void tls_describe(const struct stream *s, struct tls_info *out)
{
	const struct tls *t = s->carrier;

	*out = (struct tls_info){ .client_certificate = false };
	if (!tls_is_on(s))
		return;
	snprintf(out->version, sizeof(out->version), "%s",
	         gnutls_protocol_get_name(gnutls_protocol_get_version(t->session)));
	snprintf(out->cipher, sizeof(out->cipher), "%s",
	         gnutls_cipher_get_name(gnutls_cipher_get(t->session)));
	out->client_certificate = t->client_certificate;
	certificate_describe(t->session, out);
}

void tls_show(const struct stream *s, void (*each)(void *arg, const struct tls_certificate *c), void *arg)
{
	const struct tls *t = s->carrier;

	if (tls_is_on(s))
		certificate_show(t->session, each, arg);
}

/* Whether a binding of that kind would be unique to this connection. */
static bool can_bind(const struct tls *t, enum tls_binding kind)
{
	bool new = gnutls_protocol_get_version(t->session) == GNUTLS_TLS1_3;

	switch (kind) {
	case TLS_BINDING_EXPORTER:
		return new;
	case TLS_BINDING_UNIQUE:
		return !new && gnutls_session_ext_master_secret_status(t->session) != 0;
	case TLS_BINDING_END_POINT:
		return true;
	}
	return false;
}

bool tls_binding(const struct stream *s, enum tls_binding kind, struct buf *out)
{
	static const gnutls_channel_binding_t kinds[] = {
		[TLS_BINDING_EXPORTER] = GNUTLS_CB_TLS_EXPORTER,
		[TLS_BINDING_UNIQUE] = GNUTLS_CB_TLS_UNIQUE,
		[TLS_BINDING_END_POINT] = GNUTLS_CB_TLS_SERVER_END_POINT,
	};
	const struct tls *t = s->carrier;
	gnutls_datum_t data;

	if (!tls_is_on(s) || !can_bind(t, kind)
	    || gnutls_session_channel_binding(t->session, kinds[kind], &data) < 0)
		return false;
	buf_add(out, data.data, data.size);
	gnutls_free(data.data);
	return buf_ok(out);
}

const char *tls_library(void)
{
	return gnutls_check_version(NULL);
}
