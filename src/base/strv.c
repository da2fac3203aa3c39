#include "base/strv.h"

#include "base/alloc.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

void strv_init(struct strv *l)
{
	*l = (struct strv){ 0 };
}

void strv_release(struct strv *l)
{
	for (size_t i = 0; i < l->len; i++)
		free(l->v[i]);
	free(l->v);
	strv_init(l);
}

void strv_take(struct strv *l, char *s)
{
	if (l->len + 2 > l->cap) {
		l->cap = l->cap ? l->cap * 2 : 8;
		l->v = alloc_array(l->v, l->cap, sizeof(*l->v));
	}
	l->v[l->len++] = s;
	l->v[l->len] = NULL;
}

void strv_add(struct strv *l, const char *s)
{
	strv_take(l, alloc_copy(s));
}

bool strv_has(const struct strv *l, const char *s)
{
	for (size_t i = 0; i < l->len; i++)
		if (str_iequal(l->v[i], s))
			return true;
	return false;
}

void strv_split(struct strv *l, const char *s, const char *separators)
{
	for (s += strspn(s, separators); *s != '\0'; s += strspn(s, separators)) {
		size_t n = strcspn(s, separators);

		strv_take(l, alloc_copyn(s, n));
		s += n;
	}
}
