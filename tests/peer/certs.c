#include "certs.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/str.h"

enum { DAY = 24 * 60 * 60 };

struct pair {
	gnutls_x509_crt_t cert;
	gnutls_x509_privkey_t key;
};

/* Who the certificate is for; days relative to now. */
static const struct kind {
	const char *file, *common_name;
	bool localhost;
	int from, until;
	bool self_signed;
	const char *purpose;
} kinds[] = {
	{ "good", "localhost", true, -1, 60, false, GNUTLS_KP_TLS_WWW_SERVER },
	{ "wrongname", "wrong.example", false, -1, 60, false, GNUTLS_KP_TLS_WWW_SERVER },
	{ "ending", "localhost", true, -1, 5, false, GNUTLS_KP_TLS_WWW_SERVER },
	{ "expired", "localhost", true, -3, -1, false, GNUTLS_KP_TLS_WWW_SERVER },
	{ "future", "localhost", true, 1, 3, false, GNUTLS_KP_TLS_WWW_SERVER },
	{ "selfsigned", "localhost", true, -1, 60, true, GNUTLS_KP_TLS_WWW_SERVER },
	{ "client", "alice", false, -1, 2, false, GNUTLS_KP_TLS_WWW_CLIENT },
};

static bool write_file(const char *dir, const char *name, const char *suffix, const void *p, size_t n)
{
	char path[4096];
	FILE *f;
	bool ok;

	snprintf(path, sizeof path, "%s/%s.%s", dir, name, suffix);
	f = fopen(path, "we");
	ok = f != NULL && fwrite(p, 1, n, f) == n;
	return f != NULL && fclose(f) == 0 && ok;
}

static bool write_pair(const char *dir, const char *name, const struct pair *p)
{
	gnutls_datum_t cert = { NULL, 0 }, key = { NULL, 0 };
	bool ok;

	ok = gnutls_x509_crt_export2(p->cert, GNUTLS_X509_FMT_PEM, &cert) >= 0
	     && gnutls_x509_privkey_export2(p->key, GNUTLS_X509_FMT_PEM, &key) >= 0
	     && write_file(dir, name, "pem", cert.data, cert.size)
	     && write_file(dir, name, "key", key.data, key.size);
	gnutls_free(cert.data);
	gnutls_free(key.data);
	return ok;
}

static bool write_hex(const char *dir, const char *suffix, const unsigned char *p, size_t n)
{
	struct buf hex;
	bool ok;

	buf_init(&hex, 256);
	for (size_t i = 0; i < n; i++)
		buf_printf(&hex, "%s%02X", i > 0 ? ":" : "", p[i]);
	ok = write_file(dir, "good", suffix, hex.data, hex.len);
	buf_release(&hex);
	return ok;
}

static bool write_fingerprints(const char *dir, const struct pair *p)
{
	unsigned char hash[32];
	size_t n = sizeof hash;
	gnutls_pubkey_t key;
	gnutls_datum_t der = { NULL, 0 };
	bool ok;

	gnutls_pubkey_init(&key);
	ok = gnutls_x509_crt_get_fingerprint(p->cert, GNUTLS_DIG_SHA256, hash, &n) >= 0
	     && write_hex(dir, "sha256", hash, n)
	     && gnutls_pubkey_import_x509(key, p->cert, 0) >= 0
	     && gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der) >= 0
	     && gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.size, hash) >= 0
	     && write_hex(dir, "spki", hash, sizeof hash);
	gnutls_free(der.data);
	gnutls_pubkey_deinit(key);
	return ok;
}

/* A key, and a certificate for it that only lacks its signature. */
static void pair_init(struct pair *p, const char *common_name, int from, int until)
{
	unsigned char serial[12];
	time_t now = time(NULL);

	gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial);
	serial[0] = (serial[0] & 0x7f) | 1;     /* positive, no leading zero */
	gnutls_x509_privkey_init(&p->key);
	gnutls_x509_privkey_generate(p->key, GNUTLS_PK_EC,
	                             GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	gnutls_x509_crt_init(&p->cert);
	gnutls_x509_crt_set_version(p->cert, 3);
	gnutls_x509_crt_set_key(p->cert, p->key);
	gnutls_x509_crt_set_serial(p->cert, serial, sizeof serial);
	gnutls_x509_crt_set_activation_time(p->cert, now + (time_t)from * DAY);
	gnutls_x509_crt_set_expiration_time(p->cert, now + (time_t)until * DAY);
	gnutls_x509_crt_set_dn_by_oid(p->cert, GNUTLS_OID_X520_COMMON_NAME, 0, common_name,
	                              (unsigned)strlen(common_name));
}

static void pair_release(struct pair *p)
{
	gnutls_x509_crt_deinit(p->cert);
	gnutls_x509_privkey_deinit(p->key);
}

static bool make_authority(const char *dir, struct pair *ca)
{
	pair_init(ca, "mailchute tests", -9, 90);
	gnutls_x509_crt_set_ca_status(ca->cert, 1);
	gnutls_x509_crt_set_key_usage(ca->cert, GNUTLS_KEY_KEY_CERT_SIGN);
	return gnutls_x509_crt_sign2(ca->cert, ca->cert, ca->key, GNUTLS_DIG_SHA256, 0) >= 0
	       && write_pair(dir, "ca", ca);
}

static void add_names(const struct pair *p, const struct kind *k)
{
	static const unsigned char v4[] = { 127, 0, 0, 1 }, v6[16] = { [15] = 1 };

	gnutls_x509_crt_set_subject_alt_name(p->cert, GNUTLS_SAN_DNSNAME, k->common_name,
	                                     (unsigned)strlen(k->common_name), GNUTLS_FSAN_SET);
	if (!k->localhost)
		return;
	gnutls_x509_crt_set_subject_alt_name(p->cert, GNUTLS_SAN_IPADDRESS, v4, sizeof v4,
	                                     GNUTLS_FSAN_APPEND);
	gnutls_x509_crt_set_subject_alt_name(p->cert, GNUTLS_SAN_IPADDRESS, v6, sizeof v6,
	                                     GNUTLS_FSAN_APPEND);
}

static bool make(const char *dir, const struct kind *k, const struct pair *ca)
{
	struct pair p;
	bool ok;

	pair_init(&p, k->common_name, k->from, k->until);
	add_names(&p, k);
	gnutls_x509_crt_set_key_usage(p.cert, GNUTLS_KEY_DIGITAL_SIGNATURE);
	gnutls_x509_crt_set_key_purpose_oid(p.cert, k->purpose, 0);
	if (k->self_signed)
		ca = &p;
	ok = gnutls_x509_crt_sign2(p.cert, ca->cert, ca->key, GNUTLS_DIG_SHA256, 0) >= 0
	     && write_pair(dir, k->file, &p);
	if (ok && strcmp(k->file, "good") == 0)
		ok = write_fingerprints(dir, &p);
	pair_release(&p);
	return ok;
}

bool certs_make(const char *dir)
{
	struct pair ca;
	bool ok = make_authority(dir, &ca);

	for (size_t i = 0; ok && i < COUNT_OF(kinds); i++)
		ok = make(dir, &kinds[i], &ca);
	pair_release(&ca);
	return ok;
}
