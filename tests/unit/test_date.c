#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "mail/date.h"
#include "mail/msgid.h"
#include "unit.h"

static const struct {
	const char *tz, *text;
	time_t when;
} dates[] = {
	{ .tz = "UTC0", .when = 0, .text = "Thu, 01 Jan 1970 00:00:00 +0000" },
	{ .tz = "UTC0", .when = 1795502407, .text = "Tue, 24 Nov 2026 06:40:07 +0000" },
	{ .tz = "CET-1CEST,M3.5.0,M10.5.0/3", .when = 1795502407, .text = "Tue, 24 Nov 2026 07:40:07 +0100" },
	{ .tz = "CET-1CEST,M3.5.0,M10.5.0/3", .when = 1782000000, .text = "Sun, 21 Jun 2026 02:00:00 +0200" },
	{ .tz = "EST5", .when = 1795502407, .text = "Tue, 24 Nov 2026 01:40:07 -0500" },
	{ .tz = "NST3:30", .when = 1795502407, .text = "Tue, 24 Nov 2026 03:10:07 -0330" },
	{ .tz = "XXX0:30", .when = 0, .text = "Wed, 31 Dec 1969 23:30:00 -0030" },
	{ .tz = "NPT-5:45", .when = 951782400, .text = "Tue, 29 Feb 2000 05:45:00 +0545" },
	{ .tz = "UTC0", .when = 4102444799, .text = "Thu, 31 Dec 2099 23:59:59 +0000" },
	{ .tz = "UTC0", .when = INT64_MAX, .text = "Thu, 01 Jan 1970 00:00:00 +0000" },
};

START_TEST(date)
{
	struct buf b;

	setenv("TZ", dates[_i].tz, 1);
	tzset();
	buf_init(&b, 100);
	date_format(&b, dates[_i].when);
	ck_assert_str_eq(b.data, dates[_i].text);
	buf_release(&b);
}
END_TEST

static const struct {
	const char *text;
	bool found;
	time_t when;
} greetings[] = {
	{ "220 mx.example ESMTP Exim 4.96 Tue, 24 Nov 2026 06:40:07 +0000", true, 1795502407 },
	{ "220 ex.example Microsoft ESMTP MAIL Service ready at Tue, 24 Nov 2026 07:40:07 +0100", true, 1795502407 },
	{ "220 mx.example ESMTP Sendmail 8.15.2/8.15.2; Tue, 24 Nov 2026 06:40:07 GMT", true, 1795502407 },
	{ "24 nov 2026 03:10:07 -0330", true, 1795502407 },
	{ "1 Jan 1970 00:00:00 UTC (ready)", true, 0 },
	{ .text = "" },
	{ .text = "220 mx.example ESMTP Postfix" },
	{ .text = "220 24 Nov 2026 06:40 +0000" },
	{ .text = "220 24 Nov 2026 06:40:07" },
	{ .text = "220 24 Foo 2026 06:40:07 GMT" },
	{ .text = "220 32 Nov 2026 06:40:07 +0000" },
	{ .text = "220 24 Nov 2026 25:40:07 +0000" },
	{ .text = "220 24 Nov 2026 -6:40:07 +0000" },
	{ .text = "220 24 Nov 2026 06:40:07 +2500" },
	{ .text = "220 24 Nov 2026 06:40:07 +0090" },
	{ .text = "220 24 Nov 1926 06:40:07 +0000" },
};

START_TEST(find)
{
	time_t when = 0;

	ck_assert(date_find(greetings[_i].text, &when) == greetings[_i].found);
	if (greetings[_i].found)
		ck_assert_int_eq(when, greetings[_i].when);
}
END_TEST

static const struct {
	uint64_t time;
	uint32_t chance;
	const char *id;
} ids[] = {
	{ .id = "0000000000000000" },
	{ .time = 1, .chance = 31, .id = "000000000010000Z" },
	{ .time = 32, .chance = 32, .id = "0000000001000010" },
	{ .time = (UINT64_C(1) << 55) - 1, .chance = UINT32_MAX, .id = "ZZZZZZZZZZZZZZZZ" },
};

START_TEST(id)
{
	char got[MSGID_SIZE];

	msgid_format(got, ids[_i].time, ids[_i].chance);
	ck_assert_str_eq(got, ids[_i].id);
}
END_TEST

START_TEST(ids_sort_and_differ)
{
	char one[MSGID_SIZE], two[MSGID_SIZE];
	struct timespec pause = { .tv_nsec = 2000 };

	msgid_make(one);
	ck_assert_uint_eq(strlen(one), MSGID_SIZE - 1);
	for (int i = 0; i < 1000; i++) {
		nanosleep(&pause, NULL);
		msgid_make(two);
		ck_assert_str_lt(one, two);
		memcpy(one, two, sizeof(one));
	}
}
END_TEST

START_TEST(message_id)
{
	char *s = msgid_field("1K0ZZXJQ0G0R4XKT", "mail.example");

	ck_assert_str_eq(s, "<1K0ZZXJQ0G0R4XKT@mail.example>");
	free(s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mail/date, mail/msgid");
	TCase *tc = tcase_create("date");

	tcase_add_loop_test(tc, date, 0, COUNT_OF(dates));
	tcase_add_loop_test(tc, find, 0, COUNT_OF(greetings));
	tcase_add_loop_test(tc, id, 0, COUNT_OF(ids));
	tcase_add_test(tc, ids_sort_and_differ);
	tcase_add_test(tc, message_id);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
