#ifndef NET_TLS_H
#define NET_TLS_H

#include <time.h>

#include "base/clock.h"
#include "net/stream.h"

/*
 * TLS over a stream.  It alone knows GnuTLS, with the two modules that are its
 * parts: net/certificate judges what the server shows, net/credentials loads
 * what we bring.
 *
 * Whom we talk to is checked while the handshake runs, before a client
 * certificate or anything else of ours is sent: chain and name, or a pinned
 * fingerprint instead of both.
 */
struct tls_config {
	const char *name;              /* whom the certificate must name; an IP address is
	                                  checked as such and sends no SNI (RFC 6066, 3) */
	bool  verify;                  /* tls_certcheck */
	const char *trust_file;        /* PEM; NULL: the system's */
	char *const *fingerprints;     /* NULL-ended; see net/fingerprint; NULL: none.
	                                  One must match, whatever `verify` says; it
	                                  replaces chain and name checks. */
	const char *cert_file;         /* PEM; NULL: no client certificate */
	const char *key_file;          /* PEM, not encrypted; NULL: in cert_file */
	const char *priorities;        /* GnuTLS priority string; NULL: the default.
	                                  TLS 1.2 stays the least. */
};

/* The library's version. */
const char *tls_library(void);

/* What serverinfo, the log and SASL want to know. */
struct tls_info {
	char version[16];              /* "TLS1.3" */
	char cipher[64];               /* "AES-256-GCM" */
	char sha256[96], spki[96];     /* fingerprints in the form that tls_fingerprint takes */
	time_t expires;                /* its certificate; 0: there is none */
	bool client_certificate;       /* ours was sent */
};

enum tls_binding { TLS_BINDING_EXPORTER, TLS_BINDING_UNIQUE, TLS_BINDING_END_POINT };

/*
 * Handshake, then TLS carries the stream, whose buffers must be empty.  A
 * failure says what is wrong with the certificate and what to do; EX_TEMPFAIL
 * with wait HOST, or EX_CONFIG for files and priorities of ours that cannot be
 * used.  After it nothing more can be said over this stream, least of all in
 * the clear: only stream_close is left.
 */
bool tls_start(struct stream *s, const struct tls_config *c, deadline until, struct status *st);

/* So many seconds before it expires a certificate should be renewed. */
enum { TLS_RENEWAL = 14 * CLOCK_DAY };

/* A certificate that the server showed. */
struct tls_certificate {
	const char *subject, *issuer;  /* RFC 4514, escaped */
	const char *names;             /* whom it is for; "" for an authority's */
	time_t from, until;
	char sha256[96], spki[96];     /* fingerprints in the form that tls_fingerprint takes */
};
/* All of them, its own first; what the function is given lives as long as the call. */
void tls_show(const struct stream *s, void (*each)(void *arg, const struct tls_certificate *c), void *arg);

bool tls_is_on(const struct stream *s);
void tls_describe(const struct stream *s, struct tls_info *out);

/*
 * Channel binding data (RFC 5929, RFC 9266) added to `out`; false if this
 * connection has none of that kind: the exporter is for TLS 1.3, unique for
 * TLS 1.2 with the extended master secret (RFC 7627), the end point for both.
 */
bool tls_binding(const struct stream *s, enum tls_binding kind, struct buf *out);

bool tls_check_priorities(const char *text);

#endif
