#ifndef CONFIG_PATTERN_H
#define CONFIG_PATTERN_H

#include <stdbool.h>

/*
 * How addresses are compared with what `from`, `rewrite` and `allow_to` say: an
 * address, or a pattern (kind_is_pattern) as the shell has them.  Upper and
 * lower case do not matter, and international domains may be written in either
 * form on both sides.
 */
bool pattern_matches(const char *wanted, const char *address);

/* The address without the +detail of its local part, for the caller to free; NULL if it has none. */
char *pattern_plain(const char *address);

/* Whether the address matches, or does without its detail.  A bare name that is wanted is one of
   `maildomain`. */
bool pattern_allows(const char *wanted, const char *address, const char *maildomain);

/* Whether all that `narrow` matches is matched by `wide`, too; false where that is hard to tell. */
bool pattern_covers(const char *wide, const char *narrow);

#endif
