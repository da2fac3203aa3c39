/*
 * Preloaded into OpenSMTPD 6.8, which cannot serve TLS with OpenSSL 3: it marks
 * the RSA key that it takes from an EVP_PKEY and expects to find the mark there
 * again, but OpenSSL 3 hands out copies.  Put the marked copy back.
 */
#define _GNU_SOURCE
#include <dlfcn.h>

typedef struct rsa rsa;

rsa *EVP_PKEY_get1_RSA(void *key)
{
	rsa *(*take)(void *) = (rsa *(*)(void *))dlsym(RTLD_NEXT, "EVP_PKEY_get1_RSA");
	int (*put)(void *, rsa *) = (int (*)(void *, rsa *))dlsym(RTLD_NEXT, "EVP_PKEY_set1_RSA");
	rsa *copy = take(key);

	if (copy != 0)
		put(key, copy);
	return copy;
}
