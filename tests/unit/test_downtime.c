#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/str.h"
#include "queue/downtime.h"
#include "unit.h"

enum { NOW = 1795505000 };

#define LATER "1795505100 "      /* in 100 seconds */

static const struct {
	const char *text, *known;
} files[] = {
	{ "", "" },
	{ LATER "a:25\n", "a:25" },
	{ LATER "a:25\n" LATER "[::1]:587\n", "a:25 [::1]:587" },
	{ LATER "a:25\n" LATER "b:25\n" LATER "a:25\n", "b:25 a:25" },
	/* Over, now, and further away than it can be. */
	{ "1795504999 a:25\n1795505000 b:25\n1795505601 c:25\n99999999999999999999 d:25\n", "" },
	{ "1795505600 a:25\n", "a:25" },
	/* Damaged. */
	{ LATER "a:25", "" },
	{ "a:25\n\n" LATER "\n" LATER "\n17955 \n-5 x:1\n" LATER "b:25\n", "b:25" },
	{ LATER " a:25\n" LATER "a b:25\n", "" },
	{ "\xff\xfe\x01\n" LATER "b:25\n", "b:25" },
};

static void known(const struct downtime *d, char *out)
{
	*out = '\0';
	for (size_t i = 0; i < d->len; i++)
		sprintf(out + strlen(out), "%s%s", i > 0 ? " " : "", d->v[i].server);
}

START_TEST(reading)
{
	struct downtime d = { .queue = NULL };
	char text[8192];

	downtime_parse(&d, files[_i].text, strlen(files[_i].text), NOW);
	known(&d, text);
	ck_assert_str_eq(text, files[_i].known);
}
END_TEST

START_TEST(nuls_and_long_lines)
{
	struct downtime d = { .queue = NULL };
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_add(&text, LATER "a\0b:25\n", strlen(LATER) + 7);
	buf_puts(&text, LATER);
	for (int i = 0; i < 5000; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, "\n" LATER "b:25\n");
	downtime_parse(&d, text.data, text.len, NOW);
	ck_assert_uint_eq(d.len, 1);
	ck_assert_str_eq(d.v[0].server, "b:25");
	buf_release(&text);
}
END_TEST

START_TEST(in_this_process)
{
	struct downtime d = { .queue = NULL };

	ck_assert(!downtime_has(&d, "a:25", NOW));
	downtime_failed(&d, "a:25", NOW);
	ck_assert(downtime_has(&d, "a:25", NOW));
	ck_assert(!downtime_has(&d, "a:26", NOW));
	ck_assert(downtime_has(&d, "a:25", NOW + DOWN_SECONDS - 1));
	ck_assert(!downtime_has(&d, "a:25", NOW + DOWN_SECONDS));
	downtime_works(&d, "b:25", NOW);
	ck_assert(downtime_has(&d, "a:25", NOW));
	downtime_works(&d, "a:25", NOW);
	ck_assert(!downtime_has(&d, "a:25", NOW));
}
END_TEST

/* No more than so many, the newest of them. */
START_TEST(bounded)
{
	struct downtime d = { .queue = NULL };
	char name[32];

	for (int i = 0; i < 2 * DOWN_MOST; i++) {
		snprintf(name, sizeof(name), "host%d:25", i);
		downtime_failed(&d, name, NOW);
	}
	ck_assert_uint_eq(d.len, DOWN_MOST);
	ck_assert(!downtime_has(&d, "host0:25", NOW));
	ck_assert(downtime_has(&d, name, NOW));
}
END_TEST

static char dir[UNIT_DIR_MAX];
static struct queue q;

static void setup(void)
{
	struct status st;

	unit_dir_make(dir);
	ck_assert_msg(queue_open(&q, dir, true, &st), "%s", st.text);
}

static void teardown(void)
{
	queue_close(&q);
	unit_dir_remove(dir);
}

/* Of two processes each keeps what the other has learnt. */
START_TEST(shared)
{
	struct downtime one = { .queue = &q }, other = { .queue = &q };
	struct stat is;

	downtime_refresh(&one, NOW);
	downtime_refresh(&other, NOW);
	downtime_failed(&one, "a:25", NOW);
	downtime_failed(&other, "b:25", NOW);
	downtime_refresh(&one, NOW);
	ck_assert(downtime_has(&one, "a:25", NOW) && downtime_has(&one, "b:25", NOW));
	ck_assert_int_eq(fstatat(q.spool_fd, "down", &is, 0), 0);
	ck_assert_uint_eq(is.st_mode & 0777, 0600);
	downtime_works(&one, "a:25", NOW);
	downtime_refresh(&other, NOW);
	ck_assert(!downtime_has(&other, "a:25", NOW) && downtime_has(&other, "b:25", NOW));
}
END_TEST

/* Whatever stands there. */
START_TEST(no_file)
{
	static const char *const commands[] = {
		"mkdir down", "ln -s nowhere down", "mkfifo down", "head -c 1000000 /dev/zero >down",
		"mkdir down.new",
	};
	char *command = alloc_printf("cd %s && %s", dir, commands[_i]);
	struct downtime d = { .queue = &q };

	ck_assert_int_eq(system(command), 0);
	free(command);
	downtime_refresh(&d, NOW);
	ck_assert_uint_eq(d.len, 0);
	downtime_failed(&d, "a:25", NOW);
	ck_assert(downtime_has(&d, "a:25", NOW));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("queue/downtime");
	TCase *tc = tcase_create("downtime"), *spool = tcase_create("spool");

	tcase_add_loop_test(tc, reading, 0, COUNT_OF(files));
	tcase_add_test(tc, nuls_and_long_lines);
	tcase_add_test(tc, in_this_process);
	tcase_add_test(tc, bounded);
	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(spool, setup, teardown);
	tcase_add_test(spool, shared);
	tcase_add_loop_test(spool, no_file, 0, 5);
	suite_add_tcase(suite, spool);
	return unit_run(suite);
}
