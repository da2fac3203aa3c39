#include "route/mapping.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "config/pattern.h"
#include "mail/rewrite.h"
#include "route/mailbox.h"

/* In either form, as pattern_matches has the domains of addresses. */
static bool is_same(const char *a, const char *b)
{
	char *one = alloc_printf("@%s", a), *other = alloc_printf("@%s", b);
	bool same = pattern_matches(one, other);

	free(one);
	free(other);
	return same;
}

static bool is_masked(const struct settings *s, const char *domain)
{
	for (size_t i = 0; i < s->masquerade.len; i++)
		if (is_same(s->masquerade.v[i], domain))
			return true;
	return false;
}

/* NULL if it stays. */
static char *masked(const struct settings *s, const char *address)
{
	const char *at = strrchr(address, '@');

	if (at == NULL || !is_masked(s, at + 1))
		return NULL;
	return alloc_printf("%.*s@%s", (int)(at - address), address, s->maildomain);
}

static bool holds(const char *where, enum mapping_place place)
{
	return *where == '\0' || str_iequal(where, place == MAPPING_ENVELOPE ? "envelope" : "header");
}

/* NULL if no rule is for it. */
static char *rewritten(const struct settings *s, const char *address, enum mapping_place place)
{
	for (size_t i = 0; i + 2 < s->rewrite.len; i += 3)
		if (holds(s->rewrite.v[i + 2], place)
		    && pattern_allows(s->rewrite.v[i], address, s->maildomain))
			return mailbox_configured(s->rewrite.v[i + 1], s->maildomain);
	return NULL;
}

char *mapping_sender(const struct settings *s, const char *address, enum mapping_place place)
{
	char *name, *other;

	if (*address == '\0' || (name = masked(s, address)) == NULL)
		name = alloc_copy(address);
	other = *name != '\0' ? rewritten(s, name, place) : NULL;
	if (other == NULL)
		return name;
	free(name);
	return other;
}

static bool mask(void *arg, const struct address *a, const char *spec, size_t n, struct buf *out)
{
	const struct settings *s = arg;

	(void)spec;
	(void)n;
	if (a->domain == NULL || !is_masked(s, a->domain))
		return false;
	address_format(out, a->local, s->maildomain);
	return true;
}

static bool rewrite(void *arg, const struct address *a, const char *spec, size_t n, struct buf *out)
{
	const struct settings *s = arg;
	struct status st;
	char *address = mailbox_wire(a, s->maildomain, &st);
	char *other = address != NULL ? rewritten(s, address, MAPPING_HEADER) : NULL;
	bool changed = other != NULL && strcmp(other, address) != 0;

	(void)spec;
	(void)n;
	if (changed)
		buf_puts(out, other);
	free(address);
	free(other);
	return changed;
}

static bool names_sender(const struct field *f)
{
	return field_is(f, "From") || field_is(f, "Sender") || field_is(f, "Resent-From")
	       || field_is(f, "Resent-Sender");
}

/* Whether a field was put in behind the one at `at`. */
static bool map_field(const struct settings *s, struct header *h, size_t at)
{
	const struct field *f = &h->v[at];
	char *before = alloc_copyn(f->text + f->body, f->len - f->body);
	bool kept;

	header_rewrite(h, at, mask, (void *)s);
	kept = names_sender(f) && header_rewrite(h, at, rewrite, (void *)s) && field_is(f, "From");
	if (kept)
		header_insert(h, at + 1, "X-Original-From", before + strspn(before, " \t"));
	free(before);
	return kept;
}

void mapping_header(const struct settings *s, struct header *h)
{
	if (s->masquerade.len == 0 && s->rewrite.len == 0)
		return;
	for (size_t i = 0; i < h->len; i++)
		if (field_has_addresses(&h->v[i]) && map_field(s, h, i))
			i++;
}
