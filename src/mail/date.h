#ifndef MAIL_DATE_H
#define MAIL_DATE_H

#include <stdbool.h>
#include <time.h>

#include "base/buf.h"

/* "Tue, 24 Nov 2026 07:40:07 +0100": RFC 5322, 3.3, in local time, whatever the locale. */
void date_format(struct buf *out, time_t when);

/*
 * The date that stands somewhere in a line, "24 Nov 2026 14:09:13 +0000" or with
 * a GMT behind it: Exim, sendmail and Exchange greet with one.  False if none does.
 */
bool date_find(const char *text, time_t *out);

#endif
