#ifndef CONFIG_KIND_PARTS_H
#define CONFIG_KIND_PARTS_H

#include "base/buf.h"
#include "config/kind.h"

/* What the kind_*.c share. */

enum { KIND_SHOWN = 80 };      /* so much of a wrong value is told */

/* Fails with: "VALUE" REASON.  Always returns false. */
bool kind_refuse(struct status *st, const char *value, const char *reason);

/* The word's index, or -1 with a failure that tells the words or the nearest one. */
int kind_find_word(const char *value, const char *const *words, struct status *st);

/* N/PERIOD, where the period may be a bare unit: 60/h */
bool kind_parse_rate(const char *value, struct rate *rate, struct status *st);

/* No control characters. */
bool kind_check_text(const char *value, struct status *st);

/* The whole name of a file, and an address in its plain form; NULL with a failure. */
char *kind_resolve_path(const char *value, const struct origin *at, struct status *st);
char *kind_plain_address(const char *value, struct status *st);

#endif
