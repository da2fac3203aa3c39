#ifndef SMTP_EXTENSION_H
#define SMTP_EXTENSION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/status.h"
#include "base/strv.h"
#include "mail/request.h"

/*
 * XMAILCHUTE: what SMTP has no words for, between `sendmail` and the daemon.
 * It is offered on the daemon's Unix socket alone, and described for people in
 * mailchute(1).
 *
 *	250-XMAILCHUTE [IGNOREDOTS]        in the reply to EHLO; IGNOREDOTS: `ignore_dots` is on
 *	XMAIL [KEY[=xtext]]...             as MAIL, with what sendmail's options say, and what
 *	                                   was changed in the message on reading it
 *	XRCPT xtext                        as RCPT: one operand as it was given, maybe a list;
 *	                                   what came by SMTP goes on with RCPT
 *	XRUN xtext...                      a command for the queue, or resolve: its words
 *
 * The daemon does with them what `mailchute` in one process does, with the same
 * code, so `sendmail` need not know what an address is.  xtext is RFC 3461's
 * (section 4), and UTF-8 may stand in it as it is.
 *
 * The answer to DELIVERY=i starts with EXTENSION_KEPT if the first attempt has
 * failed or goes on, and further lines say why.
 *
 * A refusal has the exit code behind its text: "550 5.1.1 no such user [EX 67]".
 *
 * XRUN's answer is a sequence of frames, then the connection's end:
 *	"1 N\n" and N octets for standard output, "2 N\n" and N octets for standard
 *	error, "0 CODE\n" for the exit code.
 */

#define EXTENSION_KEPT "2.0.0 kept in the queue as "

/* "XMAIL ..." without a line's end; every member of a request but its recipients. */
void extension_print_mail(struct buf *line, const struct request *r);
/* What stands behind "XMAIL": strings go into `texts`, which the request then borrows from. */
bool extension_parse_mail(struct request *r, struct strv *texts, const char *arguments, struct status *st);

void xtext_print(struct buf *out, const char *text);
/* The caller frees it; NULL if it is none, or holds a NUL. */
char *xtext_parse(const char *text, size_t n);

/* " [EX 67]" behind a text, and back: 0 if there is none; `len` is then that of the text before it. */
void extension_print_exit(struct buf *text, int sysexit);
int extension_exit(const char *text, size_t *len);

#endif
