#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "cmd/mailq.h"

static const struct row {
	const char *sender, *recipients, *last;  /* recipients: a letter for the state each, parted by blanks */
	bool held, sending;
	const char *about;
	const char *text, *json;
} rows[] = {
	{ .sender = "alice@example.org", .recipients = "Wbob@example.net",
	  .text = "1K0ZZXJQ0G0R4XKT      1022 Tue Nov 24 07:45:17  alice@example.org\n"
	          "                                                bob@example.net\n\n",
	  .json = "{\"id\":\"1K0ZZXJQ0G0R4XKT\",\"state\":\"waiting\",\"size\":1022,\"arrived\":1795506317,"
	          "\"next\":1795506377,\"tries\":3,\"account\":\"default\",\"uid\":1000,"
	          "\"sender\":\"alice@example.org\",\"last\":\"\","
	          "\"recipients\":[{\"address\":\"bob@example.net\",\"state\":\"waiting\"}]}\n" },
	{ .sender = "a@b", .recipients = "Wx@y", .sending = true,
	  .text = "1K0ZZXJQ0G0R4XKT*     1022 Tue Nov 24 07:45:17  a@b\n"
	          "                                                x@y\n\n",
	  .json = "\"state\":\"sending\"" },
	{ .sender = "a@b", .recipients = "Wx@y", .held = true,
	  .text = "1K0ZZXJQ0G0R4XKT!     1022 Tue Nov 24 07:45:17  a@b\n"
	          "                                                x@y\n\n",
	  .json = "\"state\":\"held\"" },
	/* Who has it, or never will, waits for nothing. */
	{ .sender = "a@b", .recipients = "Sx@y Fz@y Ww@y",
	  .text = "1K0ZZXJQ0G0R4XKT      1022 Tue Nov 24 07:45:17  a@b\n"
	          "                                                w@y\n\n",
	  .json = "[{\"address\":\"x@y\",\"state\":\"sent\"},{\"address\":\"z@y\",\"state\":\"failed\"},"
	          "{\"address\":\"w@y\",\"state\":\"waiting\"}]" },
	{ .sender = "", .recipients = "Wx@y", .about = "1K0ZZXJQ0G0R4XKS",
	  .text = "1K0ZZXJQ0G0R4XKT      1022 Tue Nov 24 07:45:17  MAILER-DAEMON\n"
	          "                                                x@y\n\n",
	  .json = "\"about\":\"1K0ZZXJQ0G0R4XKS\",\"sender\":\"\"" },
	/* The answer, set to the right; one that is too long starts at the left. */
	{ .sender = "a@b", .recipients = "Wx@y", .last = "450 later",
	  .text = "1K0ZZXJQ0G0R4XKT      1022 Tue Nov 24 07:45:17  a@b\n"
	          "                                                                   (450 later)\n"
	          "                                                x@y\n\n",
	  .json = "\"last\":\"450 later\"" },
	{ .sender = "a@b", .recipients = "Wx@y",
	  .last = "450 this is the answer of a server that has a great deal to say about it all today",
	  .text = "1K0ZZXJQ0G0R4XKT      1022 Tue Nov 24 07:45:17  a@b\n"
	          "(450 this is the answer of a server that has a great deal to say about it all today)\n"
	          "                                                x@y\n\n",
	  .json = "\"last\":\"450 this is" },
	/* What comes from outside steers no terminal and ends no string. */
	{ .sender = "a\"\\@b", .recipients = "W\xff@y", .last = "450 \x1b[2J",
	  .text = "1K0ZZXJQ0G0R4XKT      1022 Tue Nov 24 07:45:17  a\"\\\\@b\n"
	          "                                                                 (450 \\x1b[2J)\n"
	          "                                                \\xff@y\n\n",
	  .json = "\"sender\":\"a\\\"\\\\@b\",\"last\":\"450 \\u001b[2J\","
	          "\"recipients\":[{\"address\":\"\xef\xbf\xbd@y\"" },
};

static void fill_recipients(struct envelope *env, const char *recipients)
{
	char *copy = strdup(recipients), *rest = copy, *word;

	while ((word = strsep(&rest, " ")) != NULL) {
		envelope_add(env, word + 1, word + 1);
		env->v[env->len - 1].state = *word == 'W' ? RECIPIENT_WAITING
		                             : *word == 'S' ? RECIPIENT_SENT : RECIPIENT_FAILED;
	}
	free(copy);
}

static void fill(struct queue_entry *e, const struct row *row)
{
	queue_entry_init(e);
	strcpy(e->id, "1K0ZZXJQ0G0R4XKT");
	strcpy(e->last, row->last ? row->last : "");
	e->info = (struct queue_info){
		.account = strdup("default"),
		.about = row->about ? strdup(row->about) : NULL,
		.uid = 1000,
		.arrived = 1795506317,
		.next = 1795506377,
		.tries = 3,
		.held = row->held,
	};
	envelope_set_sender(&e->envelope, row->sender);
	fill_recipients(&e->envelope, row->recipients);
	e->message.body_octets = 1020;  /* and the blank line */
}

START_TEST(a_message)
{
	struct queue_entry e;
	struct buf out;

	setenv("TZ", "UTC", 1);
	tzset();
	fill(&e, &rows[_i]);
	buf_init(&out, 4096);
	mailq_row(&out, &e, rows[_i].sending);
	ck_assert_str_eq(out.data, rows[_i].text);
	buf_reset(&out);
	mailq_json(&out, &e, rows[_i].sending);
	ck_assert_msg(strstr(out.data, rows[_i].json) != NULL, "%s", out.data);
	ck_assert_ptr_eq(strchr(out.data, '\n'), out.data + out.len - 1);
	buf_release(&out);
	queue_release(&e);
}
END_TEST

static const struct {
	uint64_t messages, octets;
	const char *text;
} totals[] = {
	{ 0, 0, "Mail queue is empty\n" },
	{ 1, 100, "-- 0 Kbytes in 1 Request.\n" },
	{ 2, 3 * 1024 + 1023, "-- 3 Kbytes in 2 Requests.\n" },
	{ 100000, UINT64_C(5) << 40, "-- 5368709120 Kbytes in 100000 Requests.\n" },
};

START_TEST(the_last_line)
{
	struct buf out;

	buf_init(&out, 100);
	mailq_total(&out, totals[_i].messages, totals[_i].octets);
	ck_assert_str_eq(out.data, totals[_i].text);
	buf_release(&out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mailq");
	TCase *t = tcase_create("rows");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, a_message, 0, COUNT_OF(rows));
	tcase_add_loop_test(t, the_last_line, 0, COUNT_OF(totals));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
