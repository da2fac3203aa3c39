#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ASCII only, whatever the locale: protocol words are ASCII. */
char str_lower(char c);
bool str_iequal(const char *a, const char *b);
bool str_iequaln(const char *a, const char *b, size_t n);
bool str_starts(const char *s, const char *prefix);
bool str_istarts(const char *s, const char *prefix);

bool str_is_blank(char c);     /* a space or a TAB */
bool str_is_space(char c);     /* or the CR or LF of a line's end */

/* Any octet below 32, or DEL, among the n. */
bool str_has_control(const char *s, size_t n);
bool str_is_ascii(const char *s, size_t n);

/*
 * One code point of UTF-8 (RFC 3629: no surrogates, nothing overlong) from
 * [*p, end); *p moves behind it.  False, with *p unmoved, if there is none.
 */
bool str_utf8_next(const char **p, const char *end, uint32_t *cp);
bool str_is_utf8(const char *s, size_t n);

/*
 * Text from outside, made fit for a log line or a terminal: control octets and
 * octets that are no UTF-8 become \xNN, a backslash is doubled.
 */
void str_escape(struct buf *out, const char *s, size_t n);

/*
 * A JSON string with its quotes (RFC 8259, 7): what is no UTF-8 becomes U+FFFD,
 * controls are escaped, C1's too because they steer terminals.
 */
void str_json(struct buf *out, const char *s);

/*
 * The word of `words` (n pointers, `stride` bytes apart) that is nearest to a
 * misspelt one, for "did you mean"; NULL if none is near.
 */
const char *str_nearest(const char *wrong, const char *const *words, size_t n, size_t stride);

#endif
