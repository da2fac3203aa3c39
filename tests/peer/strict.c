#include "strict.h"

#include <stdint.h>
#include <string.h>

#include "base/str.h"

/* ---- one address ---- */

static bool is_plain(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c <= ' ' || c >= 0x7f || strchr("<>,;@", c) != NULL)
			return false;
	}
	return n > 0;
}

static bool is_domain(const char *p, size_t n)
{
	const char *dot = memchr(p, '.', n);

	if (!is_plain(p, n))
		return false;
	if (*p == '[')
		return p[n - 1] == ']';
	return dot != NULL && dot > p && p[n - 1] != '.';
}

/* Quoted strings are one letter already, so that the last '@' is the one. */
static bool is_qualified(const char *p, size_t n)
{
	const char *at = memrchr(p, '@', n);

	return at != NULL && is_plain(p, (size_t)(at - p)) && is_domain(at + 1, (size_t)(p + n - at - 1));
}

/* Behind a quoted string or a nested comment that begins at p. */
static const char *skip_quoted(const char *p)
{
	for (p++; *p != '\0' && *p != '"'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
	}
	return *p != '\0' ? p + 1 : p;
}

static const char *skip_comment(const char *p)
{
	int depth = 0;

	for (; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '(')
			depth++;
		else if (*p == ')' && --depth == 0)
			return p + 1;
	}
	return p;
}

/* Comments go, a quoted string becomes `q`: what is left can be parted at its signs. */
static void simplify(struct buf *out, const char *p)
{
	while (*p != '\0') {
		if (*p == '"') {
			p = skip_quoted(p);
			buf_putc(out, 'q');
		} else if (*p == '(') {
			p = skip_comment(p);
		} else {
			buf_putc(out, *p++);
		}
	}
}

bool strict_takes_path(const char *path, bool may_be_null)
{
	struct buf plain;
	bool ok;

	buf_init(&plain, SIZE_MAX / 2);
	simplify(&plain, path);
	if (str_starts(plain.data, "<>"))
		ok = may_be_null;
	else
		ok = plain.data[0] == '<' && is_qualified(plain.data + 1, strcspn(plain.data + 1, "> "));
	buf_release(&plain);
	return ok;
}

/* ---- a field of addresses ---- */

static void trim(const char **p, size_t *n)
{
	while (*n > 0 && str_is_space(**p)) {
		(*p)++;
		(*n)--;
	}
	while (*n > 0 && str_is_space((*p)[*n - 1]))
		(*n)--;
}

/* "a@b" or "Name <a@b>". */
static bool is_entry(const char *p, size_t n)
{
	const char *open = memchr(p, '<', n);

	if (open == NULL)
		return is_qualified(p, n);
	return p[n - 1] == '>' && is_qualified(open + 1, (size_t)(p + n - open - 2));
}

/* All addresses of the field's text; how many there are in *count. */
static bool are_entries(const char *body, size_t *count, struct buf *why)
{
	struct buf plain;
	bool ok = true;

	*count = 0;
	buf_init(&plain, SIZE_MAX / 2);
	simplify(&plain, body);
	for (const char *p = plain.data, *end; *p != '\0' && ok; p = *end != '\0' ? end + 1 : end) {
		const char *entry = p;
		size_t n;

		end = p + strcspn(p, ",;:");
		n = (size_t)(end - p);
		trim(&entry, &n);
		if (n == 0 || (*end == ':' && memchr(entry, '@', n) == NULL))
			continue;               /* a stray comma; the name of a group */
		ok = is_entry(entry, n);
		(*count)++;
		if (!ok)
			buf_printf(why, "no domain or no address: %.*s", (int)n, entry);
	}
	buf_release(&plain);
	return ok;
}

/* ---- the header ---- */

static const struct rule {
	const char *name;
	bool addresses, needed;         /* needed: once, and not empty */
} rules[] = {
	{ "From", true, true },         { "Date", false, true },        { "Message-ID", false, true },
	{ "Sender", true, false },      { "Reply-To", true, false },    { "To", true, false },
	{ "Cc", true, false },          { "Bcc", true, false },         { "Resent-From", true, false },
	{ "Resent-Sender", true, false }, { "Resent-To", true, false }, { "Resent-Cc", true, false },
	{ "Resent-Bcc", true, false },  { "Resent-Reply-To", true, false },
};

/* One field by its rule; whether it is taken. */
static bool takes_field(const struct rule *rule, const char *body, size_t times, struct buf *why)
{
	size_t count = strspn(body, " \t\r\n") < strlen(body);

	if (rule->needed && times > 1) {
		buf_puts(why, "more than one");
		return false;
	}
	if (rule->addresses && !are_entries(body, &count, why))
		return false;
	if (rule->needed && count == 0)
		buf_puts(why, "empty");
	return !rule->needed || count > 0;
}

static size_t rule_of(const char *field, size_t n)
{
	size_t i = 0;

	while (i < COUNT_OF(rules) && (strlen(rules[i].name) != n || !str_iequaln(rules[i].name, field, n)))
		i++;
	return i;
}

/* Read a line, with its end, behind what is in `text`; false at the end of the file. */
static bool add_line(FILE *f, struct buf *text)
{
	size_t before = text->len;
	int c = 0;

	while (c != '\n' && (c = getc(f)) != EOF)
		buf_putc(text, (char)c);
	return text->len > before;
}

/* The next field with its continuation lines; false at the header's end. */
static bool read_field(FILE *f, struct buf *field)
{
	int c;

	buf_reset(field);
	if (!add_line(f, field) || strspn(field->data, "\r\n") == field->len)
		return false;
	while ((c = getc(f)) == ' ' || c == '\t') {
		ungetc(c, f);
		add_line(f, field);
	}
	if (c != EOF)
		ungetc(c, f);
	return true;
}

static bool takes_line(const char *field, size_t *times, struct buf *why)
{
	size_t n = strcspn(field, ":"), name = n, i;

	while (name > 0 && str_is_blank(field[name - 1]))
		name--;
	if (field[n] == '\0' || !is_plain(field, name)) {
		buf_printf(why, "no field: %.*s", (int)strcspn(field, "\r\n"), field);
		return false;
	}
	i = rule_of(field, name);
	if (i == COUNT_OF(rules))
		return true;
	buf_printf(why, "%s: ", rules[i].name);
	if (!takes_field(&rules[i], field + n + 1, ++times[i], why))
		return false;
	buf_reset(why);
	return true;
}

bool strict_takes(FILE *message, struct buf *why)
{
	size_t times[COUNT_OF(rules)] = { 0 };
	struct buf field;
	bool ok = true;

	buf_init(&field, SIZE_MAX / 2);
	rewind(message);
	while (ok && read_field(message, &field))
		ok = takes_line(field.data, times, why);
	for (size_t i = 0; i < COUNT_OF(rules) && ok; i++) {
		ok = !rules[i].needed || times[i] > 0;
		if (!ok)
			buf_printf(why, "%s: missing", rules[i].name);
	}
	buf_release(&field);
	return ok;
}
