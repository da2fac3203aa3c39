#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fill(struct status *st, enum status_wait wait, int sysexit, const char *fmt, va_list ap)
	__attribute__((format(printf, 4, 0)));

static void fill(struct status *st, enum status_wait wait, int sysexit, const char *fmt, va_list ap)
{
	struct status new = { .sysexit = sysexit, .wait = wait };

	/* The arguments may point into the old text. */
	vsnprintf(new.text, sizeof(new.text), fmt, ap);
	*st = new;
}

bool status_fail(struct status *st, int sysexit, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(st, sysexit == EX_TEMPFAIL ? WAIT_MESSAGE : WAIT_NOTHING, sysexit, fmt, ap);
	va_end(ap);
	return false;
}

bool status_defer(struct status *st, enum status_wait wait, int sysexit, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(st, wait, sysexit, fmt, ap);
	va_end(ap);
	return false;
}

bool status_advise(struct status *st, const char *remedy)
{
	st->remedy = remedy;
	return false;
}

bool status_during(struct status *st, const char *fmt, ...)
{
	char old[sizeof(st->text)];
	va_list ap;
	size_t len;

	memcpy(old, st->text, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(st->text, sizeof(st->text), fmt, ap);
	va_end(ap);
	len = strlen(st->text);
	snprintf(st->text + len, sizeof(st->text) - len, ": %s", old);
	return false;
}
