#include "net/tls.h"

#include "base/alloc.h"
#include "base/io.h"
#include "base/str.h"
#include "net/fingerprint.h"
#include "net/resolve.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* RFC 8996: nothing below TLS 1.2, whatever else the priorities say. */
#define FLOOR "-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1"

enum {
	PEM_MAX = 16 * 1024 * 1024,
	NAMES_SHOWN_MAX = 120,
	/* Records in one read that carry nothing for us: more of them is an attack. */
	IDLE_RECORDS_MAX = 16,
};

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
 * The certificate.
 */

static bool import_peer(gnutls_session_t session, gnutls_x509_crt_t *out)
{
	unsigned n;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(session, &n);

	if (list == NULL || n == 0 || gnutls_x509_crt_init(out) < 0)
		return false;
	if (gnutls_x509_crt_import(*out, &list[0], GNUTLS_X509_FMT_DER) == 0)
		return true;
	gnutls_x509_crt_deinit(*out);
	return false;
}

/* The certificate's own, of the kind and length that `f` has already. */
static bool take_fingerprint(gnutls_x509_crt_t crt, struct fingerprint *f)
{
	gnutls_digest_algorithm_t hash = f->len == 20 ? GNUTLS_DIG_SHA1 : GNUTLS_DIG_SHA256;
	size_t size = sizeof(f->octets);
	int rc;

	if (f->spki)
		rc = gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, f->octets, &size);
	else
		rc = gnutls_x509_crt_get_fingerprint(crt, hash, f->octets, &size);
	return rc == 0 && size == f->len;
}

static void add_fingerprint(gnutls_x509_crt_t crt, bool spki, struct buf *out)
{
	struct fingerprint f = { .spki = spki, .len = 32 };

	if (take_fingerprint(crt, &f))
		fingerprint_print(&f, out);
}

static bool matches_pin(gnutls_x509_crt_t crt, char *const *pins)
{
	struct fingerprint pin, own;

	for (; *pins != NULL; pins++) {
		if (fingerprint_parse(*pins, &pin) != NULL)
			continue;
		own = pin;
		if (take_fingerprint(crt, &own) && fingerprint_equal(&own, &pin))
			return true;
	}
	return false;
}

static void add_date(struct buf *out, time_t when)
{
	struct tm tm;
	char text[32];

	if (gmtime_r(&when, &tm) == NULL || strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm) == 0)
		snprintf(text, sizeof(text), "an unknown day");
	buf_puts(out, text);
}

static void add_address(struct buf *out, const unsigned char *ip, size_t n)
{
	struct endpoint e = { .len = 0 };

	if (n == 4) {
		struct sockaddr_in *sin = (struct sockaddr_in *)&e.sa;

		sin->sin_family = AF_INET;
		memcpy(&sin->sin_addr, ip, n);
		e.len = sizeof(*sin);
	} else if (n == 16) {
		struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&e.sa;

		sin6->sin6_family = AF_INET6;
		memcpy(&sin6->sin6_addr, ip, n);
		e.len = sizeof(*sin6);
	}
	resolve_print(&e, out);
}

/* One alternative name; false behind the last. */
static bool add_name(gnutls_x509_crt_t crt, unsigned i, struct buf *out)
{
	char name[256];
	size_t n = sizeof(name);
	int kind = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &n, NULL);

	if (kind == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return false;
	if (kind != GNUTLS_SAN_DNSNAME && kind != GNUTLS_SAN_IPADDRESS)
		return true;
	buf_puts(out, out->len > 0 ? ", " : "");
	if (kind == GNUTLS_SAN_IPADDRESS)
		add_address(out, (unsigned char *)name, n);
	else
		str_escape(out, name, n);
	return true;
}

/* The names that it is for: some of them if they are many. */
static void add_names(gnutls_x509_crt_t crt, struct buf *out)
{
	struct buf names;
	char cn[256];
	size_t n = sizeof(cn);

	buf_init(&names, NAMES_SHOWN_MAX);
	for (unsigned i = 0; buf_ok(&names) && add_name(crt, i, &names); i++)
		;
	if (names.len == 0
	    && gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, cn, &n) == 0)
		str_escape(&names, cn, n);
	buf_puts(out, names.len > 0 ? names.data : "nobody");
	buf_puts(out, buf_ok(&names) ? "" : "...");
	buf_release(&names);
}

