#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "deliver/filter.h"
#include "unit.h"

static char *ids[] = { (char *)"OTHER", (char *)"1K0ZZXJQ0G0R4XKT" };
static char *other_ids[] = { (char *)"OTHER", (char *)"1K0Z" };

/* Of a message 1K0ZZXJQ0G0R4XKT of uid 7, alice's, through `work`, to bob (waiting) and carol (sent). */
static const struct row {
	const char *what;
	struct filter filter;
	bool matches;
} rows[] = {
	{ "nothing asked", { .id = NULL }, true },
	{ "part of the id", { .id = "JQ0G" }, true },
	{ "part of the id, small", { .id = "jq0g" }, true },
	{ "all of the id", { .id = "1K0ZZXJQ0G0R4XKT" }, true },
	{ "more than the id", { .id = "1K0ZZXJQ0G0R4XKTX" }, false },
	{ "another id", { .id = "JQ1G" }, false },
	{ "no text at all is a part of all", { .id = "" }, true },
	{ "one of the ids", { .ids = ids, .n = COUNT_OF(ids) }, true },
	{ "a part is none of the ids", { .ids = other_ids, .n = COUNT_OF(other_ids) }, false },
	{ "no ids", { .ids = ids, .n = 0 }, false },
	{ "sender", { .sender = "ALICE@" }, true },
	{ "another sender", { .sender = "bob" }, false },
	{ "recipient", { .recipient = "example.net" }, true },
	{ "recipient as given", { .recipient = "the builder" }, true },
	{ "a recipient that has it already", { .recipient = "carol" }, false },
	{ "both", { .sender = "alice", .recipient = "bob" }, true },
	{ "one of both", { .sender = "alice", .recipient = "dave" }, false },
	{ "account", { .account = "work" }, true },
	{ "part of the account", { .account = "wor" }, false },
	{ "his own", { .own = true, .uid = 7 }, true },
	{ "not his own", { .own = true, .uid = 8 }, false },
};

START_TEST(matches)
{
	struct queue_entry e;

	queue_entry_init(&e);
	strcpy(e.id, "1K0ZZXJQ0G0R4XKT");
	e.info.account = strdup("work");
	e.info.uid = 7;
	envelope_set_sender(&e.envelope, "alice@example.org");
	envelope_add(&e.envelope, "bob@example.net", "Bob the Builder <bob@example.net>");
	envelope_add(&e.envelope, "carol@example.com", "carol@example.com");
	e.envelope.v[1].state = RECIPIENT_SENT;
	ck_assert_msg(filter_matches(&rows[_i].filter, &e) == rows[_i].matches, "%s", rows[_i].what);
	queue_release(&e);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deliver/filter");
	TCase *tc = tcase_create("rows");

	tcase_add_loop_test(tc, matches, 0, COUNT_OF(rows));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
