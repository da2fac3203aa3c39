#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

/*
 * Memory that is there or the process is not: running out prints one line and
 * ends with EX_TEMPFAIL, because the caller may try again later.  The results
 * are freed with free().
 */
void *alloc(size_t n);                              /* zeroed */
void *alloc_array(void *old, size_t n, size_t size); /* realloc, overflow-checked */
char *alloc_copy(const char *s);                    /* NULL gives NULL */
char *alloc_copyn(const char *s, size_t n);         /* n bytes and a NUL */
char *alloc_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Wipe and free a string that was secret; NULL is allowed. */
void alloc_wipe(char *s);

/* Out of memory: say so and exit with EX_TEMPFAIL. */
_Noreturn void alloc_failed(void);

#endif
