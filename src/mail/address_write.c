#include "mail/address.h"

#include "base/str.h"
#include "mail/atext.h"

#include <stdint.h>
#include <string.h>

/* Dot-string of RFC 5321, 4.1.2, with RFC 6531's UTF-8. */
static bool is_dot_string(const char *s)
{
	bool after_dot = true;

	for (; *s != '\0'; s++) {
		if (*s == '.' ? after_dot : !is_atext(*s) && (unsigned char)*s < 128)
			return false;
		after_dot = *s == '.';
	}
	return !after_dot;
}

static void format_quoted(struct buf *out, const char *s)
{
	buf_putc(out, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buf_putc(out, '\\');
		buf_putc(out, *s);
	}
	buf_putc(out, '"');
}

void address_format(struct buf *out, const char *local, const char *domain)
{
	if (local[0] == '\0' && domain == NULL)
		return;
	if (is_dot_string(local))
		buf_puts(out, local);
	else
		format_quoted(out, local);
	if (domain != NULL)
		buf_printf(out, "@%s", domain);
}

char *address_string(const struct address *a)
{
	struct buf out;

	buf_init(&out, SIZE_MAX / 2);
	address_format(&out, a->local, a->domain);
	return buf_detach(&out);
}

/* Length of the local part of an address in wire form. */
static size_t local_length(const char *s)
{
	const char *p = s;

	if (*p != '"')
		return strcspn(s, "@");
	for (p++; *p != '\0' && *p != '"'; p++)
		p += p[0] == '\\' && p[1] != '\0';
	return (size_t)(p - s);
}

int address_compare(const char *a, const char *b)
{
	size_t na = local_length(a), nb = local_length(b);
	int order = memcmp(a, b, na < nb ? na : nb);

	if (order != 0 || na != nb)
		return order != 0 ? order : na < nb ? -1 : 1;
	for (a += na, b += nb; *a != '\0' && str_lower(*a) == str_lower(*b); a++, b++)
		;
	return (unsigned char)str_lower(*a) - (unsigned char)str_lower(*b);
}

/* Atoms with one blank between them, none of which could be taken for an RFC 2047 word. */
static bool is_phrase(const char *s)
{
	bool after_atom = false;

	if (strstr(s, "=?") != NULL)
		return false;
	for (; *s != '\0'; s++) {
		if (*s == ' ' ? !after_atom : !is_atext(*s))
			return false;
		after_atom = *s != ' ';
	}
	return after_atom;
}

/* RFC 2047, 5 (3): what may stand for itself in a phrase. */
static bool is_plain_in_word(uint32_t cp)
{
	return cp < 127 && is_atext((char)cp) && strchr("#$%&'=?^_`{|}~", (int)cp) == NULL;
}

/* One character in the "Q" encoding, or U+FFFD for what is none; returns how much was written. */
static size_t encode_character(struct buf *out, const char **p, const char *end)
{
	const char *from = *p;
	size_t before = out->len;
	uint32_t cp;

	if (!str_utf8_next(p, end, &cp)) {
		(*p)++;
		buf_puts(out, "=EF=BF=BD");
	} else if (cp == ' ') {
		buf_putc(out, '_');
	} else if (is_plain_in_word(cp)) {
		buf_putc(out, (char)cp);
	} else {
		for (; from < *p; from++)
			buf_printf(out, "=%02X", (unsigned char)*from);
	}
	return out->len - before;
}

/* Words of at most 75 octets on lines of at most 76, the field's name included (RFC 2047, 2). */
static void encode_words(struct buf *out, const char *s, size_t n)
{
	enum { ENOUGH = 48 };
	const char *end = s + n;

	while (s < end) {
		size_t used = 0;

		buf_puts(out, "=?UTF-8?Q?");
		while (s < end && used < ENOUGH && buf_ok(out))
			used += encode_character(out, &s, end);
		buf_puts(out, s < end ? "?=\r\n " : "?=");
	}
}

void address_format_name(struct buf *out, const char *name)
{
	struct buf clean;

	buf_init(&clean, SIZE_MAX / 2);
	for (; *name != '\0'; name++)
		buf_putc(&clean, str_has_control(name, 1) ? ' ' : *name);
	if (!str_is_ascii(clean.data, clean.len))
		encode_words(out, clean.data, clean.len);
	else if (is_phrase(clean.data))
		buf_puts(out, clean.data);
	else
		format_quoted(out, clean.data);
	buf_release(&clean);
}

void address_format_text(struct buf *out, const char *text)
{
	size_t n = strlen(text);

	if (str_is_ascii(text, n) && strstr(text, "=?") == NULL)
		buf_add(out, text, n);
	else
		encode_words(out, text, n);
}
