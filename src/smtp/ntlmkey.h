#ifndef SMTP_NTLMKEY_H
#define SMTP_NTLMKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * What NTLM makes of a password, and what it proves with that ([MS-NLMP] 3.3).
 * All pure; a key is as good as the password, so wipe it.
 */
struct ntlmkey {
	uint8_t octets[16];
};

/* NTOWFv1.  False if the password is no UTF-8. */
bool ntlmkey_v1(struct ntlmkey *k, const char *password, size_t n);

/* NTOWFv2.  The user in capitals, and the domain as it is sent; both in UTF-16. */
bool ntlmkey_v2(struct ntlmkey *k, const char *password, size_t n,
                const struct buf *upper_user, const struct buf *domain);

/*
 * HMAC-MD5, of which NTLMv2 is made: over the server's challenge and the
 * client's part it is the proof, with the key over the proof the session key,
 * with that over all messages their integrity code.
 */
void ntlmkey_hmac(const struct ntlmkey *k, const void *data, size_t n, uint8_t out[16]);

/* DESL: the response of NTLMv1 to a challenge. */
void ntlmkey_des(const struct ntlmkey *k, const uint8_t challenge[8], uint8_t out[24]);

void ntlmkey_md5(const void *data, size_t n, uint8_t out[16]);

#endif
