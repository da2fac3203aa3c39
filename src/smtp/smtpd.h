#ifndef SMTP_SMTPD_H
#define SMTP_SMTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/status.h"
#include "base/strv.h"
#include "mail/message.h"
#include "mail/parser.h"
#include "mail/request.h"

/*
 * The server's side of SMTP (RFC 5321), without a descriptor: octets go in,
 * replies come out, and whoever owns it moves both.  The same one is behind
 * `sendmail -bs`, the daemon's socket and its TCP port.
 *
 * HELO, EHLO, MAIL, RCPT, DATA, BDAT, RSET, NOOP, VRFY, HELP, QUIT; PIPELINING
 * (RFC 2920), SIZE (1870), 8BITMIME (6152), SMTPUTF8 (6531), DSN (3461),
 * CHUNKING (3030), ENHANCEDSTATUSCODES (2034).  No EHLO is needed before MAIL,
 * and a bare name is an address (`RCPT TO:<root>`), which reaches the request as
 * SMTP writes it, without < and >.
 *
 * `strict` is for sockets: nothing but CRLF ends a command or, with its dot, the
 * data.  A bare LF among commands ends the session with 521, because whoever
 * sends it would wait for a reply for ever; in the data it is text, and becomes a
 * line end like any other (mail/parser.h) of which a dot behind it is no part.
 * Sent on, every dot at a line's start is doubled anew, so no other server can
 * see an end where we saw none.  Otherwise LF alone, too, ends lines.
 *
 * Limits, beside max_message and HEADER_MAX (552): 2048 octets a command, on a
 * private connection 512 KB (500); ADDRESSES_MAX recipients of 16 MB in all (452);
 * 20 bad commands since the last message (421).
 */
struct smtpd_options {
	const char *name;          /* of this host, for greeting and EHLO */
	bool     strict;           /* a bare LF or CR never ends a command or the data */
	bool     private;          /* the daemon's Unix socket: offers XMAILCHUTE (smtp/extension.h) */
	bool     ignore_dots;      /* said with XMAILCHUTE */
	uint64_t max_message;      /* octets, for SIZE; 0: no limit */
	size_t   in_memory;        /* of a message's body, before it goes into a file; 0: BODY_IN_MEMORY */
};

struct smtpd;

struct smtpd_ops {
	/* A transaction begins.  NULL: every one may.  False refuses it: a temporary failure is answered 4xx (421
	   and the end of the session if st->wait is WAIT_HOST), another 5xx. */
	bool (*begin)(void *arg, const struct request *r, struct status *st);
	/* A recipient as it was given.  NULL: every one is taken. */
	bool (*recipient)(void *arg, const char *text, struct status *st);
	/* The message is whole.  Both are smtpd's, and stay until smtpd_answer(), which must
	   be called, from here or later; the octets behind it wait until then. */
	void (*message)(void *arg, const struct request *r, struct message *m);
	/* XMAILCHUTE's XRUN: the words.  The session is over for smtpd (SMTPD_HANDED_OVER): whoever
	   owns it answers on the connection and closes it. */
	void (*run)(void *arg, const struct strv *words);
};

enum smtpd_state {
	SMTPD_READING,             /* wants octets */
	SMTPD_WAITING,             /* for smtpd_answer() */
	SMTPD_HANDED_OVER,         /* see smtpd_ops.run */
	SMTPD_ENDED,               /* send what is in `out`, then close */
};

struct smtpd *smtpd_new(const struct smtpd_options *o, const struct smtpd_ops *ops, void *arg);
void smtpd_free(struct smtpd *s);

/*
 * Octets from the client, in pieces of any size; how many were taken.  Behind the
 * end of a message it is less than n: the rest is to be fed again after the answer.
 */
size_t smtpd_feed(struct smtpd *s, const char *p, size_t n);
enum smtpd_state smtpd_state(const struct smtpd *s);

/*
 * What to send to the client: take it with buf_consume().  The greeting is there
 * from the start.  Feed nothing while much of it waits: some commands are shorter
 * than their replies.
 */
struct buf *smtpd_out(struct smtpd *s);

/*
 * The answer to a message: `code` and its text, LF between the lines of several,
 * each with its enhanced status code if it has one.  `sysexit` goes along on a
 * private connection where the code is no 2xx.
 */
void smtpd_answer(struct smtpd *s, int code, int sysexit, const char *text);

/* The answer that a failure deserves. */
void smtpd_refuse(struct smtpd *s, const struct status *st);

/* End the session with 421 and these words, as soon as no message is in hand: at once, or after its answer. */
void smtpd_end(struct smtpd *s, const char *text);

/* Octets of memory that what the client sent, and what waits for it, take, about. */
size_t smtpd_held(const struct smtpd *s);

/* Whether a transaction is under way, for whoever counts idle time. */
bool smtpd_is_idle(const struct smtpd *s);

#endif
