#ifndef MAIL_DATE_H
#define MAIL_DATE_H

#include <time.h>

#include "base/buf.h"

/* "Tue, 24 Nov 2026 07:40:07 +0100": RFC 5322, 3.3, in local time, whatever the locale. */
void date_format(struct buf *out, time_t when);

#endif
