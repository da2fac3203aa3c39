#ifndef PEER_CERTS_H
#define PEER_CERTS_H

#include <stdbool.h>

/*
 * Throw-away certificates, made anew for every run: an authority (ca.pem) and
 *
 *   good        localhost, 127.0.0.1, ::1
 *   wrongname   wrong.example
 *   ending      as good, for five days more
 *   expired     as good, until yesterday
 *   future      as good, from tomorrow on
 *   selfsigned  as good, signed by itself
 *   client      CN=alice, for EXTERNAL
 *
 * each NAME.pem with NAME.key in `dir`.  good.sha256 and good.spki hold the
 * SHA-256 fingerprints AA:BB:... of the good certificate and of its key.
 */
bool certs_make(const char *dir);

#endif
