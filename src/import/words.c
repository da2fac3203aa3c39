#include "import/words.h"

#include <string.h>

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* Behind an opening double quote. */
static const char *shell_double(const char *s, const char *end, struct buf *out)
{
	for (; s < end && *s != '"'; s++) {
		if (*s == '\\' && s + 1 < end && is_one_of(s[1], "\"\\$`"))
			s++;
		buf_putc(out, *s);
	}
	return s < end ? s + 1 : s;
}

static const char *shell_single(const char *s, const char *end, struct buf *out)
{
	const char *close = memchr(s, '\'', (size_t)(end - s));

	buf_add(out, s, (size_t)((close != NULL ? close : end) - s));
	return close != NULL ? close + 1 : end;
}

bool words_shell(const char **at, const char *end, struct buf *out)
{
	const char *s = *at;

	buf_reset(out);
	while (s < end && is_one_of(*s, " \t\r\n"))
		s++;
	if (s == end)
		return *at = s, false;
	while (s < end && !is_one_of(*s, " \t\r\n")) {
		if (*s == '"')
			s = shell_double(s + 1, end, out);
		else if (*s == '\'')
			s = shell_single(s + 1, end, out);
		else if (*s == '\\' && s + 1 < end)
			buf_putc(out, s[1]), s += 2;
		else
			buf_putc(out, *s++);
	}
	*at = s;
	return true;
}

/* C's escapes; `s` stands behind the backslash. */
static const char *unescape(const char *s, const char *end, struct buf *out)
{
	static const char letters[] = "abfnrtv", meant[] = "\a\b\f\n\r\t\v";
	const char *letter;
	unsigned value = 0;
	int n;

	for (n = 0; n < 3 && s + n < end && s[n] >= '0' && s[n] <= '7'; n++)
		value = value * 8 + (unsigned)(s[n] - '0');
	if (n > 0) {
		buf_putc(out, (char)value);
		return s + n;
	}
	letter = is_one_of(*s, letters) ? strchr(letters, *s) : NULL;
	buf_putc(out, letter != NULL ? meant[letter - letters] : *s);
	return s + 1;
}

static const char *quoted(const char *s, const char *end, char quote, unsigned *line, struct buf *out)
{
	while (s < end && *s != quote) {
		*line += *s == '\n';
		if (*s == '\\' && s + 1 < end)
			s = unescape(s + 1, end, out);
		else
			buf_putc(out, *s++);
	}
	return s < end ? s + 1 : s;
}

/* Behind what parts words, comments too. */
static const char *skip(const char *s, const char *end, unsigned *line)
{
	for (bool comment = false; s < end; s++) {
		if (*s == '#')
			comment = true;
		if (*s == '\n') {
			comment = false;
			++*line;
		}
		if (!comment && !is_one_of(*s, " \t\r\n="))
			break;
	}
	return s;
}

bool words_escaped(const char **at, const char *end, unsigned *line, struct buf *out)
{
	const char *s = skip(*at, end, line);

	buf_reset(out);
	*at = s;
	if (s == end)
		return false;
	if (*s == '"' || *s == '\'')
		s = quoted(s + 1, end, *s, line, out);
	else
		while (s < end && !is_one_of(*s, " \t\r\n=#"))
			buf_putc(out, *s++);
	*at = s;
	return true;
}
