#ifndef MAIL_COMPLETE_H
#define MAIL_COMPLETE_H

#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "mail/field.h"
#include "mail/message.h"
#include "mail/request.h"

/*
 * What a submission server does to a header (RFC 6409, 8), and no more.  Where
 * fields go: Received to the top, as every trace field; Message-ID, Date, From
 * and To to the end, where Postfix puts them too, so that no signature or trace
 * is torn apart; missing Resent- fields to the top of the newest block.
 */
enum complete_from {
	COMPLETE_FROM_MISSING,     /* set_from_header auto: add it where there is none */
	COMPLETE_FROM_ALWAYS,      /* on: the envelope's sender takes the place of any other */
	COMPLETE_FROM_NEVER,       /* off */
};

struct completion {
	const char *sender;        /* of the envelope, wire form; "" is the null sender */
	const char *domain;        /* maildomain, in ASCII */
	const char *name;          /* in front of the sender in From; NULL or "": none */
	enum complete_from from;
	bool qualify, undisclosed_recipients, received;
	const char *id;            /* of msgid_make() */
	time_t      now;
	const char *host;          /* this machine, in Received */
	uid_t       uid;           /* the caller, in Received; CALLER_UNKNOWN: by TCP */
};

/*
 * - Bcc, Resent-Bcc, Return-Path and Content-Length are dropped.
 * - Message-ID, Date, From are added where missing; in a message with Resent-
 *   fields also the newest block's Resent-Message-ID, -Date, -From.  The null
 *   sender gives MAILER-DAEMON at the domain.
 * - undisclosed_recipients: one `To: undisclosed-recipients:;` for To, Cc and
 *   their Resent- forms.
 * - qualify: "@domain" goes behind bare names in From, Sender, Reply-To, To, Cc
 *   and their Resent- forms; all other octets of the field stay.
 * - received: `Received: from localhost (uid UID) by HOST id ID; DATE`, or
 *   `(tcp)`, as RFC 5321, 4.4 wants it: no host but our own hands it over, and
 *   who it was stands in a comment.
 *
 * Header only; calling it twice adds nothing but a second Received.
 */
void message_complete(struct message *m, const struct completion *c);

/* How many servers it has passed: its Received fields. */
size_t header_hops(const struct header *h);

/*
 * The name of a person for From, of passwd's GECOS: its first part, `&` standing
 * for the login name as in finger(1).  NULL for an empty one and for the
 * system's own users, with a uid below 1000.  The caller frees it.
 */
char *complete_user_name(const struct passwd *pw);

#endif
