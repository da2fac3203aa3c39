#include "net/certificate.h"

#include "base/clock.h"
#include "base/str.h"
#include "net/fingerprint.h"
#include "net/resolve.h"

#include <gnutls/x509.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { NAMES_SHOWN_MAX = 120, DN_SHOWN_MAX = 400 };

/* What is to be judged, and as whose. */
struct shown {
	gnutls_session_t session;
	gnutls_x509_crt_t crt;
	const char *name;
	const struct tls_config *config;
};

/* The i-th of what the server showed, its own first. */
static bool import_peer(gnutls_session_t session, unsigned i, gnutls_x509_crt_t *out)
{
	unsigned n;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(session, &n);

	if (list == NULL || i >= n || gnutls_x509_crt_init(out) < 0)
		return false;
	if (gnutls_x509_crt_import(*out, &list[i], GNUTLS_X509_FMT_DER) == 0)
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

static void explain_name(const struct shown *s, struct buf *out)
{
	buf_puts(out, "it is for ");
	add_names(s->crt, out);
	buf_printf(out, ", not for %s (tls_host_override?)", s->name);
}

static void explain_expiry(const struct shown *s, struct buf *out)
{
	time_t end = gnutls_x509_crt_get_expiration_time(s->crt);

	if (end >= time(NULL)) {
		buf_puts(out, "one that it is signed with has expired");
		return;
	}
	buf_puts(out, "it expired on ");
	clock_print(end, out);
}

static void explain_activation(const struct shown *s, struct buf *out)
{
	buf_puts(out, "it is not valid before ");
	clock_print(gnutls_x509_crt_get_activation_time(s->crt), out);
	buf_puts(out, " (is the clock right?)");
}

static void explain_issuer(const struct shown *s, struct buf *out)
{
	char cn[128];
	size_t n = sizeof(cn);

	if (gnutls_x509_crt_check_issuer(s->crt, s->crt)) {
		buf_puts(out, "it is self-signed");
	} else {
		buf_puts(out, "its issuer");
		if (gnutls_x509_crt_get_issuer_dn_by_oid(s->crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, cn, &n)
		    == 0) {
			buf_puts(out, " \"");
			str_escape(out, cn, n);
			buf_putc(out, '"');
		}
		buf_puts(out, " is unknown");
	}
	if (s->config->trust_file != NULL)
		buf_printf(out, " and not in tls_trust_file %s", s->config->trust_file);
	else
		buf_puts(out, " (tls_trust_file?)");
}

static const char other_certificate[] =
	"ask who runs the server for one that is in order; tls_fingerprint can pin this one until then";

static const struct problem {
	unsigned flag;
	const char *words;
	void (*explain)(const struct shown *s, struct buf *out);
	const char *remedy;        /* NULL: another certificate */
} problems[] = {
	{ GNUTLS_CERT_UNEXPECTED_OWNER, NULL, explain_name,
	  "set `host` to a name that it is for, or tls_host_override if the server is the right one" },
	{ GNUTLS_CERT_EXPIRED, NULL, explain_expiry,
	  "have who runs the server renew it; if it is not late yet, set this machine's clock" },
	{ GNUTLS_CERT_NOT_ACTIVATED, NULL, explain_activation,
	  "set this machine's clock; if it is right, ask who runs the server" },
	{ GNUTLS_CERT_SIGNER_NOT_FOUND, NULL, explain_issuer,
	  "set tls_trust_file to the authority's certificate, or pin this one with tls_fingerprint, once compared" },
	{ GNUTLS_CERT_SIGNER_NOT_CA, "its issuer is no CA", NULL, NULL },
	{ GNUTLS_CERT_REVOKED, "it was revoked", NULL, NULL },
	{ GNUTLS_CERT_INSECURE_ALGORITHM, "it is signed with an algorithm that is not secure", NULL, NULL },
	{ GNUTLS_CERT_SIGNATURE_FAILURE, "its signature is wrong", NULL, NULL },
	{ GNUTLS_CERT_PURPOSE_MISMATCH, "it is not for servers", NULL, NULL },
	{ GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, "its issuer may not issue it", NULL, NULL },
	{ GNUTLS_CERT_MISSING_OCSP_STATUS, "the server sent no OCSP status, which it asks for", NULL, NULL },
	{ GNUTLS_CERT_INVALID_OCSP_STATUS, "the OCSP status that the server sent is not valid", NULL, NULL },
};

/* What is wrong into `out`; the remedy is the first's. */
static const char *explain(const struct shown *s, unsigned flags, struct buf *out)
{
	size_t start = out->len;
	const char *remedy = NULL;

	for (size_t i = 0; i < COUNT_OF(problems); i++) {
		if ((flags & problems[i].flag) == 0)
			continue;
		buf_puts(out, out->len > start ? "; " : "");
		if (problems[i].explain != NULL)
			problems[i].explain(s, out);
		else
			buf_puts(out, problems[i].words);
		if (remedy == NULL)
			remedy = problems[i].remedy;
	}
	if (out->len == start)
		buf_puts(out, "it is not valid");
	return remedy != NULL ? remedy : other_certificate;
}

/* The fingerprint shows what was seen, to compare or to pin. */
static bool refuse(const struct shown *s, const char *why, const char *remedy, struct status *st)
{
	struct buf print;

	buf_init(&print, 128);
	add_fingerprint(s->crt, false, &print);
	status_defer(st, WAIT_HOST, EX_TEMPFAIL, "certificate of %s: %s; tls_fingerprint %s would "
	             "accept it", s->name, why, print.data);
	buf_release(&print);
	return status_advise(st, remedy);
}

/* Chain and name.  False with the flags of what is wrong. */
static bool verify_chain(const struct shown *s, unsigned *flags)
{
	struct endpoint e;
	gnutls_typed_vdata_st data[] = {
		{ .type = GNUTLS_DT_DNS_HOSTNAME, .data = (unsigned char *)s->name },
		{ .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)GNUTLS_KP_TLS_WWW_SERVER },
	};

	if (resolve_number(s->name, 0, &e)) {
		bool v4 = e.sa.ss_family == AF_INET;

		data[0].type = GNUTLS_DT_IP_ADDRESS;
		data[0].data = v4 ? (unsigned char *)&((struct sockaddr_in *)&e.sa)->sin_addr
		                  : (unsigned char *)&((struct sockaddr_in6 *)&e.sa)->sin6_addr;
		data[0].size = v4 ? 4 : 16;
	}
	*flags = 0;
	return gnutls_certificate_verify_peers(s->session, data, COUNT_OF(data), flags) == 0
	       && *flags == 0;
}

