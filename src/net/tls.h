#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/clock.h"
#include "net/stream.h"

/* The only module that knows GnuTLS. */
struct tls_config {
	const char *name;              /* whom the certificate must name; an IP address is
	                                  checked as such and sends no SNI (RFC 6066, 3) */
	bool  verify;                  /* tls_certcheck */
	const char *trust_file;        /* PEM; NULL: the system's */
	char *const *fingerprints;     /* NULL-ended; see tls_parse_fingerprint; NULL: none.
	                                  One that matches replaces chain and name checks. */
	const char *cert_file, *key_file;
	const char *priorities;        /* GnuTLS priority string; NULL: the default.
	                                  TLS 1.2 stays the least. */
};

/* What serverinfo, the log and SASL want to know. */
struct tls_info {
	char version[16];              /* "TLS1.3" */
	char cipher[64];
	char sha256[96], spki[96];     /* fingerprints in the form that tls_fingerprint takes */
	bool client_certificate;       /* ours was sent */
};

enum tls_binding { TLS_BINDING_EXPORTER, TLS_BINDING_UNIQUE, TLS_BINDING_END_POINT };

/*
 * Handshake, then TLS carries the stream.  A failure says what is wrong with
 * the certificate and what to do; EX_TEMPFAIL with wait HOST, or EX_CONFIG for
 * files and priorities of ours that cannot be used.
 */
bool tls_start(struct stream *s, const struct tls_config *c, deadline until, struct status *st);

bool tls_is_on(const struct stream *s);
void tls_describe(const struct stream *s, struct tls_info *out);
/* Channel binding data (RFC 5929, RFC 9266); false if this connection has none of that kind. */
bool tls_binding(const struct stream *s, enum tls_binding kind, struct buf *out);

/* "SHA256:..", "AA:BB:.." (32, 20 or 16 octets as msmtp takes them), "spki:sha256:..": whether it is one. */
bool tls_parse_fingerprint(const char *text);
bool tls_check_priorities(const char *text);

#endif
