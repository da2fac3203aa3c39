#ifndef SMTP_UTF16_H
#define SMTP_UTF16_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * UTF-8 as the little-endian UTF-16 that Windows protocols carry.  False, with
 * part of it added, for what is no UTF-8.
 */
bool utf16_add(struct buf *out, const char *s, size_t n);

/*
 * The same in capitals as Windows makes them: one letter for one letter (ß stays),
 * whatever the locale, and nothing beyond the basic plane.
 */
bool utf16_add_upper(struct buf *out, const char *s, size_t n);

#endif
