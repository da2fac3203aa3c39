#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * A growing byte string with a ceiling.  `data` is never NULL and is always
 * NUL-terminated at `len`; it may hold NULs of its own.
 *
 * Appending never fails visibly: going over `max` sets `overflow`, keeps what
 * fitted and ignores the rest.  Build first, then ask buf_ok() once.
 */
struct buf {
	char  *data;
	size_t len, cap, max;
	bool   overflow;
};

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);       /* back to the state after buf_init */
void buf_wipe(struct buf *b);          /* buf_release for what was secret */
void buf_reset(struct buf *b);         /* empty, but keeps the memory */
void buf_truncate(struct buf *b, size_t len); /* no-op if it is shorter */
char *buf_detach(struct buf *b);       /* the caller frees the result */

void buf_add(struct buf *b, const void *p, size_t n);
void buf_putc(struct buf *b, char c);
void buf_puts(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Drop the first n bytes, which must be there. */
void buf_consume(struct buf *b, size_t n);

/* Any octet below 32, or DEL. */
bool buf_has_control(const struct buf *b);

static inline bool buf_ok(const struct buf *b) { return !b->overflow; }

#endif
