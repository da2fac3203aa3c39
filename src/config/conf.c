#include "config/conf.h"

#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

static const char byte_order_mark[] = "\xef\xbb\xbf";

void conf_init(struct conf *c, const char *text, size_t n)
{
	size_t bom = sizeof(byte_order_mark) - 1;

	*c = (struct conf){ .at = text, .end = text + n };
	if (n >= bom && memcmp(text, byte_order_mark, bom) == 0)
		c->at += bom;
}

/* Take blanks off both ends of [*from, *to). */
static void trim(const char **from, const char **to)
{
	while (*from < *to && str_is_blank(**from))
		++*from;
	while (*to > *from && str_is_blank((*to)[-1]))
		--*to;
}

static bool has_forbidden(const char *s, const char *end)
{
	for (; s < end; s++)
		if (*s != '\t' && str_has_control(s, 1))
			return true;
	return false;
}

/* The next physical line, without its line end, as [*from, *to). */
static bool take_line(struct conf *c, const char **from, const char **to)
{
	const char *nl;

	if (c->at == c->end)
		return false;
	nl = memchr(c->at, '\n', (size_t)(c->end - c->at));
	*from = c->at;
	*to = nl != NULL ? nl : c->end;
	c->at = nl != NULL ? nl + 1 : c->end;
	c->line++;
	if (*to > *from && (*to)[-1] == '\r')
		--*to;
	return true;
}

static void split(struct conf_line *out, const char *from, const char *to)
{
	const char *key = from;

	while (from < to && !str_is_blank(*from))
		from++;
	out->key = alloc_copyn(key, (size_t)(from - key));
	trim(&from, &to);
	if (to - from >= 2 && *from == '"' && to[-1] == '"') {
		from++;
		to--;
	}
	out->value = alloc_copyn(from, (size_t)(to - from));
}

bool conf_next(struct conf *c, struct conf_line *out, const char **error)
{
	const char *from, *to;

	*error = NULL;
	while (take_line(c, &from, &to)) {
		trim(&from, &to);
		if (from == to || *from == '#')
			continue;
		if (has_forbidden(from, to)) {
			*error = "a control character in the line";
			return false;
		}
		split(out, from, to);
		return true;
	}
	return false;
}

void conf_line_release(struct conf_line *l)
{
	alloc_wipe(l->key);
	alloc_wipe(l->value);
	*l = (struct conf_line){ 0 };
}

static size_t name_length(const char *s)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

	return *s >= '0' && *s <= '9' ? 0 : strspn(s, letters);
}

/* `s` stands behind "${".  Returns where to go on, or NULL. */
static const char *expand_one(const char *s, conf_lookup *lookup, struct buf *out, struct status *st)
{
	size_t n = name_length(s);
	const char *found;
	char *name;

	if (n == 0 || s[n] != '}') {
		status_fail(st, EX_CONFIG, "\"${\" without a name and \"}\" behind it; "
			"write \"$${\" if it shall stand for itself");
		return NULL;
	}
	name = alloc_copyn(s, n);
	found = lookup(name);
	if (found != NULL)
		buf_puts(out, found);
	else
		status_fail(st, EX_CONFIG, "${%.64s} is not set in the environment", name);
	alloc_wipe(name);
	return found != NULL ? s + n + 1 : NULL;
}

bool conf_expand(const char *value, conf_lookup *lookup, struct buf *out, struct status *st)
{
	while (*value != '\0') {
		if (str_starts(value, "$${")) {
			buf_puts(out, "${");
			value += 3;
		} else if (str_starts(value, "${")) {
			value = expand_one(value + 2, lookup, out, st);
			if (value == NULL)
				return false;
		} else {
			buf_putc(out, *value++);
		}
	}
	if (!buf_ok(out))
		return status_fail(st, EX_CONFIG, "the environment makes it too long");
	if (has_forbidden(out->data, out->data + out->len))
		return status_fail(st, EX_CONFIG, "the environment puts a control character into it");
	return true;
}

void conf_quote(const char *value, bool verbatim, struct buf *out)
{
	size_t n = strlen(value);
	bool quotes = n == 0 || str_is_blank(value[0]) || str_is_blank(value[n - 1]) || value[0] == '"';

	if (quotes)
		buf_putc(out, '"');
	for (; *value != '\0'; value++) {
		if (!verbatim && str_starts(value, "${"))
			buf_putc(out, '$');
		buf_putc(out, *value);
	}
	if (quotes)
		buf_putc(out, '"');
}
