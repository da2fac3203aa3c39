#include "route/staging.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "config/pattern.h"
#include "mail/rewrite.h"
#include "route/mailbox.h"

static bool is_allowed(const struct settings *s, const char *address)
{
	for (size_t i = 0; i < s->allow_to.len; i++)
		if (pattern_allows(s->allow_to.v[i], address, s->maildomain))
			return true;
	return false;
}

enum staging staging_of(const struct settings *s, const char *address)
{
	if (s->redirect == NULL && s->allow_to.len == 0)
		return STAGING_PASSES;
	if (is_allowed(s, address))
		return STAGING_PASSES;
	return s->redirect != NULL ? STAGING_REDIRECTED : STAGING_HELD;
}

char *staging_redirect(const struct settings *s)
{
	return s->redirect != NULL ? mailbox_configured(s->redirect, s->maildomain) : NULL;
}

static bool redirect(void *arg, const struct address *a, const char *spec, size_t n, struct buf *out)
{
	const struct settings *s = arg;
	struct status ignored;
	char *address = mailbox_wire(a, s->maildomain, &ignored), *to = staging_redirect(s);
	bool changed = address != NULL && strcmp(address, to) != 0
	               && staging_of(s, address) == STAGING_REDIRECTED;

	(void)spec;
	(void)n;
	if (changed)
		buf_puts(out, to);
	free(address);
	free(to);
	return changed;
}

static bool names_recipients(const struct field *f)
{
	return field_is(f, "To") || field_is(f, "Cc") || field_is(f, "Resent-To")
	       || field_is(f, "Resent-Cc");
}

void staging_header(const struct settings *s, struct header *h)
{
	size_t end = h->len;

	for (size_t i = 0; s->redirect != NULL && i < end; i++) {
		const struct field *f = &h->v[i];
		char *before;

		if (!names_recipients(f))
			continue;
		before = alloc_copyn(f->text + f->body, f->len - f->body);
		if (header_rewrite(h, i, redirect, (void *)s))
			header_insert(h, h->len, "X-Original-To", before + strspn(before, " \t"));
		free(before);
	}
}
