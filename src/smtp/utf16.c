#include "smtp/utf16.h"

#include "base/str.h"

#include <locale.h>
#include <stdint.h>
#include <wctype.h>

static void put_unit(struct buf *out, uint32_t unit)
{
	buf_putc(out, (char)(unit & 0xff));
	buf_putc(out, (char)(unit >> 8));
}

static void put(struct buf *out, uint32_t cp)
{
	if (cp < 0x10000) {
		put_unit(out, cp);
		return;
	}
	put_unit(out, 0xd800 + ((cp - 0x10000) >> 10));
	put_unit(out, 0xdc00 + ((cp - 0x10000) & 0x3ff));
}

bool utf16_add(struct buf *out, const char *s, size_t n)
{
	const char *end = s + n;
	uint32_t cp;

	while (s < end) {
		if (!str_utf8_next(&s, end, &cp))
			return false;
		put(out, cp);
	}
	return true;
}

/* A libc without C.UTF-8 knows the capitals of ASCII. */
static uint32_t upper(uint32_t cp, locale_t unicode)
{
	uint32_t up = cp;

	if (unicode != (locale_t)0 && cp < 0x10000)
		up = (uint32_t)towupper_l((wint_t)cp, unicode);
	else if (cp >= 'a' && cp <= 'z')
		up = cp - 'a' + 'A';
	return up < 0x10000 ? up : cp;
}

bool utf16_add_upper(struct buf *out, const char *s, size_t n)
{
	locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	const char *end = s + n;
	uint32_t cp;
	bool ok;

	while ((ok = str_utf8_next(&s, end, &cp)))
		put(out, upper(cp, unicode));
	if (unicode != (locale_t)0)
		freelocale(unicode);
	return s == end;
}
