#ifndef SMTP_DSN_H
#define SMTP_DSN_H

#include <stdbool.h>

#include "base/buf.h"
#include "mail/envelope.h"

/*
 * The parameters of RFC 3461 for MAIL and RCPT, each with a blank in front;
 * nothing is written for what was not asked.  Pure.
 */
void dsn_mail_parameters(struct buf *out, enum dsn_return ret, const char *envid);

/*
 * NOTIFY, and with it ORCPT for the address as it was first given (NULL: none).
 * Where that is not ASCII it takes the form of RFC 6533, which needs SMTPUTF8
 * in force: without `utf8` it is left out.
 */
void dsn_rcpt_parameters(struct buf *out, unsigned notify, const char *original, bool utf8);

/* ORCPT as a client gave it to us; left out likewise. */
void dsn_orcpt(struct buf *out, const char *orcpt, bool utf8);

#endif
