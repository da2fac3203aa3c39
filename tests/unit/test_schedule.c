#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue/schedule.h"
#include "unit.h"

enum { MANY = 2000 };

static void check_order(struct schedule *s, size_t n)
{
	struct schedule_entry last = { .next = INT64_MIN }, e;

	for (size_t i = 0; i < n; i++) {
		ck_assert_ptr_nonnull(schedule_first(s));
		ck_assert_str_eq(schedule_first(s)->id, s->v[0].id);
		e = schedule_take(s);
		ck_assert(last.next < e.next || (last.next == e.next && strcmp(last.id, e.id) < 0));
		last = e;
	}
	ck_assert_ptr_null(schedule_first(s));
}

/* The same every time, and nothing in order. */
static int64_t scattered(unsigned i)
{
	return (int64_t)(i * 2654435761U % 97);
}

static void fill(struct schedule *s, unsigned n)
{
	char id[QUEUE_ID_MAX + 1];

	for (unsigned i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "ID%05u", i);
		schedule_add(s, id, scattered(i));
	}
}

START_TEST(the_earliest_comes_first_and_of_equals_the_older)
{
	struct schedule s = { .v = NULL };

	fill(&s, MANY);
	check_order(&s, MANY);
	schedule_release(&s);
}
END_TEST

START_TEST(any_may_be_taken_out)
{
	struct schedule s = { .v = NULL };
	char id[QUEUE_ID_MAX + 1];

	fill(&s, MANY);
	for (unsigned i = 0; i < MANY; i += 3) {
		snprintf(id, sizeof(id), "ID%05u", i);
		ck_assert(schedule_remove(&s, id));
		ck_assert(!schedule_remove(&s, id));
	}
	check_order(&s, MANY - (MANY + 2) / 3);
	ck_assert(!schedule_remove(&s, "ID00001"));
	schedule_release(&s);
}
END_TEST

START_TEST(under_a_hundred_octets_a_message)
{
	struct schedule s = { .v = NULL };

	fill(&s, 1 << 15);
	fill(&s, 1); /* just grown: the worst moment */
	ck_assert_uint_lt(s.cap * sizeof(*s.v), 100 * s.len);
	schedule_release(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("queue/schedule");
	TCase *tc = tcase_create("heap");

	tcase_add_test(tc, the_earliest_comes_first_and_of_equals_the_older);
	tcase_add_test(tc, any_may_be_taken_out);
	tcase_add_test(tc, under_a_hundred_octets_a_message);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
