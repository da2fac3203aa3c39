#include "route/alias_item.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char include[] = ":include:";

/* Behind the quoted string that starts at p. */
static const char *skip_quoted(const char *p)
{
	for (p++; *p != '\0' && *p != '"'; p++)
		if (*p == '\\' && p[1] != '\0')
			p++;
	return *p == '"' ? p + 1 : p;
}

/* What shields a comma in an address: a comment, maybe in another, and <...>. */
static void count_brackets(char c, int *comments, bool *angle)
{
	if (c == '(')
		++*comments;
	else if (c == ')' && *comments > 0)
		--*comments;
	else if (*comments == 0 && (c == '<' || c == '>'))
		*angle = c == '<';
}

/* The comma behind the item at p, or the end. */
static const char *item_end(const char *p)
{
	bool brackets = strchr("|/:", *p) == NULL, angle = false;
	int comments = 0;

	while (*p != '\0' && (*p != ',' || comments > 0 || angle)) {
		if (*p == '"' && comments == 0) {
			p = skip_quoted(p);
			continue;
		}
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (brackets)
			count_brackets(*p, &comments, &angle);
		p++;
	}
	return p;
}

/* What is in the quotes, if they stand around all of it; else NULL. */
static char *unquote(const char *text)
{
	struct buf out;
	size_t n = strlen(text);

	if (*text != '"' || n < 2 || text[n - 1] != '"' || *skip_quoted(text) != '\0')
		return NULL;
	buf_init(&out, SIZE_MAX / 2);
	for (const char *p = text + 1; p < text + n - 1; p++) {
		if (*p == '\\')
			p++;
		buf_putc(&out, *p);
	}
	return buf_detach(&out);
}

static void take_path(struct alias_item *item, const char *path)
{
	char *plain;

	path += strspn(path, " \t");
	plain = unquote(path);
	item->kind = ALIAS_INCLUDE;
	free(item->text);
	item->text = plain ? plain : alloc_copy(path);
}

/* `"ann@example.org"` means her, and no local part with an @ in it. */
static bool parse_quoted(struct address *a, const char *plain)
{
	if (address_parse(a, plain) && a->domain != NULL)
		return true;
	address_release(a);
	return false;
}

static void take_address(struct alias_item *item, const char *plain)
{
	item->kind = ALIAS_ADDRESS;
	item->final = item->text[0] == '\\';
	if (plain == NULL || !parse_quoted(&item->address, plain))
		address_parse(&item->address, item->text);
}

static void classify(struct alias_item *item)
{
	char *plain = unquote(item->text), *copy;
	const char *what = plain ? plain : item->text;

	if (*what == '|') {
		item->kind = ALIAS_COMMAND;
	} else if (*what == '/') {
		item->kind = ALIAS_FILE;
	} else if (str_istarts(what, include)) {
		copy = alloc_copy(what + strlen(include));
		take_path(item, copy);
		free(copy);
	} else if (*what == ':') {
		item->kind = ALIAS_UNKNOWN;
	} else {
		take_address(item, plain);
	}
	free(plain);
}

bool alias_item_next(struct alias_item *item, const char **at)
{
	const char *p = *at + strspn(*at, ", \t"), *end = item_end(p);

	*at = end;
	if (*p == '\0')
		return false;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*item = (struct alias_item){ .text = alloc_copyn(p, (size_t)(end - p)) };
	classify(item);
	return true;
}

void alias_item_release(struct alias_item *item)
{
	if (item->kind == ALIAS_ADDRESS)
		address_release(&item->address);
	free(item->text);
	*item = (struct alias_item){ 0 };
}