static void explain_name(gnutls_x509_crt_t crt, const struct tls *t, struct buf *out)
{
	buf_puts(out, "it is for ");
	add_names(crt, out);
	buf_printf(out, ", not for %s (tls_host_override?)", t->name);
}

static void explain_expiry(gnutls_x509_crt_t crt, const struct tls *t, struct buf *out)
{
	time_t end = gnutls_x509_crt_get_expiration_time(crt);

	(void)t;
	if (end >= time(NULL)) {
		buf_puts(out, "one that it is signed with has expired");
		return;
	}
	buf_puts(out, "it expired on ");
	add_date(out, end);
}

static void explain_activation(gnutls_x509_crt_t crt, const struct tls *t, struct buf *out)
{
	(void)t;
	buf_puts(out, "it is not valid before ");
	add_date(out, gnutls_x509_crt_get_activation_time(crt));
	buf_puts(out, " (is the clock right?)");
}

static void explain_issuer(gnutls_x509_crt_t crt, const struct tls *t, struct buf *out)
{
	char cn[128];
	size_t n = sizeof(cn);

	if (gnutls_x509_crt_check_issuer(crt, crt)) {
		buf_puts(out, "it is self-signed");
	} else {
		buf_puts(out, "its issuer");
		if (gnutls_x509_crt_get_issuer_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, cn, &n)
		    == 0) {
			buf_puts(out, " \"");
			str_escape(out, cn, n);
			buf_putc(out, '"');
		}
		buf_puts(out, " is unknown");
	}
	if (t->config->trust_file != NULL)
		buf_printf(out, " and not in tls_trust_file %s", t->config->trust_file);
	else
		buf_puts(out, " (tls_trust_file?)");
}

static const struct problem {
	unsigned flag;
	const char *words;
	void (*explain)(gnutls_x509_crt_t crt, const struct tls *t, struct buf *out);
} problems[] = {
	{ GNUTLS_CERT_UNEXPECTED_OWNER, NULL, explain_name },
	{ GNUTLS_CERT_EXPIRED, NULL, explain_expiry },
	{ GNUTLS_CERT_NOT_ACTIVATED, NULL, explain_activation },
	{ GNUTLS_CERT_SIGNER_NOT_FOUND, NULL, explain_issuer },
	{ GNUTLS_CERT_SIGNER_NOT_CA, "its issuer is no CA", NULL },
	{ GNUTLS_CERT_REVOKED, "it was revoked", NULL },
	{ GNUTLS_CERT_INSECURE_ALGORITHM, "it is signed with an algorithm that is not secure", NULL },
	{ GNUTLS_CERT_SIGNATURE_FAILURE, "its signature is wrong", NULL },
	{ GNUTLS_CERT_PURPOSE_MISMATCH, "it is not for servers", NULL },
	{ GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, "its issuer may not issue it", NULL },
	{ GNUTLS_CERT_MISSING_OCSP_STATUS, "the server sent no OCSP status, which it asks for", NULL },
	{ GNUTLS_CERT_INVALID_OCSP_STATUS, "the OCSP status that the server sent is not valid", NULL },
};

static void explain(gnutls_x509_crt_t crt, const struct tls *t, unsigned flags, struct buf *out)
{
	size_t start = out->len;

	for (size_t i = 0; i < COUNT_OF(problems); i++) {
		if ((flags & problems[i].flag) == 0)
			continue;
		buf_puts(out, out->len > start ? "; " : "");
		if (problems[i].explain != NULL)
			problems[i].explain(crt, t, out);
		else
			buf_puts(out, problems[i].words);
	}
	if (out->len == start)
		buf_puts(out, "it is not valid");
}

/* The fingerprint shows what was seen, to compare or to pin. */
static bool refuse(gnutls_x509_crt_t crt, struct tls *t, const char *why)
{
	struct buf print;

	buf_init(&print, 128);
	add_fingerprint(crt, false, &print);
	t->refused = true;
	status_defer(t->st, WAIT_HOST, EX_TEMPFAIL, "certificate of %s: %s; tls_fingerprint %s would "
	             "accept it", t->name, why, print.data);
	buf_release(&print);
	return false;
}

