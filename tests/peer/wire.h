#ifndef PEER_WIRE_H
#define PEER_WIRE_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"

/* A connection from the server's side: blocking, in clear text or TLS, and able to break off rudely. */
struct wire {
	int fd;
	gnutls_session_t tls;       /* NULL: clear text */
	gnutls_certificate_credentials_t credentials;
	struct buf in;
	size_t at;                  /* of `in`: what was taken */
	size_t pace;                /* octets a write at most; 0: all at once */
	size_t budget;              /* octets the handshake may still send */
};

void wire_init(struct wire *w, int fd, size_t pace);
void wire_close(struct wire *w);
void wire_reset(struct wire *w);              /* a RST instead of a FIN */
void wire_wait_for_end(struct wire *w);       /* reads on until the client leaves */

/* Up to and with the next LF, or what comes before the end; false at the end. */
bool wire_read_line(struct wire *w, struct buf *line);
bool wire_read(struct wire *w, void *p, size_t n);
/* Whether the client has already sent more; what it sends within a moment counts. */
bool wire_has_more(struct wire *w);
bool wire_write(struct wire *w, const void *p, size_t n);

/*
 * The server's handshake with `session` and the credentials it was given, which the
 * wire owns from then on.
 * After `budget` octets from us it fails.  Octets that were read in clear text
 * are dropped.  0 or a GnuTLS error.
 */
int wire_start_tls(struct wire *w, gnutls_session_t session,
                   gnutls_certificate_credentials_t credentials, size_t budget);

#endif
