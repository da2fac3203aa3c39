#include <stdlib.h>

#include "base/alloc.h"
#include "mail/envelope.h"
#include "unit.h"

START_TEST(each_address_once)
{
	struct envelope e;

	envelope_init(&e);
	ck_assert_str_eq(e.sender, "");
	ck_assert(envelope_add(&e, "a@b", "A <a@b>"));
	ck_assert(!envelope_add(&e, "a@B", "a@B"));
	ck_assert(envelope_add(&e, "A@b", "A@b"));
	ck_assert(!envelope_add(&e, "a@b", "a@b"));
	ck_assert_uint_eq(e.len, 2);
	ck_assert_str_eq(e.v[0].address, "a@b");
	ck_assert_str_eq(e.v[0].given, "A <a@b>");
	ck_assert_int_eq(e.v[0].state, RECIPIENT_WAITING);
	ck_assert_str_eq(e.v[1].address, "A@b");
	envelope_release(&e);
	envelope_release(&e);
}
END_TEST

START_TEST(failed_recipients)
{
	struct envelope e;
	struct status why;

	envelope_init(&e);
	status_fail(&why, EX_DATAERR, "no");
	envelope_add(&e, "a@b", "a@b");
	envelope_add_failed(&e, "a@@b", "a@@b", &why);
	envelope_add_failed(&e, "a@@b", "a@@b", &why);
	ck_assert_uint_eq(e.len, 2);
	ck_assert_uint_eq(envelope_count(&e, RECIPIENT_WAITING), 1);
	ck_assert_uint_eq(envelope_count(&e, RECIPIENT_FAILED), 1);
	ck_assert_uint_eq(envelope_count(&e, RECIPIENT_SENT), 0);
	ck_assert_str_eq(e.v[1].given, "a@@b");
	ck_assert_int_eq(e.v[1].status.sysexit, EX_DATAERR);
	ck_assert_str_eq(e.v[1].status.text, "no");
	envelope_release(&e);
}
END_TEST

START_TEST(smtputf8_by_local_part)
{
	struct envelope e;

	envelope_init(&e);
	envelope_set_sender(&e, "a@b");
	envelope_add(&e, "a@b", "a@b");
	ck_assert(!e.smtputf8);
	envelope_set_sender(&e, "\xc3\xbc@b");
	ck_assert(e.smtputf8);
	ck_assert_str_eq(e.sender, "\xc3\xbc@b");
	envelope_release(&e);

	envelope_init(&e);
	envelope_add(&e, "\xc3\xbc@b", "");
	ck_assert(e.smtputf8);
	envelope_release(&e);
}
END_TEST

START_TEST(many)
{
	enum { MANY = 100000 };
	struct envelope e;
	int added = 0;

	envelope_init(&e);
	for (int i = 0; i < MANY + MANY / 2; i++) {
		char *a = alloc_printf("user%d@example.org", i % MANY);

		added += envelope_add(&e, a, a);
		free(a);
	}
	ck_assert_int_eq(added, MANY);
	ck_assert_uint_eq(e.len, MANY);
	envelope_release(&e);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mail/envelope");
	TCase *tc = tcase_create("envelope");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, each_address_once);
	tcase_add_test(tc, failed_recipients);
	tcase_add_test(tc, smtputf8_by_local_part);
	tcase_add_test(tc, many);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