static bool judge(const struct shown *s, struct status *st)
{
	const char *remedy;
	struct buf why;
	unsigned flags;

	if (certificate_is_pinned(s->config))
		return matches_pin(s->crt, s->config->fingerprints)
		       || refuse(s, "no tls_fingerprint matches", "compare it with what who runs the server says; if "
		                 "that is the new one, set tls_fingerprint to it", st);
	if (verify_chain(s, &flags))
		return true;
	buf_init(&why, 350); /* leaves room for the fingerprint */
	remedy = explain(s, flags, &why);
	refuse(s, why.data, remedy, st);
	buf_release(&why);
	return false;
}

bool certificate_is_pinned(const struct tls_config *c)
{
	return c->fingerprints != NULL && c->fingerprints[0] != NULL;
}

bool certificate_accept(gnutls_session_t session, const struct tls_config *c, const char *name,
                        struct status *st)
{
	struct shown s = { .session = session, .name = name, .config = c };
	bool ok;

	if (!import_peer(session, 0, &s.crt))
		return status_defer(st, WAIT_HOST, EX_TEMPFAIL, "certificate of %s: it cannot be read", name);
	ok = judge(&s, st);
	gnutls_x509_crt_deinit(s.crt);
	return ok;
}

static void print_fingerprint(gnutls_x509_crt_t crt, bool spki, char *to, size_t size)
{
	struct buf b;

	buf_init(&b, size - 1);
	add_fingerprint(crt, spki, &b);
	memcpy(to, b.data, b.len + 1);
	buf_release(&b);
}

void certificate_describe(gnutls_session_t session, struct tls_info *out)
{
	gnutls_x509_crt_t crt;

	if (!import_peer(session, 0, &crt))
		return;
	print_fingerprint(crt, false, out->sha256, sizeof(out->sha256));
	print_fingerprint(crt, true, out->spki, sizeof(out->spki));
	out->expires = gnutls_x509_crt_get_expiration_time(crt);
	gnutls_x509_crt_deinit(crt);
}

/* A name as RFC 4514 writes it. */
static void add_dn(gnutls_x509_crt_t crt, bool issuer, struct buf *out)
{
	gnutls_datum_t dn;
	int rc = issuer ? gnutls_x509_crt_get_issuer_dn3(crt, &dn, 0) : gnutls_x509_crt_get_dn3(crt, &dn, 0);

	if (rc < 0)
		return;
	str_escape(out, (const char *)dn.data, dn.size);
	gnutls_free(dn.data);
}

static void show(gnutls_x509_crt_t crt, void (*each)(void *arg, const struct tls_certificate *c), void *arg)
{
	struct tls_certificate c = {
		.from = gnutls_x509_crt_get_activation_time(crt),
		.until = gnutls_x509_crt_get_expiration_time(crt),
	};
	struct buf subject, issuer, names;

	buf_init(&subject, DN_SHOWN_MAX);
	buf_init(&issuer, DN_SHOWN_MAX);
	buf_init(&names, 2 * NAMES_SHOWN_MAX);
	add_dn(crt, false, &subject);
	add_dn(crt, true, &issuer);
	if (gnutls_x509_crt_get_ca_status(crt, NULL) != 1)
		add_names(crt, &names);
	print_fingerprint(crt, false, c.sha256, sizeof(c.sha256));
	print_fingerprint(crt, true, c.spki, sizeof(c.spki));
	c.subject = subject.data;
	c.issuer = issuer.data;
	c.names = names.data;
	each(arg, &c);
	buf_release(&subject);
	buf_release(&issuer);
	buf_release(&names);
}

void certificate_show(gnutls_session_t session, void (*each)(void *arg, const struct tls_certificate *c),
                      void *arg)
{
	gnutls_x509_crt_t crt;

	for (unsigned i = 0; import_peer(session, i, &crt); i++) {
		show(crt, each, arg);
		gnutls_x509_crt_deinit(crt);
	}
}
