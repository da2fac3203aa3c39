#ifndef CMD_SMTP_H
#define CMD_SMTP_H

#include "cmd/options.h"

/*
 * sendmail -bs in one process: smtp/smtpd.h on standard input and output.  A
 * recipient is answered for here, as far as syntax goes; what the servers say
 * comes at the end of the message: 250 if it is in the queue, or was sent to
 * somebody and the others are told of in a notification; else their refusal.
 * Where nothing is kept (`deliver now`) 250 says that all were sent.
 *
 * Of the options only -C counts.
 */
int smtp_options(const struct options *o);

#endif
