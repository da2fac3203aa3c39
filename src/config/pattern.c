#include "config/pattern.h"

#include <fnmatch.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"
#include "config/kind.h"
#include "net/resolve.h"

/* A label that is international, as an A-label; wildcards need not keep the others from that. */
static void add_label(struct buf *out, const char *label, size_t n)
{
	char *text = alloc_copyn(label, n), *ascii;
	struct status st;

	ascii = str_is_ascii(text, n) ? NULL : resolve_alabel(text, &st);
	buf_puts(out, ascii != NULL ? ascii : text);
	free(ascii);
	free(text);
}

/* An address or pattern to compare: its domain as A-labels, where it has any other. */
static char *comparable(const char *address)
{
	const char *at = strrchr(address, '@');
	struct buf out;
	size_t n;

	if (at == NULL || str_is_ascii(at, strlen(at)))
		return alloc_copy(address);
	buf_init(&out, SIZE_MAX / 2);
	buf_add(&out, address, (size_t)(at + 1 - address));
	for (const char *label = at + 1; ; label += n + 1) {
		n = strcspn(label, ".");
		add_label(&out, label, n);
		if (label[n] == '\0')
			return buf_detach(&out);
		buf_putc(&out, '.');
	}
}

bool pattern_matches(const char *wanted, const char *address)
{
	char *a = comparable(wanted), *b = comparable(address);
	bool ok = kind_is_pattern(wanted) ? fnmatch(a, b, FNM_CASEFOLD) == 0 : str_iequal(a, b);

	free(a);
	free(b);
	return ok;
}

char *pattern_plain(const char *address)
{
	const char *at = strrchr(address, '@');
	size_t user = strcspn(address, "+@");

	if (at == NULL || user == 0 || address[user] != '+')
		return NULL;
	return alloc_printf("%.*s%s", (int)user, address, at);
}

bool pattern_allows(const char *wanted, const char *address, const char *maildomain)
{
	bool bare = strchr(wanted, '@') == NULL && !kind_is_pattern(wanted);
	char *full = bare ? alloc_printf("%s@%s", wanted, maildomain) : alloc_copy(wanted);
	char *plain = pattern_plain(address);
	bool ok = pattern_matches(full, address) || (plain != NULL && pattern_matches(full, plain));

	free(plain);
	free(full);
	return ok;
}

bool pattern_covers(const char *wide, const char *narrow)
{
	if (kind_is_pattern(wide) != kind_is_pattern(narrow))
		return false;
	/* Read as an address, a pattern's `*` and `?` are characters that a `*` takes in. */
	return str_iequal(wide, narrow)
	       || (strpbrk(wide, "?[") == NULL && strchr(narrow, '[') == NULL
	           && pattern_matches(wide, narrow));
}
