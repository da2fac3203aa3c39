#ifndef SMTP_SMTPD_INSIDE_H
#define SMTP_SMTPD_INSIDE_H

#include "smtp/dot.h"
#include "smtp/incoming.h"
#include "smtp/refusal.h"
#include "smtp/smtpd.h"

/*
 * What an smtpd is, for its two halves alone: smtpd.c has octets, replies and
 * what its owner asks for, smtpd_command.c what each command does.
 */
struct smtpd {
	struct smtpd_options options;
	const struct smtpd_ops *ops;
	void *arg;
	enum smtpd_state state;
	bool answered;                      /* a message, since smtpd_feed() was called */
	struct buf out;
	unsigned bad;                       /* commands, since the last message */
	char *ending;                       /* smtpd_end() was called, with these words */

	enum { READ_COMMAND, READ_DATA, READ_CHUNK } reading;
	struct buf line;                    /* a command */
	bool after_cr;                      /* the last octet of it was one */
	struct undot undot;
	struct buf text;                    /* what undot made of a piece */
	uint64_t chunk, chunk_left;
	bool chunk_last;
	const char *chunk_refusal;          /* for when it is read; NULL: it is taken */

	struct incoming t;
};

/* The whole command in s->line.  Behind it s->reading says what follows. */
void smtpd_command(struct smtpd *s);

/* A reply of one line, "250 2.0.0 OK"; one that is the last; one to what the client should not have said. */
void smtpd_reply(struct smtpd *s, const char *text);
void smtpd_reply_end(struct smtpd *s, const char *text);
void smtpd_reply_bad(struct smtpd *s, const char *text);
/* The lines of a text that LF parts; EX_OK: no exit code goes along. */
void smtpd_reply_lines(struct smtpd *s, int code, const char *text, int sysexit);
/* What a failure is answered with, or with this. */
void smtpd_reply_failure(struct smtpd *s, const struct status *st);
void smtpd_reply_refusal(struct smtpd *s, const struct refusal *r, const struct status *st);

#endif
