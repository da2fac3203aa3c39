#include "mail/rewrite.h"

#include <stdint.h>

#include "base/str.h"

bool field_has_addresses(const struct field *f)
{
	static const char *const names[] = {
		"From", "Sender", "Reply-To", "To", "Cc",
		"Resent-From", "Resent-Sender", "Resent-Reply-To", "Resent-To", "Resent-Cc",
	};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (field_is(f, names[i]))
			return true;
	return false;
}

/* Whatever of text[*copied, a->end) changes is in `out`, the rest of it too; false if nothing does. */
static bool replace(struct buf *out, const char *text, size_t *copied, const struct address *a,
                    rewrite_address *f, void *arg)
{
	struct buf spec;
	bool changed;

	if (a->error != NULL || address_is_null(a))
		return false;
	buf_init(&spec, SIZE_MAX / 2);
	changed = f(arg, a, text + a->start, a->end - a->start, &spec);
	if (changed) {
		buf_add(out, text + *copied, a->start - *copied);
		buf_add(out, spec.data, spec.len);
		*copied = a->end;
	}
	buf_release(&spec);
	return changed;
}

bool header_rewrite(struct header *h, size_t at, rewrite_address *f, void *arg)
{
	const char *body = h->v[at].text + h->v[at].body;
	size_t n = h->v[at].len - h->v[at].body, copied = 0;
	struct address_list l;
	bool changed = false;
	struct buf out;

	address_list_init(&l);
	buf_init(&out, SIZE_MAX / 2);
	address_parse_list(&l, body, n);
	for (size_t i = 0; i < l.len && !l.overflow; i++)
		changed |= replace(&out, body, &copied, &l.v[i], f, arg);
	if (changed) {
		buf_add(&out, body + copied, n - copied);
		header_replace_body(h, at, out.data, out.len);
	}
	buf_release(&out);
	address_list_release(&l);
	return changed;
}
