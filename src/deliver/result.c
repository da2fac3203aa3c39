#include "deliver/result.h"

#include "base/str.h"

#include <stdbool.h>
#include <string.h>

/* How much a recipient's outcome weighs in the exit code; the heaviest wins, of equals the first. */
static int weight(const struct recipient *r)
{
	if (r->state == RECIPIENT_SENT)
		return 0;
	if (r->state == RECIPIENT_WAITING)
		return r->status.sysexit == EX_TEMPFAIL ? 5 : 4;
	switch (r->status.sysexit) {
	case EX_DATAERR:
		return 3;
	case EX_NOUSER:
		return 2;
	default:
		return 1;
	}
}

const struct recipient *result_worst(const struct envelope *e)
{
	const struct recipient *heaviest = NULL;

	for (size_t i = 0; i < e->len; i++)
		if (weight(&e->v[i]) > (heaviest != NULL ? weight(heaviest) : 0))
			heaviest = &e->v[i];
	return heaviest;
}

int result_exit(const struct envelope *e)
{
	const struct recipient *heaviest = result_worst(e);

	if (heaviest == NULL)
		return EX_OK;
	/* One that nobody tried has no status, and must not pass for sent. */
	return heaviest->status.sysexit != EX_OK ? heaviest->status.sysexit : EX_TEMPFAIL;
}

static bool is_left(const struct recipient *r)
{
	return r->state != RECIPIENT_SENT;
}

/* The recipient whose reason is everybody's; NULL if reasons differ, or some were sent. */
static const struct recipient *shared_reason(const struct envelope *e)
{
	for (size_t i = 0; i < e->len; i++)
		if (!is_left(&e->v[i]) || strcmp(e->v[i].status.text, e->v[0].status.text) != 0)
			return NULL;
	return e->len > 0 ? &e->v[0] : NULL;
}

/* Addresses come from outside. */
static void print_recipient(const struct recipient *r, struct buf *out)
{
	const char *reason = *r->status.text != '\0' ? r->status.text : "not tried";
	struct buf shown;

	buf_init(&shown, 1024);
	str_escape(&shown, r->given, strlen(r->given));
	if (str_starts(reason, shown.data)) /* of what is no address it shows the place */
		buf_printf(out, "%s\n", reason);
	else
		buf_printf(out, "%s: %s\n", shown.data, reason);
	buf_release(&shown);
}

void result_print(const struct envelope *e, const char *account, struct buf *out)
{
	const struct recipient *r = shared_reason(e);

	if (r != NULL && (r->status.wait == WAIT_ACCOUNT || r->status.wait == WAIT_HOST))
		buf_printf(out, "account %s: %s\n", account, r->status.text);
	else if (r != NULL && e->len > 1)
		buf_printf(out, "all %zu recipients: %s\n", e->len, r->status.text);
	else
		for (size_t i = 0; i < e->len; i++)
			if (is_left(&e->v[i]))
				print_recipient(&e->v[i], out);
}
