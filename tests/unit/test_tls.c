#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "net/fingerprint.h"
#include "net/tls.h"
#include "unit.h"

enum { DAY = 24 * 3600 };

/*
 * Certificates, made on the spot.
 */

struct identity {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	gnutls_datum_t key_pem, crt_pem;
};

struct subject {
	const char *cn, *dns, *ip;
	int from, until;           /* days from now */
	bool is_ca;
};

static void must(int rc)
{
	ck_assert_msg(rc >= 0, "GnuTLS: %s", gnutls_strerror(rc));
}

static void name_subject(gnutls_x509_crt_t crt, const struct subject *s)
{
	unsigned char ip[4];

	must(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, s->cn, strlen(s->cn)));
	if (s->dns != NULL)
		must(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, s->dns,
		                                          strlen(s->dns), GNUTLS_FSAN_SET));
	if (s->ip != NULL) {
		ck_assert_int_eq(inet_pton(AF_INET, s->ip, ip), 1);
		must(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, ip, sizeof(ip),
		                                          GNUTLS_FSAN_APPEND));
	}
}

/* Signed by `ca`; NULL: by itself. */
static void make_identity(struct identity *id, const struct subject *s, const struct identity *ca)
{
	static unsigned char serial;
	time_t now = time(NULL);

	must(gnutls_x509_privkey_init(&id->key));
	must(gnutls_x509_privkey_generate(id->key, GNUTLS_PK_ECDSA,
	                                  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	must(gnutls_x509_crt_init(&id->crt));
	must(gnutls_x509_crt_set_version(id->crt, 3));
	serial++;
	must(gnutls_x509_crt_set_serial(id->crt, &serial, 1));
	must(gnutls_x509_crt_set_activation_time(id->crt, now + s->from * DAY));
	must(gnutls_x509_crt_set_expiration_time(id->crt, now + s->until * DAY));
	must(gnutls_x509_crt_set_key(id->crt, id->key));
	must(gnutls_x509_crt_set_basic_constraints(id->crt, s->is_ca, -1));
	name_subject(id->crt, s);
	if (ca == NULL)
		ca = id;
	must(gnutls_x509_crt_sign2(id->crt, ca->crt, ca->key, GNUTLS_DIG_SHA256, 0));
	must(gnutls_x509_crt_export2(id->crt, GNUTLS_X509_FMT_PEM, &id->crt_pem));
	must(gnutls_x509_privkey_export2(id->key, GNUTLS_X509_FMT_PEM, &id->key_pem));
}

static char dir[UNIT_DIR_MAX];

static const char *path_of(const char *file)
{
	static char path[4][64];
	static unsigned next;
	char *p = path[next++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, file);
	return p;
}

static void write_file(const char *file, const void *data, size_t n)
{
	FILE *f = fopen(path_of(file), "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

enum who { CA, GOOD, WRONG_NAME, EXPIRED, FUTURE, SELF_SIGNED, ADDRESS, CLIENT, EVERYONE };

static const struct subject subjects[EVERYONE] = {
	[CA] = { "Test CA", NULL, NULL, -9, 9, true },
	[GOOD] = { "mail", "mail.example", NULL, -1, 1, false },
	[WRONG_NAME] = { "mail", "other.example", "192.0.2.7", -1, 1, false },
	[EXPIRED] = { "mail", "mail.example", NULL, -3, -2, false },
	[FUTURE] = { "mail", "mail.example", NULL, 2, 3, false },
	[SELF_SIGNED] = { "mail", "mail.example", NULL, -1, 1, false },
	[ADDRESS] = { "mail", NULL, "192.0.2.1", -1, 1, false },
	[CLIENT] = { "client", NULL, NULL, -1, 1, false },
};
static struct identity people[EVERYONE];

static void write_client_files(void)
{
	gnutls_datum_t pem;
	struct identity *c = &people[CLIENT];
	char *both = alloc_printf("%s%s", c->key_pem.data, c->crt_pem.data);

	write_file("cert", c->crt_pem.data, c->crt_pem.size);
	write_file("key", c->key_pem.data, c->key_pem.size);
	write_file("both", both, strlen(both));
	write_file("other-key", people[GOOD].key_pem.data, people[GOOD].key_pem.size);
	must(gnutls_x509_privkey_export2_pkcs8(c->key, GNUTLS_X509_FMT_PEM, "secret",
	                                       GNUTLS_PKCS_PBES2_AES_256, &pem));
	write_file("encrypted", pem.data, pem.size);
	gnutls_free(pem.data);
	free(both);
}

static void setup(void)
{
	unit_dir_make(dir);
	for (int i = 0; i < EVERYONE; i++)
		make_identity(&people[i], &subjects[i],
		              i == CA || i == SELF_SIGNED ? NULL : &people[CA]);
	write_file("ca", people[CA].crt_pem.data, people[CA].crt_pem.size);
	write_file("junk", "no certificate\n", 15);
	write_client_files();
}

static void teardown(void)
{
	unit_dir_remove(dir);
	for (int i = 0; i < EVERYONE; i++) {
		gnutls_x509_crt_deinit(people[i].crt);
		gnutls_x509_privkey_deinit(people[i].key);
		gnutls_free(people[i].crt_pem.data);
		gnutls_free(people[i].key_pem.data);
	}
}

/*
 * A server in a thread: it shakes hands, then sends back what it gets.
 */

enum { BINDINGS = 3 };

struct server {
	enum who who;
	const char *priorities;    /* NULL: the default */
	bool ask, require;         /* a client certificate */
	bool rehandshake;          /* asks for one before it echoes */
	bool cut;                  /* ends without close_notify after the first octets */
	const char *refusal;       /* says this after the first octets and closes with more unread */
	const char *instead;       /* what it says instead of a handshake, maybe nothing ... */
	size_t instead_len;

	int fd, client_fd;
	pthread_t thread;
	int handshake;             /* its result */
	bool saw_certificate, saw_name;
	bool saw_close_notify, saw_decline, saw_clear;
	char binding[BINDINGS][64];
	size_t binding_len[BINDINGS];
};

static const gnutls_channel_binding_t binding_kinds[BINDINGS] = {
	[TLS_BINDING_EXPORTER] = GNUTLS_CB_TLS_EXPORTER,
	[TLS_BINDING_UNIQUE] = GNUTLS_CB_TLS_UNIQUE,
	[TLS_BINDING_END_POINT] = GNUTLS_CB_TLS_SERVER_END_POINT,
};

static void note_session(struct server *v, gnutls_session_t session)
{
	unsigned n, type;
	char name[100];
	size_t size = sizeof(name);
	gnutls_datum_t data;

	v->saw_certificate = gnutls_certificate_get_peers(session, &n) != NULL;
	v->saw_name = gnutls_server_name_get(session, name, &size, &type, 0) == 0
	              && strcmp(name, "mail.example") == 0;
	for (int i = 0; i < BINDINGS; i++) {
		if (gnutls_session_channel_binding(session, binding_kinds[i], &data) < 0)
			continue;
		if (data.size <= sizeof(v->binding[i])) {
			memcpy(v->binding[i], data.data, data.size);
			v->binding_len[i] = data.size;
		}
		gnutls_free(data.data);
	}
}

static void echo(struct server *v, gnutls_session_t session)
{
	char block[16384];
	ssize_t n;

	if (v->rehandshake)
		gnutls_rehandshake(session);
	if (v->refusal != NULL) {
		gnutls_record_recv(session, block, 100);
		gnutls_record_send(session, v->refusal, strlen(v->refusal));
		return;
	}
	do {
		n = gnutls_record_recv(session, block, sizeof(block));
		if (n > 0)
			gnutls_record_send(session, block, (size_t)n);
		if (n > 0 && v->cut)
			return;
		if (n == GNUTLS_E_WARNING_ALERT_RECEIVED
		    && gnutls_alert_get(session) == GNUTLS_A_NO_RENEGOTIATION)
			v->saw_decline = true;
	} while (n > 0 || (n < 0 && !gnutls_error_is_fatal((int)n)));
	v->saw_close_notify = n == 0;
	gnutls_bye(session, GNUTLS_SHUT_WR);
}

static void talk_tls(struct server *v)
{
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t session;

	gnutls_certificate_allocate_credentials(&credentials);
	gnutls_certificate_set_x509_key(credentials, &people[v->who].crt, 1, people[v->who].key);
	/* Names an authority in its request, another than the client's. */
	gnutls_certificate_set_x509_trust(credentials, &people[SELF_SIGNED].crt, 1);
	gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NO_SIGNAL);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_priority_set_direct(session, v->priorities ? v->priorities : "NORMAL", NULL);
	if (v->ask || v->require)
		gnutls_certificate_server_set_request(
			session, v->require ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST);
	gnutls_transport_set_int(session, v->fd);
	do
		v->handshake = gnutls_handshake(session);
	while (v->handshake < 0 && !gnutls_error_is_fatal(v->handshake));
	if (v->handshake == 0) {
		note_session(v, session);
		echo(v, session);
	} else {
		gnutls_alert_send_appropriate(session, v->handshake);
	}
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(credentials);
}

static void *serve(void *arg)
{
	struct server *v = arg;
	char block[4096];
	ssize_t n;

	if (v->instead == NULL) {
		talk_tls(v);
	} else {
		send(v->fd, v->instead, v->instead_len, MSG_NOSIGNAL);
		while ((n = recv(v->fd, block, sizeof(block), 0)) > 0)
			v->saw_clear = v->saw_clear || memmem(block, (size_t)n, "QUIT", 4) != NULL;
	}
	close(v->fd);
	return NULL;
}

/* A Unix socket knows no reset. */
static void start_server(struct server *v, struct stream *s)
{
	int ends[2];

	if (v->refusal != NULL)
		unit_tcp_pair(ends);
	else
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	v->fd = ends[0];
	stream_init(s, ends[1]);
	ck_assert_int_eq(pthread_create(&v->thread, NULL, serve, v), 0);
}

static void end(struct server *v, struct stream *s)
{
	stream_close(s);
	pthread_join(v->thread, NULL);
}

static struct tls_config trusting(void)
{
	return (struct tls_config){ .name = "mail.example", .verify = true, .trust_file = path_of("ca") };
}

static void expect_echo(struct stream *s, const char *text)
{
	struct status st = { .text = "" };
	struct buf line;
	bool ok;

	buf_init(&line, STREAM_LINE_MAX);
	ok = stream_write(s, text, strlen(text), deadline_in(3000), &st)
	     && stream_write(s, "\r\n", 2, deadline_in(3000), &st)
	     && stream_flush(s, deadline_in(3000), &st)
	     && stream_read_line(s, &line, deadline_in(3000), &st);
	ck_assert_msg(ok, "%s", st.text);
	ck_assert_str_eq(line.data, text);
	buf_release(&line);
}

/*
 * Who is let in.
 */

/* The pin of row PIN_* is filled in from the certificate. */
enum pin { NO_PIN, PIN_SHA256, PIN_SHA1, PIN_SPKI, PIN_OTHER, PIN_SECOND };

static const struct {
	enum who who;
	const char *name;          /* NULL: mail.example */
	const char *priorities;    /* the server's */
	enum pin pin;
	bool unchecked, foreign;   /* tls_certcheck off; the system's trust */
	const char *refused;       /* a part of the error; NULL: let in */
} rows[] = {
	{ .who = GOOD },
	{ .who = GOOD, .name = "MAIL.Example." },
	{ .who = GOOD, .priorities = "NORMAL:-VERS-TLS1.3" },
	{ .who = ADDRESS, .name = "192.0.2.1" },
	{ .who = ADDRESS, .name = "192.0.2.2", .refused = "is for 192.0.2.1, not for 192.0.2.2" },
	{ .who = ADDRESS, .refused = "is for 192.0.2.1, not for mail.example" },
	{ .who = WRONG_NAME, .refused = "certificate of mail.example: it is for other.example, "
	                                "192.0.2.7, not for mail.example (tls_host_override?)" },
	{ .who = WRONG_NAME, .refused = "tls_fingerprint " },
	{ .who = GOOD, .name = "example", .refused = "not for example" },
	{ .who = GOOD, .name = "xmail.example", .refused = "not for xmail.example" },
	{ .who = EXPIRED, .refused = "it expired on 20" },
	{ .who = FUTURE, .refused = "it is not valid before 20" },
	{ .who = SELF_SIGNED, .refused = "it is self-signed and not in tls_trust_file" },
	{ .who = GOOD, .foreign = true, .refused = "its issuer \"Test CA\" is unknown (tls_trust_file?)" },
	{ .who = EXPIRED, .name = "b", .refused = "is for mail.example, not for b (tls_host_override?); "
	                                          "it expired" },
	{ .who = EXPIRED, .unchecked = true },
	{ .who = SELF_SIGNED, .name = "b", .unchecked = true },
	{ .who = SELF_SIGNED, .pin = PIN_SHA256 },
	{ .who = SELF_SIGNED, .pin = PIN_SHA1 },
	{ .who = SELF_SIGNED, .pin = PIN_SPKI, .name = "192.0.2.9" },
	{ .who = EXPIRED, .pin = PIN_SECOND },
	{ .who = GOOD, .pin = PIN_OTHER, .refused = "no tls_fingerprint matches; tls_fingerprint " },
	{ .who = GOOD, .pin = PIN_OTHER, .unchecked = true, .refused = "no tls_fingerprint matches" },
	{ .who = GOOD, .priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.1", .refused = "older than 1.2" },
	{ .who = GOOD, .priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.1", .unchecked = true,
	  .refused = "older than 1.2" },
};

static char *pin_of(enum who who, enum pin pin)
{
	unsigned char octets[32] = { 1 };
	size_t n = pin == PIN_SHA1 ? 20 : sizeof(octets);
	struct buf b;

	if (pin == PIN_SPKI)
		must(gnutls_x509_crt_get_key_id(people[who].crt, GNUTLS_KEYID_USE_SHA256, octets, &n));
	else if (pin != PIN_OTHER)
		must(gnutls_x509_crt_get_fingerprint(people[who].crt,
		                                     pin == PIN_SHA1 ? GNUTLS_DIG_SHA1
		                                                     : GNUTLS_DIG_SHA256, octets, &n));
	buf_init(&b, 200);
	buf_puts(&b, pin == PIN_SPKI ? "spki:sha256:" : "");
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, i ? ":%02x" : "%02x", octets[i]);
	return buf_detach(&b);
}

START_TEST(lets_in_whom_it_should)
{
	struct server v = { .who = rows[_i].who, .priorities = rows[_i].priorities };
	char *other = pin_of(CA, PIN_SHA256), *pin = pin_of(rows[_i].who, rows[_i].pin);
	char *pins[] = { rows[_i].pin == PIN_SECOND ? other : pin, pin, NULL };
	struct tls_config c = trusting();
	struct status st = { .text = "" };
	struct stream s;
	bool ok;

	if (rows[_i].name != NULL)
		c.name = rows[_i].name;
	c.fingerprints = rows[_i].pin == NO_PIN ? NULL : pins;
	c.verify = !rows[_i].unchecked;
	if (rows[_i].foreign)
		c.trust_file = NULL;
	start_server(&v, &s);
	ok = tls_start(&s, &c, deadline_in(3000), &st);
	ck_assert_msg(ok == (rows[_i].refused == NULL), "%s", st.text);
	ck_assert_int_eq(tls_is_on(&s), ok);
	if (ok) {
		expect_echo(&s, "NOOP");
	} else {
		ck_assert_msg(strstr(st.text, rows[_i].refused) != NULL, "%s", st.text);
		ck_assert_int_eq(st.sysexit, EX_TEMPFAIL);
		ck_assert_int_eq(st.wait, WAIT_HOST);
	}
	end(&v, &s);
	ck_assert(v.saw_close_notify == ok);
	free(other);
	free(pin);
}
END_TEST

/* Behind a failed handshake not an octet may follow in the clear. */
START_TEST(nothing_follows_a_refusal)
{
	struct server v = { .instead = "250 ok\r\n", .instead_len = 8 };
	struct tls_config c = trusting();
	struct status st;
	struct stream s;

	start_server(&v, &s);
	ck_assert(!tls_start(&s, &c, deadline_in(3000), &st));
	ck_assert(!stream_write(&s, "QUIT\r\n", 6, deadline_in(1000), &st)
	          || !stream_flush(&s, deadline_in(1000), &st));
	end(&v, &s);
	ck_assert(!v.saw_clear);
}
END_TEST

/*
 * Files and settings of ours.
 */

static const struct {
	const char *trust, *cert, *key, *priorities;
	const char *refused;       /* NULL: fine */
	bool shown;                /* the server sees a certificate */
} settings[] = {
	{ .trust = "ca" },
	{ .trust = "none", .refused = "No such file" },
	{ .trust = "junk", .refused = "no certificate in it" },
	{ .trust = "ca", .cert = "cert", .key = "key", .shown = true },
	{ .trust = "ca", .cert = "both", .shown = true },
	{ .trust = "ca", .cert = "none", .refused = "none: No such file" },
	{ .trust = "ca", .cert = "cert", .key = "none", .refused = "none: No such file" },
	{ .trust = "ca", .cert = "cert", .key = "other-key", .refused = "is not the key of" },
	{ .trust = "ca", .cert = "cert", .key = "encrypted", .refused = "the key is encrypted" },
	{ .trust = "ca", .cert = "cert", .key = "junk", .refused = "junk: " },
	{ .trust = "ca", .priorities = "NORMAL:%COMPAT" },
	{ .trust = "ca", .priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.2" },
	{ .trust = "ca", .priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0",
	  .refused = "nothing is left of TLS 1.2" },
	{ .trust = "ca", .priorities = "NORMALLY", .refused = "tls_priorities NORMALLY: " },
};

START_TEST(uses_our_files)
{
	struct server v = { .who = GOOD, .ask = true };
	struct tls_config c = trusting();
	struct tls_info info;
	struct status st = { .text = "" };
	struct stream s;
	bool ok;

	c.trust_file = path_of(settings[_i].trust);
	c.cert_file = settings[_i].cert ? path_of(settings[_i].cert) : NULL;
	c.key_file = settings[_i].key ? path_of(settings[_i].key) : NULL;
	c.priorities = settings[_i].priorities;
	if (c.priorities != NULL)
		ck_assert_int_eq(tls_check_priorities(c.priorities), settings[_i].refused == NULL);
	start_server(&v, &s);
	ok = tls_start(&s, &c, deadline_in(3000), &st);
	ck_assert_msg(ok == (settings[_i].refused == NULL), "%s", st.text);
	if (ok) {
		expect_echo(&s, "NOOP");
		tls_describe(&s, &info);
		ck_assert_int_eq(info.client_certificate, settings[_i].shown);
	} else {
		ck_assert_msg(strstr(st.text, settings[_i].refused) != NULL, "%s", st.text);
		ck_assert_int_eq(st.sysexit, EX_CONFIG);
		ck_assert_int_eq(st.wait, WAIT_NOTHING);
	}
	end(&v, &s);
	ck_assert_int_eq(v.saw_certificate, settings[_i].shown);
}
END_TEST

/* With TLS 1.2 the handshake fails, with 1.3 the alert comes behind it. */
START_TEST(a_missing_client_certificate_is_said)
{
	struct server v = { .who = GOOD, .require = true,
		            .priorities = _i ? "NORMAL" : "NORMAL:-VERS-TLS1.3" };
	struct tls_config c = trusting();
	struct status st = { .text = "" };
	struct stream s;
	struct buf line;

	buf_init(&line, STREAM_LINE_MAX);
	start_server(&v, &s);
	ck_assert(!tls_start(&s, &c, deadline_in(3000), &st)
	          || !stream_read_line(&s, &line, deadline_in(3000), &st));
	ck_assert_msg(strstr(st.text, "the server gave up TLS: ") != NULL, "%s", st.text);
	end(&v, &s);
	buf_release(&line);
}
END_TEST

/*
 * The connection.
 */

static const struct {
	const char *priorities, *version;
	size_t len[BINDINGS];      /* exporter, unique, end point */
} versions[] = {
	{ "NORMAL:-VERS-TLS1.3", "TLS1.2", { 0, 12, 32 } },
	{ "NORMAL", "TLS1.3", { 32, 0, 32 } },
};

START_TEST(both_ends_have_the_same_bindings)
{
	struct server v = { .who = GOOD, .priorities = versions[_i].priorities };
	struct tls_config c = trusting();
	struct buf mine[BINDINGS];
	struct status st;
	struct stream s;

	start_server(&v, &s);
	ck_assert(tls_start(&s, &c, deadline_in(3000), &st));
	for (int i = 0; i < BINDINGS; i++) {
		buf_init(&mine[i], 100);
		ck_assert_int_eq(tls_binding(&s, i, &mine[i]), versions[_i].len[i] > 0);
		ck_assert_uint_eq(mine[i].len, versions[_i].len[i]);
	}
	expect_echo(&s, "NOOP");
	end(&v, &s);
	for (int i = 0; i < BINDINGS; i++) {
		if (mine[i].len > 0) {
			ck_assert_uint_eq(mine[i].len, v.binding_len[i]);
			ck_assert_mem_eq(mine[i].data, v.binding[i], mine[i].len);
		}
		buf_release(&mine[i]);
	}
}
END_TEST

START_TEST(describes_itself)
{
	struct server v = { .who = GOOD, .priorities = versions[_i].priorities };
	struct tls_config c = trusting();
	struct tls_info info;
	struct fingerprint pin;
	struct status st;
	struct stream s;
	char *pins[2] = { NULL };

	start_server(&v, &s);
	tls_describe(&s, &info);
	ck_assert_str_eq(info.version, "");
	ck_assert(tls_start(&s, &c, deadline_in(3000), &st));
	tls_describe(&s, &info);
	end(&v, &s);
	ck_assert_str_eq(info.version, versions[_i].version);
	ck_assert_msg(strstr(info.cipher, "AES") != NULL, "%s", info.cipher);
	ck_assert(v.saw_name);
	for (int i = 0; i < 2; i++) { /* what it prints can be pinned */
		pins[0] = i ? info.spki : info.sha256;
		ck_assert_ptr_null(fingerprint_parse(pins[0], &pin));
		c.name = "nobody.example";
		c.fingerprints = pins;
		start_server(&v, &s);
		ck_assert(tls_start(&s, &c, deadline_in(3000), &st));
		end(&v, &s);
	}
}
END_TEST

START_TEST(carries_much)
{
	struct server v = { .who = GOOD, .priorities = versions[_i].priorities };
	struct tls_config c = trusting();
	char *block = alloc(1 << 20), *back = alloc(1 << 20);
	struct status st = { .text = "" };
	struct stream s;

	for (size_t i = 0; i < 1 << 20; i++)
		block[i] = (char)(i * 7 + i / 251);
	start_server(&v, &s);
	ck_assert(tls_start(&s, &c, deadline_in(3000), &st));
	/* The echo of 60 kB fits into the input buffer; the rest must come while we write. */
	for (size_t at = 0; at < 1 << 20; at += 1 << 15) {
		ck_assert_msg(stream_write(&s, block + at, 1 << 15, deadline_in(3000), &st), "%s", st.text);
		ck_assert_msg(stream_flush(&s, deadline_in(3000), &st), "%s", st.text);
		ck_assert_msg(stream_read(&s, back + at, 1 << 15, deadline_in(3000), &st), "%s", st.text);
	}
	ck_assert_mem_eq(block, back, 1 << 20);
	end(&v, &s);
	free(block);
	free(back);
}
END_TEST

START_TEST(declines_a_rehandshake)
{
	struct server v = { .who = GOOD, .rehandshake = true, .priorities = "NORMAL:-VERS-TLS1.3" };
	struct tls_config c = trusting();
	struct status st;
	struct stream s;

	start_server(&v, &s);
	ck_assert(tls_start(&s, &c, deadline_in(3000), &st));
	expect_echo(&s, "NOOP");
	expect_echo(&s, "RSET");
	end(&v, &s);
	ck_assert(v.saw_decline);
}
END_TEST

START_TEST(a_cut_is_a_close)
{
	struct server v = { .who = GOOD, .cut = true, .priorities = versions[_i].priorities };
	struct tls_config c = trusting();
	struct status st;
	struct stream s;
	struct buf line;

	buf_init(&line, STREAM_LINE_MAX);
	start_server(&v, &s);
	ck_assert(tls_start(&s, &c, deadline_in(3000), &st));
	expect_echo(&s, "NOOP");
	ck_assert(!stream_read_line(&s, &line, deadline_in(3000), &st));
	ck_assert_str_eq(st.text, "connection closed by the server");
	/* Writing to it is an error, not a signal. */
	ck_assert(!stream_write(&s, "NOOP\r\n", 6, deadline_in(1000), &st)
	          || !stream_flush(&s, deadline_in(1000), &st));
	ck_assert_str_eq(st.text, "connection closed by the server");
	end(&v, &s);
	buf_release(&line);
}
END_TEST

START_TEST(the_refusal_before_a_reset_is_read)
{
	static const char block[100000];
	struct server v = { .who = GOOD, .refusal = "552 5.3.4 too big\r\n",
		            .priorities = versions[_i].priorities };
	struct tls_config c = trusting();
	struct status st = { .text = "" };
	struct stream s;
	struct buf line;

	buf_init(&line, STREAM_LINE_MAX);
	start_server(&v, &s);
	ck_assert(tls_start(&s, &c, deadline_in(3000), &st));
	while (stream_write(&s, block, sizeof(block), deadline_in(3000), &st))
		;
	ck_assert_msg(str_starts(st.text, "connection "), "%s", st.text);
	ck_assert_msg(stream_read_line(&s, &line, deadline_in(1000), &st), "%s", st.text);
	ck_assert_str_eq(line.data, "552 5.3.4 too big");
	ck_assert(!stream_read_line(&s, &line, deadline_in(1000), &st));
	end(&v, &s);
	buf_release(&line);
}
END_TEST

/* What the peer says instead of a handshake. */
static const struct {
	const char *says;
	size_t len;
	const char *refused;
} others[] = {
	{ "", 0, "TLS handshake: timed out" },
	{ "220 mail.example ESMTP\r\n", 24, "TLS handshake: the server does not speak TLS here (tls_starttls?)" },
	{ "\x16\x03\x03", 3, "TLS handshake: timed out" },
	{ "\x15\x03\x03\x00\x02\x02\x28", 7, "TLS handshake: the server gave up TLS: Handshake failed" },
};

START_TEST(not_a_handshake)
{
	struct server v = { .instead = others[_i].says, .instead_len = others[_i].len };
	struct tls_config c = trusting();
	struct status st;
	struct stream s;

	start_server(&v, &s);
	ck_assert(!tls_start(&s, &c, deadline_in(100), &st));
	ck_assert_str_eq(st.text, others[_i].refused);
	ck_assert_int_eq(st.wait, WAIT_HOST);
	end(&v, &s);
}
END_TEST

START_TEST(closing_in_the_handshake)
{
	struct tls_config c = trusting();
	struct status st;
	struct stream s;
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	stream_init(&s, ends[0]);
	shutdown(ends[1], SHUT_WR);
	ck_assert(!tls_start(&s, &c, deadline_in(1000), &st));
	ck_assert_str_eq(st.text, "TLS handshake: connection closed by the server");
	stream_close(&s);
	close(ends[1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("net/tls");
	TCase *tc = tcase_create("tls");

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, lets_in_whom_it_should, 0, COUNT_OF(rows));
	tcase_add_test(tc, nothing_follows_a_refusal);
	tcase_add_loop_test(tc, uses_our_files, 0, COUNT_OF(settings));
	tcase_add_loop_test(tc, a_missing_client_certificate_is_said, 0, 2);
	tcase_add_loop_test(tc, both_ends_have_the_same_bindings, 0, COUNT_OF(versions));
	tcase_add_loop_test(tc, describes_itself, 0, COUNT_OF(versions));
	tcase_add_loop_test(tc, carries_much, 0, COUNT_OF(versions));
	tcase_add_test(tc, declines_a_rehandshake);
	tcase_add_loop_test(tc, a_cut_is_a_close, 0, COUNT_OF(versions));
	tcase_add_loop_test(tc, the_refusal_before_a_reset_is_read, 0, COUNT_OF(versions));
	tcase_add_loop_test(tc, not_a_handshake, 0, COUNT_OF(others));
	tcase_add_test(tc, closing_in_the_handshake);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
