#include "net/fingerprint.h"

#include "base/str.h"

#include <string.h>

enum { SHA1_LENGTH = 20, SHA256_LENGTH = 32, MD5_LENGTH = 16 };

static int hex_digit(char c)
{
	c = str_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Pairs of digits, a colon allowed between two; false for anything else or too many. */
static bool parse_octets(const char *s, struct fingerprint *out)
{
	out->len = 0;
	while (*s != '\0') {
		int high = hex_digit(s[0]), low = high < 0 ? -1 : hex_digit(s[1]);

		if (low < 0 || out->len == sizeof(out->octets))
			return false;
		out->octets[out->len++] = (unsigned char)(high << 4 | low);
		s += 2;
		if (s[0] == ':' && s[1] != '\0')
			s++;
	}
	return true;
}

static const struct prefix {
	const char *text;
	size_t len;        /* 0: either */
	bool spki;
} prefixes[] = {
	{ "spki:sha256:", SHA256_LENGTH, true },
	{ "sha256:", SHA256_LENGTH, false },
	{ "sha1:", SHA1_LENGTH, false },
	{ "", 0, false },
};

const char *fingerprint_parse(const char *text, struct fingerprint *out)
{
	const struct prefix *p = prefixes;

	while (!str_istarts(text, p->text))
		p++;
	*out = (struct fingerprint){ .spki = p->spki };
	if (!parse_octets(text + strlen(p->text), out))
		return "no fingerprint: not hexadecimal octets";
	if (out->len == MD5_LENGTH)
		return "an MD5 fingerprint is too weak: use SHA-256";
	if (p->len != 0 ? out->len != p->len : out->len != SHA1_LENGTH && out->len != SHA256_LENGTH)
		return "no fingerprint: SHA-256 has 32 octets, SHA-1 has 20";
	return NULL;
}

void fingerprint_print(const struct fingerprint *f, struct buf *out)
{
	buf_puts(out, f->spki ? "spki:sha256:" : "");
	for (size_t i = 0; i < f->len; i++)
		buf_printf(out, f->spki || i == 0 ? "%02X" : ":%02X", f->octets[i]);
}

bool fingerprint_equal(const struct fingerprint *a, const struct fingerprint *b)
{
	return a->spki == b->spki && a->len == b->len && memcmp(a->octets, b->octets, a->len) == 0;
}
