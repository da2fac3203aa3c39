#include "expand.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

static const struct {
	char letter, octet;
} escapes[] = {
	{ 'r', '\r' }, { 'n', '\n' }, { 't', '\t' }, { '0', '\0' }, { 'e', '\033' }, { '\\', '\\' },
};

/* The octet of the escape behind a backslash, which *text moves behind. */
static char escaped(const char **text)
{
	const char *t = *text;

	if (t[0] == 'x' && t[1] != '\0' && t[2] != '\0') {
		char hex[] = { t[1], t[2], '\0' };

		*text += 3;
		return (char)strtol(hex, NULL, 16);
	}
	for (size_t i = 0; i < COUNT_OF(escapes); i++) {
		if (*t == escapes[i].letter) {
			(*text)++;
			return escapes[i].octet;
		}
	}
	return '\\';
}

/* "{12*" here?  Then where TEXT begins and ends. */
static bool repeat_at(const char *text, size_t *times, const char **begin, const char **end)
{
	char *star;

	if (text[0] != '{' || text[1] < '0' || text[1] > '9')
		return false;
	*times = strtoul(text + 1, &star, 10);
	if (*star != '*')
		return false;
	*begin = star + 1;
	*end = strchr(*begin, '}');
	return *end != NULL;
}

/* Escapes and, unless it is 0, the count. */
static void plain(struct buf *out, const char *text, size_t n, size_t count)
{
	for (const char *t = text; t < text + n;) {
		if (*t == '\\') {
			t++;
			buf_putc(out, escaped(&t));
		} else if (count > 0 && str_starts(t, "%d")) {
			buf_printf(out, "%zu", count);
			t += 2;
		} else {
			buf_putc(out, *t++);
		}
	}
}

static void repeat(const char *text, size_t n, size_t times, expand_sink *sink, void *arg)
{
	bool counts = memmem(text, n, "%d", 2) != NULL;
	struct buf out;

	buf_init(&out, SIZE_MAX / 2);
	for (size_t i = 1; i <= times; i++) {
		if (counts || i == 1) {
			buf_reset(&out);
			plain(&out, text, n, i);
		}
		sink(arg, out.data, out.len);
	}
	buf_release(&out);
}

static void once(const char *text, size_t n, expand_sink *sink, void *arg)
{
	struct buf out;

	buf_init(&out, SIZE_MAX / 2);
	plain(&out, text, n, 0);
	sink(arg, out.data, out.len);
	buf_release(&out);
}

void expand(const char *text, expand_sink *sink, void *arg)
{
	const char *from = text, *t = text, *begin, *end;
	size_t times;

	while (*t != '\0') {
		if (!repeat_at(t, &times, &begin, &end)) {
			t += *t == '\\' && t[1] != '\0' ? 2 : 1;
			continue;
		}
		once(from, (size_t)(t - from), sink, arg);
		repeat(begin, (size_t)(end - begin), times, sink, arg);
		from = t = end + 1;
	}
	once(from, (size_t)(t - from), sink, arg);
}

static void into_buf(void *arg, const char *p, size_t n)
{
	buf_add(arg, p, n);
}

void expand_to(struct buf *out, const char *text)
{
	expand(text, into_buf, out);
}

bool expand_is_repeat(const char *text, size_t *times, char **what)
{
	const char *begin, *end;

	if (!repeat_at(text, times, &begin, &end) || end[1] != '\0')
		return false;
	*what = alloc_copyn(begin, (size_t)(end - begin));
	return true;
}
