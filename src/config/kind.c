#include "config/kind_parts.h"

#include <string.h>

#include "base/str.h"

bool kind_refuse(struct status *st, const char *value, const char *reason)
{
	struct buf shown;

	buf_init(&shown, KIND_SHOWN);
	str_escape(&shown, value, strlen(value));
	status_fail(st, EX_CONFIG, "\"%s%s\" %s", shown.data, shown.overflow ? "..." : "", reason);
	buf_release(&shown);
	return false;
}

static size_t count_words(const char *const *words)
{
	size_t n = 0;

	while (words[n] != NULL)
		n++;
	return n;
}

/* Few words are all told, of many the nearest. */
static bool refuse_word(struct status *st, const char *value, const char *const *words)
{
	enum { FEW = 4 };
	size_t n = count_words(words);
	const char *near = str_nearest(value, words, n, sizeof(*words));
	struct buf reason;

	buf_init(&reason, 300);
	buf_puts(&reason, near == NULL || n <= FEW ? "is not one of " : "is not known");
	for (size_t i = 0; (near == NULL || n <= FEW) && i < n; i++)
		buf_printf(&reason, "%s%s", i > 0 ? ", " : "", words[i]);
	if (near != NULL)
		buf_printf(&reason, "; did you mean %s?", near);
	kind_refuse(st, value, reason.data);
	buf_release(&reason);
	return false;
}

int kind_find_word(const char *value, const char *const *words, struct status *st)
{
	for (int i = 0; words[i] != NULL; i++)
		if (str_iequal(words[i], value))
			return i;
	refuse_word(st, value, words);
	return -1;
}

bool kind_is_pattern(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if (*p == '*' || *p == '?' || (*p == '[' && (p == text || p[-1] != '@')))
			return true;
	return false;
}
