#include "base/str.h"

#include <stdio.h>
#include <string.h>

char str_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_iequaln(const char *a, const char *b, size_t n)
{
	for (; n > 0; n--, a++, b++) {
		if (str_lower(*a) != str_lower(*b))
			return false;
		if (*a == '\0')
			return true;
	}
	return true;
}

bool str_iequal(const char *a, const char *b)
{
	return str_iequaln(a, b, (size_t)-1);
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_istarts(const char *s, const char *prefix)
{
	return str_iequaln(s, prefix, strlen(prefix));
}

bool str_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool str_is_space(char c)
{
	return str_is_blank(c) || c == '\r' || c == '\n';
}

static bool is_control(char c)
{
	return (unsigned char)c < 32 || c == 127;
}

bool str_has_control(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_control(s[i]))
			return true;
	return false;
}

bool str_is_ascii(const char *s, size_t n)
{
	uint64_t eight; /* whole messages pass here */

	for (; n >= sizeof(eight); s += sizeof(eight), n -= sizeof(eight)) {
		memcpy(&eight, s, sizeof(eight));
		if ((eight & UINT64_C(0x8080808080808080)) != 0)
			return false;
	}
	for (; n > 0; s++, n--)
		if ((unsigned char)*s > 127)
			return false;
	return true;
}

/* How many octets a sequence with this first one has; 0 if none starts so. */
static size_t sequence_length(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead < 0xe0)
		return 2;
	if (lead >= 0xe0 && lead < 0xf0)
		return 3;
	return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

bool str_utf8_next(const char **p, const char *end, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)*p;
	size_t n;
	uint32_t c;

	if (*p >= end || (n = sequence_length(*s)) == 0 || n > (size_t)(end - *p))
		return false;
	c = n == 1 ? *s : *s & (0xffU >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return false;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return false;
	*cp = c;
	*p += n;
	return true;
}

bool str_is_utf8(const char *s, size_t n)
{
	const char *end = s + n;
	uint32_t cp;

	while (s < end)
		if (!str_utf8_next(&s, end, &cp))
			return false;
	return true;
}

void str_escape(struct buf *out, const char *s, size_t n)
{
	const char *end = s + n, *from;
	uint32_t cp;

	while (from = s, s < end) {
		if (*s == '\\') {
			buf_puts(out, "\\\\");
			s++;
		} else if (!is_control(*s) && str_utf8_next(&s, end, &cp)) {
			if (cp >= 0x80 && cp < 0xa0) /* C1 controls steer terminals */
				buf_printf(out, "\\u%04x", (unsigned)cp);
			else
				buf_add(out, from, (size_t)(s - from));
		} else {
			buf_printf(out, "\\x%02x", (unsigned char)*s++);
		}
	}
}

void str_json(struct buf *out, const char *s)
{
	const char *end = s + strlen(s), *from;
	uint32_t cp;

	buf_putc(out, '"');
	while (from = s, s < end) {
		if (!str_utf8_next(&s, end, &cp)) {
			buf_puts(out, "\xef\xbf\xbd");
			s++;
		} else if (cp == '"' || cp == '\\') {
			buf_printf(out, "\\%c", (char)cp);
		} else if (cp < ' ' || (cp >= 127 && cp < 160)) {
			buf_printf(out, "\\u%04x", (unsigned)cp);
		} else {
			buf_add(out, from, (size_t)(s - from));
		}
	}
	buf_putc(out, '"');
}

enum { LONGEST_WORD = 40 };

/* Levenshtein's distance, without regard to case. */
static size_t distance(const char *a, const char *b)
{
	size_t row[LONGEST_WORD + 1], nb = strlen(b), diagonal, above;

	if (nb > LONGEST_WORD)
		return LONGEST_WORD;
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			above = row[j];
			row[j] = diagonal + (str_lower(a[i - 1]) != str_lower(b[j - 1]));
			if (above + 1 < row[j])
				row[j] = above + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			diagonal = above;
		}
	}
	return row[nb];
}

const char *str_nearest(const char *wrong, const char *const *words, size_t n, size_t stride)
{
	size_t best = strlen(wrong) / 3 + 2, d;
	const char *found = NULL;

	if (strlen(wrong) > LONGEST_WORD)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const char *word = *(const char *const *)((const char *)words + i * stride);

		if ((d = distance(wrong, word)) < best) {
			best = d;
			found = word;
		}
	}
	return found;
}
