#include "smtp/refusal.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "smtp/reply.h"

/* What is wrong here, and not with the message, is a reason to try again. */
static const struct refusal refusals[] = {
	{ EX_USAGE, 501, "5.5.4" },
	{ EX_DATAERR, 554, "5.6.0" },
	{ EX_NOUSER, 550, "5.1.1" },
	{ EX_NOPERM, 550, "5.7.1" },
	{ EX_CONFIG, 451, "4.3.5" },
	{ EX_CANTCREAT, 451, "4.3.0" },
	{ EX_OSERR, 451, "4.3.0" },
	{ EX_IOERR, 451, "4.3.0" },
	{ EX_SOFTWARE, 451, "4.3.0" },
};

static struct refusal own_refusal(const struct status *st)
{
	static const struct refusal temporary = { EX_TEMPFAIL, 451, "4.3.0" };
	static const struct refusal final = { EX_UNAVAILABLE, 554, "5.0.0" };

	if (st->wait != WAIT_NOTHING)
		return temporary;
	for (size_t i = 0; i < COUNT_OF(refusals); i++)
		if (refusals[i].sysexit == st->sysexit)
			return refusals[i];
	return final;
}

/* What a server said of the message, and not of its session with us, is passed on. */
static bool speaks_of_message(const struct status *st)
{
	static const int codes[] = { 450, 451, 452, 550, 551, 552, 553, 554 };

	for (size_t i = 0; i < COUNT_OF(codes); i++)
		if (codes[i] == st->reply)
			return (st->reply < 500) == (st->wait != WAIT_NOTHING);
	return false;
}

/* The enhanced code that stands behind the server's own in the text ("550 5.1.1 no such user"). */
static void take_enhanced(struct refusal *r, const char *text)
{
	const char *reply = reply_find(text), *enhanced = reply != NULL && strlen(reply) > 4 ? reply + 4 : "";
	size_t n = reply_enhanced_code(enhanced);

	if (n > 0 && *enhanced == *reply)
		snprintf(r->enhanced, sizeof(r->enhanced), "%.*s", (int)n, enhanced);
}

struct refusal refusal_of(const struct status *st)
{
	struct refusal r = own_refusal(st);

	if (!speaks_of_message(st))
		return r;
	r.code = st->reply;
	strcpy(r.enhanced, r.code < 500 ? "4.0.0" : "5.0.0");
	take_enhanced(&r, st->text);
	return r;
}
