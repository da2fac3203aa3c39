#ifndef CMD_REPORT_H
#define CMD_REPORT_H

#include "base/status.h"
#include "base/trace.h"
#include "cmd/handover.h"
#include "config/settings.h"
#include "mail/envelope.h"

/* What the caller gets to read on stderr, and the log that the configuration asks for. */

/* "sendmail: the reason" */
void report_failure(const char *program, const struct status *st);

/* result_print() behind "sendmail: ", a line each. */
void report_result(const char *program, const struct envelope *e, const char *account);

/*
 * What the daemon answered, as one process would have said it: nothing of
 * success, but a person at a terminal may wonder about what is kept.  Returns
 * the exit code.
 */
int report_answer(const char *program, const struct answer *a);

/* "> EHLO host", as often as -v was given: NULL without, 2 for details, too. */
const struct trace *report_trace(unsigned verbose);

/*
 * NULL, because there is no configuration: syslog's mail.  A log file of "-" is
 * for `serve`: what runs on behalf of a caller keeps quiet.
 */
void report_open_log(const struct settings *s);

#endif
