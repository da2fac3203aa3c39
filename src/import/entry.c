#include "import/entry.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

void entries_init(struct entries *l)
{
	*l = (struct entries){ 0 };
}

void entries_release(struct entries *l)
{
	for (size_t i = 0; i < l->len; i++) {
		free(l->v[i].section);
		free(l->v[i].key);
		alloc_wipe(l->v[i].value);
	}
	free(l->v);
	*l = (struct entries){ 0 };
}

void entries_add(struct entries *l, const char *file, unsigned line, const char *section,
                 const char *key, size_t n, const char *value, size_t m)
{
	if (l->len == ENTRIES_MAX) {
		l->overflow = true;
		return;
	}
	if (l->len == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 32;
		l->v = alloc_array(l->v, l->cap, sizeof(*l->v));
	}
	l->v[l->len++] = (struct entry){
		.file = file,
		.line = line,
		.section = alloc_copy(section),
		.key = alloc_copyn(key, n),
		.value = alloc_copyn(value, m),
	};
}

const char *entries_get(const struct entries *l, const char *section, const char *key)
{
	for (size_t i = l->len; i-- > 0;)
		if (str_iequal(l->v[i].key, key) && strcmp(l->v[i].section, section) == 0)
			return l->v[i].value;
	return NULL;
}

void lines_init(struct lines *l, const char *text, size_t n)
{
	*l = (struct lines){ .at = text, .end = text + n };
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

bool lines_next(struct lines *l)
{
	const char *from = l->at, *to;

	if (from == l->end)
		return false;
	to = memchr(from, '\n', (size_t)(l->end - from));
	l->at = to != NULL ? to + 1 : l->end;
	if (to == NULL)
		to = l->end;
	l->line++;
	l->indent = from;
	while (from < to && is_blank(*from))
		from++;
	while (to > from && is_blank(to[-1]))
		to--;
	l->text = from;
	l->len = (size_t)(to - from);
	return true;
}
