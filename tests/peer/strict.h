#ifndef PEER_STRICT_H
#define PEER_STRICT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"

/*
 * What the most particular providers refuse.  Every address must be LOCAL@DOMAIN
 * in ASCII, the domain with a dot in it or a literal: in MAIL (but the null
 * sender) and RCPT, and in From, Sender, Reply-To, To, Cc, Bcc and their Resent-
 * forms.  From, Date and Message-ID must be there, once, and From name somebody.
 * A header must be nothing but fields.
 *
 * Let pass, as Gmail and Exchange Online do: raw 8-bit text in names and
 * Subject, fields of addresses that are empty or come twice.
 *
 * It reads addresses by itself, not with what it is to test.
 */

/* The path of MAIL or RCPT, from its '<' on. */
bool strict_takes_path(const char *path, bool may_be_null);

/* The message in a file, its lines with LF or CRLF.  False with the field and the fault in `why`. */
bool strict_takes(FILE *message, struct buf *why);

#endif
