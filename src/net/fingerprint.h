#ifndef NET_FINGERPRINT_H
#define NET_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * A certificate that tls_fingerprint pins: the hash of the certificate, or
 * ("spki:") of its public key alone, which outlives a renewal with the same key.
 *
 *	[sha256:]AA:BB:..    32 octets, the colons as you like
 *	[sha1:]AA:BB:..      20 octets, as msmtp still takes them
 *	spki:sha256:AABB..   32 octets
 */
struct fingerprint {
	bool spki;
	size_t len;                /* 32: SHA-256; 20: SHA-1 */
	unsigned char octets[32];
};

/* NULL if `text` is one, else what is wrong with it. */
const char *fingerprint_parse(const char *text, struct fingerprint *out);

/* In a form that fingerprint_parse takes. */
void fingerprint_print(const struct fingerprint *f, struct buf *out);

bool fingerprint_equal(const struct fingerprint *a, const struct fingerprint *b);

#endif