/* Chain and name.  False with the flags of what is wrong. */
static bool verify_chain(const struct tls *t, unsigned *flags)
{
	struct endpoint e;
	const char *name = t->name;
	gnutls_typed_vdata_st data[] = {
		{ .type = GNUTLS_DT_DNS_HOSTNAME, .data = (unsigned char *)name },
		{ .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)GNUTLS_KP_TLS_WWW_SERVER },
	};

	if (resolve_number(name, 0, &e)) {
		bool v4 = e.sa.ss_family == AF_INET;

		data[0].type = GNUTLS_DT_IP_ADDRESS;
		data[0].data = v4 ? (unsigned char *)&((struct sockaddr_in *)&e.sa)->sin_addr
		                  : (unsigned char *)&((struct sockaddr_in6 *)&e.sa)->sin6_addr;
		data[0].size = v4 ? 4 : 16;
	}
	*flags = 0;
	return gnutls_certificate_verify_peers(t->session, data, COUNT_OF(data), flags) == 0
	       && *flags == 0;
}

static bool has_pins(const struct tls_config *c)
{
	return c->fingerprints != NULL && c->fingerprints[0] != NULL;
}

static bool check_peer(struct tls *t, gnutls_x509_crt_t crt)
{
	struct buf why;
	unsigned flags;

	if (has_pins(t->config))
		return matches_pin(crt, t->config->fingerprints)
		       || refuse(crt, t, "no tls_fingerprint matches");
	if (verify_chain(t, &flags))
		return true;
	buf_init(&why, 350); /* leaves room for the fingerprint */
	explain(crt, t, flags, &why);
	refuse(crt, t, why.data);
	buf_release(&why);
	return false;
}

/* Called in the midst of the handshake. */
static int on_certificate(gnutls_session_t session)
{
	struct tls *t = gnutls_session_get_ptr(session);
	gnutls_x509_crt_t crt;

	if (!import_peer(session, &crt))
		return GNUTLS_E_CERTIFICATE_ERROR;
	t->verified = check_peer(t, crt);
	gnutls_x509_crt_deinit(crt);
	return t->verified ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

/*
 * What we bring: trust, a client certificate, priorities.
 */

static bool read_pem(const char *key, const char *path, struct buf *out, struct status *st)
{
	buf_init(out, PEM_MAX);
	return io_read_file(path, out, st) || status_fail(st, EX_CONFIG, "%s %s", key, st->text);
}

static gnutls_datum_t datum(const struct buf *b)
{
	return (gnutls_datum_t){ .data = (unsigned char *)b->data, .size = (unsigned)b->len };
}

static bool load_trust_file(struct tls *t, const char *path, struct status *st)
{
	struct buf pem;
	gnutls_datum_t d;
	bool ok = read_pem("tls_trust_file", path, &pem, st);

	d = datum(&pem);
	ok = ok && (gnutls_certificate_set_x509_trust_mem(t->credentials, &d, GNUTLS_X509_FMT_PEM) > 0
	            || status_fail(st, EX_CONFIG, "tls_trust_file %s: no certificate in it", path));
	buf_release(&pem);
	return ok;
}

static bool load_trust(struct tls *t, const struct tls_config *c, struct status *st)
{
	if (!c->verify || has_pins(c))
		return true;
	if (c->trust_file != NULL)
		return load_trust_file(t, c->trust_file, st);
	return gnutls_certificate_set_x509_system_trust(t->credentials) > 0
	       || status_fail(st, EX_CONFIG, "this system trusts no certificate authority: "
	                      "install ca-certificates or set tls_trust_file");
}

static bool set_key(struct tls *t, const struct tls_config *c, const char *key_file,
                    const struct buf *cert, const struct buf *key, struct status *st)
{
	gnutls_datum_t c_pem = datum(cert), k_pem = datum(key);
	int rc = gnutls_certificate_set_x509_key_mem2(t->credentials, &c_pem, &k_pem,
	                                              GNUTLS_X509_FMT_PEM, NULL, 0);

	switch (rc) {
	case GNUTLS_E_DECRYPTION_FAILED:
	case GNUTLS_E_PKCS11_PIN_ERROR:
		return status_fail(st, EX_CONFIG, "tls_key_file %s: the key is encrypted; "
		                   "it must be stored without a passphrase", key_file);
	case GNUTLS_E_CERTIFICATE_KEY_MISMATCH:
		return status_fail(st, EX_CONFIG, "tls_key_file %s is not the key of tls_cert_file %s",
		                   key_file, c->cert_file);
	}
	return rc >= 0 || status_fail(st, EX_CONFIG, "tls_cert_file %s, tls_key_file %s: %s",
	                              c->cert_file, key_file, gnutls_strerror(rc));
}

static bool load_key(struct tls *t, const struct tls_config *c, struct status *st)
{
	const char *key_file = c->key_file ? c->key_file : c->cert_file;
	struct buf cert, key;
	bool ok;

	if (c->cert_file == NULL)
		return true;
	buf_init(&key, PEM_MAX);
	ok = read_pem("tls_cert_file", c->cert_file, &cert, st)
	     && read_pem("tls_key_file", key_file, &key, st)
	     && set_key(t, c, key_file, &cert, &key, st);
	buf_wipe(&cert);
	buf_wipe(&key);
	return ok;
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

	if (gnutls_certificate_allocate_credentials(&t->credentials) < 0
	    || gnutls_init(&t->session, flags) < 0)
		alloc_failed();
	gnutls_session_set_ptr(t->session, t);
	gnutls_transport_set_ptr(t->session, t);
	gnutls_transport_set_vec_push_function(t->session, push);
	gnutls_transport_set_pull_function(t->session, pull);
	gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE, t->credentials);
	if (c->verify || has_pins(c))
		gnutls_session_set_verify_function(t->session, on_certificate);
	return load_trust(t, c, st) && load_key(t, c, st) && set_priorities(t, c->priorities, st)
	       && set_name(t, c->name, st);
}

