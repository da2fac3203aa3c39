#include "check/finding.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"

void findings_init(struct findings *f)
{
	*f = (struct findings){ 0 };
}

static void release(struct finding *f)
{
	free(f->where);
	free(f->what);
	free(f->remedy);
}

void findings_release(struct findings *f)
{
	for (size_t i = 0; i < f->len; i++)
		release(&f->v[i]);
	free(f->v);
	findings_init(f);
}

const char *finding_word(enum severity severity)
{
	static const char *const words[FINDING_SEVERITIES] = {
		[FINDING_OK] = "ok",
		[FINDING_NOTE] = "note",
		[FINDING_WRONG] = "wrong",
	};

	return words[severity];
}

static bool is_known(const struct findings *f, const struct finding *new)
{
	for (size_t i = 0; i < f->len; i++)
		if (f->v[i].severity == new->severity && strcmp(f->v[i].what, new->what) == 0
		    && strcmp(f->v[i].where, new->where) == 0)
			return true;
	return false;
}

static void take(struct findings *f, struct finding new)
{
	if (is_known(f, &new)) {
		release(&new);
		return;
	}
	if (f->len == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 8;
		f->v = alloc_array(f->v, f->cap, sizeof(*f->v));
	}
	f->v[f->len++] = new;
}

void findings_vadd(struct findings *f, enum severity severity, const char *where, const char *remedy,
                   const char *what, va_list ap)
{
	struct buf text;

	buf_init(&text, SIZE_MAX / 2);
	buf_vprintf(&text, what, ap);
	take(f, (struct finding){ severity, alloc_copy(where), buf_detach(&text), alloc_copy(remedy) });
}

void findings_add(struct findings *f, enum severity severity, const char *where, const char *remedy,
                  const char *what, ...)
{
	va_list ap;

	va_start(ap, what);
	findings_vadd(f, severity, where, remedy, what, ap);
	va_end(ap);
}

void findings_add_status(struct findings *f, const char *where, const struct status *st)
{
	findings_add(f, FINDING_WRONG, where, st->remedy != NULL ? st->remedy : "", "%s", st->text);
}

size_t findings_count(const struct findings *f, enum severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < f->len; i++)
		n += f->v[i].severity == severity;
	return n;
}
