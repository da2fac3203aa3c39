#ifndef ROUTE_MAILBOX_H
#define ROUTE_MAILBOX_H

#include "base/status.h"
#include "mail/address.h"

/*
 * A parsed address made fit for the wire: a bare name completed with
 * `maildomain`, the domain in A-labels.  The caller frees the result.
 *
 * NULL with EX_DATAERR, naming the address, if it has an error, is nobody
 * (`<>`), or cannot be made so.  A domain over MAILBOX_DOMAIN_MAX octets is refused
 * (RFC 5321, 4.5.3.1.2).  For local parts RFC 5321 says 64; there are servers
 * that take more (VERP makes them), so ours need only fit into a command.
 */
enum { MAILBOX_LOCAL_MAX = 256, MAILBOX_DOMAIN_MAX = 255 };
char *mailbox_wire(const struct address *a, const char *maildomain, struct status *st);

/* The same of an address in the configuration, which has seen to it that it is one. */
char *mailbox_configured(const char *text, const char *maildomain);

#endif