/*
 * The handshake.
 */

static bool handshake_fail(struct tls *t, int rc, struct status *st)
{
	const char *words;

	if (t->refused)
		return false; /* on_certificate said why */
	if (t->heard && !t->spoke_tls)
		words = "the server does not speak TLS here (tls_starttls?)";
	else if (rc == GNUTLS_E_UNSUPPORTED_VERSION_PACKET
	         || (rc == GNUTLS_E_FATAL_ALERT_RECEIVED
	             && gnutls_alert_get(t->session) == GNUTLS_A_PROTOCOL_VERSION))
		words = "the server's TLS is older than 1.2";
	else if (rc == GNUTLS_E_PREMATURE_TERMINATION || rc == GNUTLS_E_PULL_ERROR)
		words = "connection closed by the server";
	else
		words = error_words(t, rc);
	return status_defer(st, WAIT_HOST, EX_TEMPFAIL, "TLS handshake: %s",
	                    words != NULL ? words : "connection lost");
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
	return t->verified || (!c->verify && !has_pins(c))
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

static void print_fingerprint(gnutls_x509_crt_t crt, bool spki, char *to, size_t size)
{
	struct buf b;

	buf_init(&b, size - 1);
	add_fingerprint(crt, spki, &b);
	memcpy(to, b.data, b.len + 1);
	buf_release(&b);
}

void tls_describe(const struct stream *s, struct tls_info *out)
{
	const struct tls *t = s->carrier;
	gnutls_x509_crt_t crt;

	*out = (struct tls_info){ .client_certificate = false };
	if (!tls_is_on(s))
		return;
	snprintf(out->version, sizeof(out->version), "%s",
	         gnutls_protocol_get_name(gnutls_protocol_get_version(t->session)));
	snprintf(out->cipher, sizeof(out->cipher), "%s",
	         gnutls_cipher_get_name(gnutls_cipher_get(t->session)));
	out->client_certificate = t->client_certificate;
	if (!import_peer(t->session, &crt))
		return;
	print_fingerprint(crt, false, out->sha256, sizeof(out->sha256));
	print_fingerprint(crt, true, out->spki, sizeof(out->spki));
	gnutls_x509_crt_deinit(crt);
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
