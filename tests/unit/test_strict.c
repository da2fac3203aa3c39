#include <stdint.h>

#include "../peer/strict.h"
#include "base/str.h"
#include "unit.h"

/* What a message needs beside the field that a row is about. */
#define GOOD_FROM "From: a@b.c\n"
#define GOOD_DATE "Date: Tue, 24 Nov 2026 07:00:00 +0000\n"
#define GOOD_ID   "Message-ID: <1@b.c>\n"
#define GOOD      GOOD_FROM GOOD_DATE GOOD_ID

static const struct {
	const char *message;
	const char *why;           /* NULL: it is taken */
} rows[] = {
	{ GOOD "\nx\n", NULL },
	{ GOOD, NULL },
	{ "FROM: a@b.c\r\ndate: x\r\nMessage-Id : <1@b>\r\n\r\nTo: root\r\n", NULL },
	/* Missing, twice, empty */
	{ GOOD_DATE GOOD_ID, "From: missing" },
	{ GOOD_FROM GOOD_ID "\n" GOOD_DATE, "Date: missing" },
	{ GOOD_FROM GOOD_DATE, "Message-ID: missing" },
	{ "", "From: missing" },
	{ GOOD GOOD_FROM, "From: more than one" },
	{ GOOD GOOD_DATE, "Date: more than one" },
	{ GOOD GOOD_ID, "Message-ID: more than one" },
	{ "From:\n" GOOD_DATE GOOD_ID, "From: empty" },
	{ "From: (nobody)\n" GOOD_DATE GOOD_ID, "From: empty" },
	{ GOOD_FROM "Date: \n\t\n" GOOD_ID, "Date: empty" },
	/* Bare names, wherever they stand */
	{ "From: root\n" GOOD_DATE GOOD_ID, "From: no domain or no address: root" },
	{ "From: root (Cron Daemon)\n" GOOD_DATE GOOD_ID, "From: no domain or no address: root" },
	{ "From: \"(Cron Daemon)\" <alice>\n" GOOD_DATE GOOD_ID, "From: no domain or no address: q <alice>" },
	{ "From: root@localhost\n" GOOD_DATE GOOD_ID, "From: no domain or no address: root@localhost" },
	{ GOOD "Sender: root\n", "Sender: no domain or no address: root" },
	{ GOOD "Reply-To: x\n", "Reply-To: no domain or no address: x" },
	{ GOOD "To: root\n", "To: no domain or no address: root" },
	{ GOOD "to : root\n", "To: no domain or no address: root" },
	{ GOOD "To: a@b.c,\n root\n", "To: no domain or no address: root" },
	{ GOOD "To: root, a@b.c\n", "To: no domain or no address: root" },
	{ GOOD "To: a@b.c\nTo: root\n", "To: no domain or no address: root" },
	{ GOOD "Cc: Root <root>\n", "Cc: no domain or no address: Root <root>" },
	{ GOOD "Bcc: root\n", "Bcc: no domain or no address: root" },
	{ GOOD "Resent-From: root\n", "Resent-From: no domain or no address: root" },
	{ GOOD "Resent-Sender: root\n", "Resent-Sender: no domain or no address: root" },
	{ GOOD "Resent-To: root\n", "Resent-To: no domain or no address: root" },
	{ GOOD "Resent-Cc: root\n", "Resent-Cc: no domain or no address: root" },
	{ GOOD "Resent-Bcc: root\n", "Resent-Bcc: no domain or no address: root" },
	{ GOOD "Resent-Reply-To: root\n", "Resent-Reply-To: no domain or no address: root" },
	{ GOOD "To: list: root;\n", "To: no domain or no address: root" },
	/* No addresses at all */
	{ GOOD "To: a b@c.d\n", "To: no domain or no address: a b@c.d" },
	{ GOOD "To: X <<a@b.c>>\n", "To: no domain or no address: X <<a@b.c>>" },
	{ GOOD "To: a@b@c.d\n", "To: no domain or no address: a@b@c.d" },
	{ GOOD "To: a@.d\n", "To: no domain or no address: a@.d" },
	{ GOOD "To: a@b.\n", "To: no domain or no address: a@b." },
	{ GOOD "To: @b.c\n", "To: no domain or no address: @b.c" },
	{ GOOD "To: <>\n", "To: no domain or no address: <>" },
	{ GOOD "To: \xc3\xa4@b.c\n", "To: no domain or no address: \xc3\xa4@b.c" },
	/* What is let pass */
	{ GOOD "To: \"a, b\" <x@y.z>, (root) c@d.e (x (y) z), \"q r\"@s.t\n", NULL },
	{ GOOD "To: list: a@b.c, d@e.f;, g@h.i\n", NULL },
	{ GOOD "To: undisclosed-recipients:;\n", NULL },
	{ GOOD "To: a@[127.0.0.1]\n", NULL },
	{ GOOD "To: a@b.c,\nCc: ,, d@e.f ,\nTo:\n", NULL },
	{ GOOD "To: \xc3\xa4 <a@b.c>\nSubject: \xff\n", NULL },
	/* A header is fields */
	{ GOOD "text\n", "no field: text" },
	{ GOOD " text\n\nx", NULL },
	{ "From root Tue\n" GOOD, "no field: From root Tue" },
	{ "text: and text\n" GOOD_FROM GOOD_ID "x y: 1\n", "no field: x y: 1" },
};

START_TEST(message)
{
	FILE *f = tmpfile();
	struct buf why;
	bool taken;

	buf_init(&why, SIZE_MAX / 2);
	fputs(rows[_i].message, f);
	taken = strict_takes(f, &why);
	ck_assert_msg(taken == (rows[_i].why == NULL), "%s: %s", rows[_i].message, why.data);
	ck_assert_str_eq(why.data, taken ? "" : rows[_i].why);
	fclose(f);
	buf_release(&why);
}
END_TEST

static const struct {
	const char *path;
	bool taken, null_too;
} paths[] = {
	{ "<a@b.c>", true, true },
	{ "<a@b.c> SIZE=10", true, true },
	{ "<\"a b>\"@c.d>", true, true },
	{ "<a@[127.0.0.1]>", true, true },
	{ "<>", false, true },
	{ "<root>", false, false },
	{ "<root@localhost>", false, false },
	{ "<@b.c>", false, false },
	{ "<postmaster>", false, false },
};

START_TEST(path)
{
	ck_assert_int_eq(strict_takes_path(paths[_i].path, false), paths[_i].taken);
	ck_assert_int_eq(strict_takes_path(paths[_i].path, true), paths[_i].null_too);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("peer/strict");
	TCase *tc = tcase_create("strict");

	tcase_add_loop_test(tc, message, 0, COUNT_OF(rows));
	tcase_add_loop_test(tc, path, 0, COUNT_OF(paths));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
