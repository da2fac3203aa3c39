#include "smtp/ntlmkey.h"

#include "compat.h"
#include "smtp/utf16.h"

#include <nettle/des.h>
#include <nettle/hmac.h>
#include <nettle/md4.h>
#include <nettle/md5.h>
#include <string.h>

enum { TEXT_MAX = 65536 };

bool ntlmkey_v1(struct ntlmkey *k, const char *password, size_t n)
{
	struct md4_ctx md4;
	struct buf text;
	bool ok;

	buf_init(&text, TEXT_MAX);
	ok = utf16_add(&text, password, n) && buf_ok(&text);
	md4_init(&md4);
	md4_update(&md4, text.len, (const uint8_t *)text.data);
	md4_digest(&md4, sizeof(k->octets), k->octets);
	explicit_bzero(&md4, sizeof(md4));
	buf_wipe(&text);
	return ok;
}

bool ntlmkey_v2(struct ntlmkey *k, const char *password, size_t n,
                const struct buf *upper_user, const struct buf *domain)
{
	struct ntlmkey v1;
	struct buf name;
	bool ok;

	buf_init(&name, TEXT_MAX);
	buf_add(&name, upper_user->data, upper_user->len);
	buf_add(&name, domain->data, domain->len);
	ok = ntlmkey_v1(&v1, password, n) && buf_ok(&name);
	ntlmkey_hmac(&v1, name.data, name.len, k->octets);
	explicit_bzero(&v1, sizeof(v1));
	buf_release(&name);
	return ok;
}

void ntlmkey_hmac(const struct ntlmkey *k, const void *data, size_t n, uint8_t out[16])
{
	struct hmac_md5_ctx hmac;

	hmac_md5_set_key(&hmac, sizeof(k->octets), k->octets);
	hmac_md5_update(&hmac, n, data);
	hmac_md5_digest(&hmac, MD5_DIGEST_SIZE, out);
	explicit_bzero(&hmac, sizeof(hmac));
}

/* 56 bits of key, spread over eight octets of seven each; DES ignores the eighth bit. */
static void des_one(const uint8_t k[7], const uint8_t challenge[8], uint8_t out[8])
{
	struct des_ctx des;
	uint8_t spread[8];

	spread[0] = k[0];
	for (int i = 1; i < 7; i++)
		spread[i] = (uint8_t)(k[i - 1] << (8 - i) | k[i] >> i);
	spread[7] = (uint8_t)(k[6] << 1);
	des_set_key(&des, spread);
	des_encrypt(&des, DES_BLOCK_SIZE, out, challenge);
	explicit_bzero(&des, sizeof(des));
	explicit_bzero(spread, sizeof(spread));
}

void ntlmkey_des(const struct ntlmkey *k, const uint8_t challenge[8], uint8_t out[24])
{
	uint8_t padded[21] = { 0 };

	memcpy(padded, k->octets, sizeof(k->octets));
	for (int i = 0; i < 3; i++)
		des_one(padded + 7 * i, challenge, out + 8 * i);
	explicit_bzero(padded, sizeof(padded));
}

void ntlmkey_md5(const void *data, size_t n, uint8_t out[16])
{
	struct md5_ctx md5;

	md5_init(&md5);
	md5_update(&md5, n, data);
	md5_digest(&md5, MD5_DIGEST_SIZE, out);
}
