#include "deliver/filter.h"

#include <string.h>

#include "base/str.h"

static bool has_part(const char *text, const char *part)
{
	size_t n = strlen(part);

	for (; strlen(text) >= n; text++)
		if (str_iequaln(text, part, n))
			return true;
	return false;
}

static bool has_recipient(const struct envelope *e, const char *part)
{
	for (size_t i = 0; i < e->len; i++)
		if (e->v[i].state == RECIPIENT_WAITING
		    && (has_part(e->v[i].address, part) || has_part(e->v[i].given, part)))
			return true;
	return false;
}

static bool is_listed(const struct filter *f, const char *id)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->ids[i], id) == 0)
			return true;
	return f->ids == NULL;
}

bool filter_matches_id(const struct filter *f, const char *id)
{
	return is_listed(f, id) && (f->id == NULL || has_part(id, f->id));
}

bool filter_matches(const struct filter *f, const struct queue_entry *e)
{
	return filter_matches_id(f, e->id)
	       && (!f->own || e->info.uid == f->uid)
	       && (f->account == NULL || strcmp(e->info.account, f->account) == 0)
	       && (f->sender == NULL || has_part(e->envelope.sender, f->sender))
	       && (f->recipient == NULL || has_recipient(&e->envelope, f->recipient));
}
