#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "deliver/result.h"
#include "unit.h"

/* What a recipient can have come to. */
enum { NONE, SENT, NOBODY, SPAM, UNPARSABLE, MISPLACED, GREYLISTED, NO_HOST, NO_LOGIN, NO_STARTTLS, NO_SMTP, NO_FILE, UNTRIED };

static const struct {
	enum recipient_state state;
	struct status status;
} outcomes[] = {
	[SENT]        = { RECIPIENT_SENT, { .reply = 250, .text = "250 ok" } },
	[NOBODY]      = { RECIPIENT_FAILED, { .sysexit = EX_NOUSER, .reply = 550, .text = "550 nobody" } },
	[SPAM]        = { RECIPIENT_FAILED, { .sysexit = EX_UNAVAILABLE, .reply = 554, .text = "554 spam" } },
	[UNPARSABLE]  = { RECIPIENT_FAILED, { .sysexit = EX_DATAERR, .text = "no address" } },
	[MISPLACED]   = { RECIPIENT_FAILED, { .sysexit = EX_DATAERR, .text = "a@x: at column 2: no" } },
	[GREYLISTED]  = { RECIPIENT_WAITING, { .sysexit = EX_TEMPFAIL, .wait = WAIT_MESSAGE, .reply = 451, .text = "451 later" } },
	[NO_HOST]     = { RECIPIENT_WAITING, { .sysexit = EX_TEMPFAIL, .wait = WAIT_HOST, .text = "mx: refused" } },
	[NO_LOGIN]    = { RECIPIENT_WAITING, { .sysexit = EX_NOPERM, .wait = WAIT_ACCOUNT, .reply = 535, .text = "mx: 535 no" } },
	[NO_STARTTLS] = { RECIPIENT_WAITING, { .sysexit = EX_UNAVAILABLE, .wait = WAIT_ACCOUNT, .text = "mx: no STARTTLS" } },
	[NO_SMTP]     = { RECIPIENT_WAITING, { .sysexit = EX_PROTOCOL, .wait = WAIT_HOST, .text = "mx: garbage" } },
	[NO_FILE]     = { RECIPIENT_WAITING, { .sysexit = EX_CONFIG, .wait = WAIT_ACCOUNT, .text = "mx: no such file" } },
	[UNTRIED]     = { RECIPIENT_WAITING, { .text = "" } },
};

static const struct {
	int of[4];          /* the recipients a, b, c */
	int exit;
	const char *words;
} rows[] = {
	{ { SENT }, 0, "" },
	{ { SENT, SENT }, 0, "" },
	{ { NOBODY }, EX_NOUSER, "a@x: 550 nobody\n" },
	{ { NOBODY, SENT }, EX_NOUSER, "a@x: 550 nobody\n" },
	{ { NOBODY, NOBODY }, EX_NOUSER, "all 2 recipients: 550 nobody\n" },
	{ { SPAM, SPAM, SPAM }, EX_UNAVAILABLE, "all 3 recipients: 554 spam\n" },
	{ { SPAM, NOBODY }, EX_NOUSER, "a@x: 554 spam\nb@x: 550 nobody\n" },
	{ { UNPARSABLE, SENT }, EX_DATAERR, "a@x: no address\n" },
	{ { MISPLACED, SENT }, EX_DATAERR, "a@x: at column 2: no\n" },
	{ { NOBODY, UNPARSABLE, SENT }, EX_DATAERR, "a@x: 550 nobody\nb@x: no address\n" },
	{ { NOBODY, GREYLISTED }, EX_TEMPFAIL, "a@x: 550 nobody\nb@x: 451 later\n" },
	{ { SENT, GREYLISTED }, EX_TEMPFAIL, "b@x: 451 later\n" },
	{ { UNPARSABLE, NO_HOST }, EX_TEMPFAIL, "a@x: no address\nb@x: mx: refused\n" },
	{ { NO_HOST }, EX_TEMPFAIL, "account work: mx: refused\n" },
	{ { NO_HOST, NO_HOST }, EX_TEMPFAIL, "account work: mx: refused\n" },
	{ { NO_LOGIN }, EX_NOPERM, "account work: mx: 535 no\n" },
	{ { NO_LOGIN, UNPARSABLE }, EX_NOPERM, "a@x: mx: 535 no\nb@x: no address\n" },
	{ { NO_STARTTLS }, EX_UNAVAILABLE, "account work: mx: no STARTTLS\n" },
	{ { NO_SMTP }, EX_PROTOCOL, "account work: mx: garbage\n" },
	{ { NO_SMTP, GREYLISTED }, EX_TEMPFAIL, "a@x: mx: garbage\nb@x: 451 later\n" },
	{ { NO_FILE }, EX_CONFIG, "account work: mx: no such file\n" },
	{ { UNTRIED, SENT }, EX_TEMPFAIL, "a@x: not tried\n" },
};

static void fill(struct envelope *e, const int *of)
{
	char name[] = "a@x";

	envelope_init(e);
	for (size_t i = 0; of[i] != NONE; i++, name[0]++) {
		envelope_add(e, name, name);
		e->v[i].state = outcomes[of[i]].state;
		e->v[i].status = outcomes[of[i]].status;
	}
}

START_TEST(comes_to)
{
	struct envelope e;
	struct buf text;

	buf_init(&text, 4096);
	fill(&e, rows[_i].of);
	ck_assert_int_eq(result_exit(&e), rows[_i].exit);
	result_print(&e, "work", &text);
	ck_assert_str_eq(text.data, rows[_i].words);
	buf_release(&text);
	envelope_release(&e);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deliver/result");
	TCase *tc = tcase_create("rows");

	tcase_add_loop_test(tc, comes_to, 0, COUNT_OF(rows));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
