#ifndef SMTP_STDIO_H
#define SMTP_STDIO_H

#include "smtp/smtpd.h"

/*
 * SMTP on standard input and output, for `sendmail -bs`: to the end of input,
 * QUIT, `idle_ms` without a word, or SIGTERM, SIGINT or SIGHUP, which let a message
 * in hand be answered.  Its ops.message must answer before it returns.
 * The signals stay blocked: the process is to end.
 *
 * Nothing is ever written to standard error, which may be the same connection.
 * The result is an exit code: EX_IOERR if reading or writing failed.
 */
enum { STDIO_IDLE_MS = 60 * 60 * 1000 };  /* the workers of web applications keep it open */
int smtp_stdio(struct smtpd *s, int idle_ms);

#endif
