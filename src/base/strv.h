#ifndef BASE_STRV_H
#define BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>

/* A growing list of strings of its own.  `v` ends in a NULL once it is not empty. */
struct strv {
	char **v;
	size_t len, cap;
};

void strv_init(struct strv *l);
void strv_release(struct strv *l);             /* back to the state after strv_init */
void strv_add(struct strv *l, const char *s);  /* a copy */
void strv_take(struct strv *l, char *s);       /* s itself */
bool strv_has(const struct strv *l, const char *s); /* without regard to ASCII case */

/* Add each word of `s`, which any of `separators` part. */
void strv_split(struct strv *l, const char *s, const char *separators);

#endif
