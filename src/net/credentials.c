#include "net/credentials.h"

#include "base/alloc.h"
#include "base/io.h"
#include "net/certificate.h"

#include <gnutls/x509.h>

enum { PEM_MAX = 16 * 1024 * 1024 };

static bool read_pem(const char *key, const char *path, struct buf *out, struct status *st)
{
	buf_init(out, PEM_MAX);
	return io_read_file(path, out, st) || status_fail(st, EX_CONFIG, "%s %s", key, st->text);
}

static gnutls_datum_t datum(const struct buf *b)
{
	return (gnutls_datum_t){ .data = (unsigned char *)b->data, .size = (unsigned)b->len };
}

static bool load_trust_file(gnutls_certificate_credentials_t to, const char *path, struct status *st)
{
	struct buf pem;
	gnutls_datum_t d;
	bool ok = read_pem("tls_trust_file", path, &pem, st);

	d = datum(&pem);
	ok = ok && (gnutls_certificate_set_x509_trust_mem(to, &d, GNUTLS_X509_FMT_PEM) > 0
	            || status_fail(st, EX_CONFIG, "tls_trust_file %s: no certificate in it", path));
	buf_release(&pem);
	return ok;
}

static bool load_trust(gnutls_certificate_credentials_t to, const struct tls_config *c, struct status *st)
{
	if (!c->verify || certificate_is_pinned(c))
		return true;
	if (c->trust_file != NULL)
		return load_trust_file(to, c->trust_file, st);
	return gnutls_certificate_set_x509_system_trust(to) > 0
	       || status_fail(st, EX_CONFIG, "this system trusts no certificate authority: "
	                      "install ca-certificates or set tls_trust_file");
}

static bool set_key(gnutls_certificate_credentials_t to, const struct tls_config *c,
                    const char *key_file, const struct buf *cert, const struct buf *key, struct status *st)
{
	gnutls_datum_t c_pem = datum(cert), k_pem = datum(key);
	int rc = gnutls_certificate_set_x509_key_mem2(to, &c_pem, &k_pem, GNUTLS_X509_FMT_PEM, NULL, 0);

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

static bool load_key(gnutls_certificate_credentials_t to, const struct tls_config *c, struct status *st)
{
	const char *key_file = c->key_file ? c->key_file : c->cert_file;
	struct buf cert, key;
	bool ok;

	if (c->cert_file == NULL)
		return true;
	buf_init(&key, PEM_MAX);
	ok = read_pem("tls_cert_file", c->cert_file, &cert, st)
	     && read_pem("tls_key_file", key_file, &key, st)
	     && set_key(to, c, key_file, &cert, &key, st);
	buf_wipe(&cert);
	buf_wipe(&key);
	return ok;
}

bool credentials_load(gnutls_certificate_credentials_t *out, const struct tls_config *c, struct status *st)
{
	if (gnutls_certificate_allocate_credentials(out) < 0)
		alloc_failed();
	return load_trust(*out, c, st) && load_key(*out, c, st);
}
