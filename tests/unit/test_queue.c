#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "queue/qfile.h"
#include "queue/queue.h"
#include "queue/retry.h"
#include "unit.h"

static char spool[UNIT_DIR_MAX];
static struct queue queue;
static struct status st;

static void make_spool(void)
{
	unit_dir_make(spool);
	ck_assert_msg(queue_open(&queue, spool, true, &st), "%s", st.text);
}

static void remove_spool(void)
{
	queue_close(&queue);
	unit_dir_remove(spool);
}

/* A message of two fields and a body of `body` octets, for two recipients. */
static void fill(struct envelope *e, struct message *m, size_t body)
{
	char block[1000];

	envelope_init(e);
	envelope_set_sender(e, "alice@example.org");
	envelope_add(e, "bob@example.org", "Bob <bob@example.org>");
	envelope_add(e, "\"o d d\"@example.org", "\"o d d\"@example.org");
	e->envid = alloc_copy("an id");
	e->notify = NOTIFY_FAILURE | NOTIFY_DELAY;
	e->ret = RETURN_HEADERS;
	e->v[1].notify = NOTIFY_NEVER;
	e->v[1].orcpt = alloc_copy("rfc822;odd+40x");
	message_init(m);
	header_insert(&m->header, 0, "From", "alice@example.org");
	header_insert(&m->header, 1, "Subject", "folded\r\n here");
	memset(block, 'x', sizeof(block));
	for (size_t n; body > 0; body -= n) {
		n = body < sizeof(block) ? body : sizeof(block);
		ck_assert(message_add_body(m, block, n));
	}
}

static bool add(const char *id, size_t body, const struct queue_limits *limits)
{
	const struct queue_info info = { .account = (char *)"work", .tag = (char *)"a tag", .uid = 7, .arrived = 1000 };
	struct envelope e;
	struct message m;
	bool ok;

	fill(&e, &m, body);
	ok = queue_add(&queue, id, &info, &e, &m, limits, NULL, &st);
	envelope_release(&e);
	message_release(&m);
	return ok;
}

static size_t count(const char *directory)
{
	char *path = alloc_printf("%s/%s", spool, directory);
	DIR *d = opendir(path);
	size_t n = 0;

	for (struct dirent *f; (f = readdir(d)) != NULL;)
		n += f->d_name[0] != '.';
	closedir(d);
	free(path);
	return n;
}

static void check_same_bytes(const struct message *a, const struct message *b)
{
	struct message_source sa, sb;
	char ba[777], bb[777];
	long n;

	message_start(&sa, a);
	message_start(&sb, b);
	while ((n = message_next(&sa, ba, sizeof(ba))) > 0) {
		ck_assert_int_eq(message_next(&sb, bb, (size_t)n), n);
		ck_assert_int_eq(memcmp(ba, bb, (size_t)n), 0);
	}
	ck_assert_int_eq(n, 0);
	ck_assert_int_eq(message_next(&sb, bb, sizeof(bb)), 0);
}

static const size_t bodies[] = { 0, 1, 500, 3 * 1024 * 1024 };

START_TEST(what_was_added_is_found_again)
{
	struct envelope e;
	struct message m;
	struct queue_entry got;

	ck_assert_msg(add("A", bodies[_i], NULL), "%s", st.text);
	ck_assert_int_eq(queue_claim(&queue, "A", &got, &st), QUEUE_OK);
	ck_assert_str_eq(got.id, "A");
	ck_assert_str_eq(got.info.account, "work");
	ck_assert_str_eq(got.info.tag, "a tag");
	ck_assert_ptr_null(got.info.about);
	ck_assert_uint_eq(got.info.uid, 7);
	ck_assert_int_eq(got.info.arrived, 1000);
	fill(&e, &m, bodies[_i]);
	ck_assert_str_eq(got.envelope.sender, e.sender);
	ck_assert_str_eq(got.envelope.envid, e.envid);
	ck_assert_uint_eq(got.envelope.notify, e.notify);
	ck_assert_int_eq(got.envelope.ret, e.ret);
	ck_assert_uint_eq(got.envelope.len, 2);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_str_eq(got.envelope.v[i].address, e.v[i].address);
		ck_assert_str_eq(got.envelope.v[i].given, e.v[i].given);
		ck_assert_int_eq(got.envelope.v[i].state, RECIPIENT_WAITING);
		ck_assert_uint_eq(got.envelope.v[i].notify, e.v[i].notify);
		ck_assert_pstr_eq(got.envelope.v[i].orcpt, e.v[i].orcpt);
	}
	check_same_bytes(&m, &got.message);
	queue_release(&got);
	envelope_release(&e);
	message_release(&m);
}
END_TEST

START_TEST(changes_are_found_again)
{
	static const bool second[] = { false, true };
	struct queue_entry e;

	ck_assert(add("A", 10, NULL));
	ck_assert_int_eq(queue_claim(&queue, "A", &e, &st), QUEUE_OK);
	e.envelope.v[0].state = RECIPIENT_SENT; /* not written */
	e.envelope.v[1].state = RECIPIENT_FAILED;
	e.envelope.v[1].owed = true;
	ck_assert(queue_save_recipients(&e, second, &st));
	e.info.tries = 3;
	e.info.next = 4000000000;
	e.info.held = e.info.sending = e.info.doubtful = true;
	e.info.notices = 2;
	snprintf(e.last, sizeof(e.last), "450 4.2.1 later = perhaps");
	ck_assert(queue_save_attempt(&e, &st));
	queue_release(&e);

	ck_assert_int_eq(queue_look(&queue, "A", &e, &st), QUEUE_OK);
	ck_assert_int_eq(e.envelope.v[0].state, RECIPIENT_WAITING);
	ck_assert_int_eq(e.envelope.v[1].state, RECIPIENT_FAILED);
	ck_assert(e.envelope.v[1].owed && !e.envelope.v[0].owed);
	ck_assert_uint_eq(e.info.tries, 3);
	ck_assert_int_eq(e.info.next, 4000000000);
	ck_assert(e.info.held && e.info.sending && e.info.doubtful && !e.info.warned);
	ck_assert_uint_eq(e.info.notices, 2);
	ck_assert_str_eq(e.last, "450 4.2.1 later = perhaps");
	queue_release(&e);
}
END_TEST

START_TEST(one_owner_at_a_time)
{
	struct queue_entry e, other;
	int rc;

	ck_assert(add("A", 10, NULL));
	ck_assert_int_eq(queue_claim(&queue, "A", &e, &st), QUEUE_OK);
	ck_assert_int_eq(queue_claim(&queue, "A", &other, &st), QUEUE_BUSY);
	ck_assert_int_eq(queue_look(&queue, "A", &other, &st), QUEUE_OK);
	ck_assert(queue_is_busy(&other));
	queue_release(&e);
	ck_assert(!queue_is_busy(&other));
	queue_release(&other);

	/* A lock dies with its owner. */
	if (fork() == 0)
		_exit(queue_claim(&queue, "A", &e, &st) != QUEUE_OK);
	wait(&rc);
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(queue_claim(&queue, "A", &e, &st), QUEUE_OK);
	ck_assert(queue_remove(&queue, &e, &st));
	queue_release(&e);
	ck_assert_int_eq(queue_claim(&queue, "A", &e, &st), QUEUE_GONE);
	ck_assert_int_eq(queue_claim(&queue, "../tmp", &e, &st), QUEUE_GONE);
}
END_TEST

/* What an attacker or a bad disk may leave there. */
static const struct damage {
	const char *name;
	off_t at;
	const char *text;
	off_t length;   /* cut the file there, if not 0 */
} damages[] = {
	{ "other magic", .at = 0, .text = "Mailchute-queue 1\n" },
	{ "no numbers", .at = 18, .text = "attempt next=x" },
	{ "shorter", .length = 700 },
	{ "only a front", .length = QFILE_FRONT },
	{ "nothing", .length = 1 },
	{ "another id", .at = QFILE_FRONT, .text = "id B\n" },
	{ "unknown key", .at = QFILE_FRONT, .text = "ix A\n" },
	{ "NUL", .at = QFILE_FRONT + 3, .text = "" },
};

START_TEST(damage_is_set_aside)
{
	const struct damage *d = &damages[_i];
	char *path = alloc_printf("%s/queue/A", spool);
	struct queue_entry e;
	int fd;

	ck_assert(add("A", 1000, NULL));
	ck_assert_int_ge(fd = open(path, O_RDWR), 0);
	if (d->text != NULL)
		ck_assert_int_gt(pwrite(fd, d->text, strlen(d->text) + (*d->text == '\0'), d->at), 0);
	if (d->length > 0)
		ck_assert_int_eq(ftruncate(fd, d->length), 0);
	close(fd);
	ck_assert_int_eq(queue_look(&queue, "A", &e, &st), QUEUE_BAD);
	ck_assert_msg(count("queue") == 1, "%s: looking moved it", d->name);
	ck_assert_msg(queue_claim(&queue, "A", &e, &st) == QUEUE_BAD, "%s", d->name);
	ck_assert_uint_eq(count("queue"), 0);
	ck_assert_uint_eq(count("corrupt"), 1);
	free(path);
}
END_TEST

START_TEST(foreign_files_are_set_aside)
{
	char *path = alloc_printf("%s/queue/link", spool);
	struct queue_entry e;

	for (size_t i = 1; i <= 3; i++) { /* and none takes the place of another */
		ck_assert_int_eq(symlink("/etc/passwd", path), 0);
		ck_assert_int_eq(queue_claim(&queue, "link", &e, &st), QUEUE_BAD);
		ck_assert_uint_eq(count("corrupt"), i);
	}
	free(path);
}
END_TEST

START_TEST(a_long_count_is_good_for_a_while)
{
	const struct queue_limits most = { .messages = 10 };
	struct queue_census c = { .good_until = 0 };

	ck_assert(add("A", 10, NULL));
	ck_assert(queue_census(&queue, &most, &c, &st));
	ck_assert_uint_eq(c.usage.messages, 1);
	c.usage.messages++; /* our own */
	ck_assert(add("B", 10, NULL));
	ck_assert(add("C", 10, NULL));
	c.good_until = clock_now() + 60000; /* as if counting had taken more than a second */
	ck_assert(queue_census(&queue, &most, &c, &st));
	ck_assert_uint_eq(c.usage.messages, 2);
	c.good_until = clock_now();
	ck_assert(queue_census(&queue, &most, &c, &st));
	ck_assert_uint_eq(c.usage.messages, 3);
	ck_assert_int_lt(c.good_until, clock_now() + 60000);
}
END_TEST

START_TEST(quotas_hold_and_leave_nothing)
{
	ck_assert(add("A", 10, &(struct queue_limits){ .messages = 1 }));
	ck_assert(!add("B", 10, &(struct queue_limits){ .messages = 1 }));
	ck_assert_int_eq(st.sysexit, EX_TEMPFAIL);
	ck_assert(!add("B", 10000, &(struct queue_limits){ .bytes = 9000 }));
	ck_assert(add("B", 10, &(struct queue_limits){ .bytes = 9000 }));
	ck_assert_uint_eq(count("queue"), 2);
	ck_assert_uint_eq(count("tmp"), 0);
}
END_TEST

START_TEST(what_is_there_is_not_written_again)
{
	struct queue_entry e;

	ck_assert(add("A-0", 10, NULL));
	ck_assert(add("A-0", 5000, NULL));
	ck_assert_int_eq(queue_look(&queue, "A-0", &e, &st), QUEUE_OK);
	ck_assert_uint_eq(e.message.body_octets, 10);
	queue_release(&e);
}
END_TEST

START_TEST(control_characters_stay_out)
{
	const struct queue_info info = { .account = (char *)"work\nto S x@y" };
	struct envelope e;
	struct message m;

	fill(&e, &m, 1);
	ck_assert(!queue_add(&queue, "A", &info, &e, &m, NULL, NULL, &st));
	ck_assert_int_eq(st.sysexit, EX_DATAERR);
	ck_assert_uint_eq(count("tmp") + count("queue"), 0);
	envelope_release(&e);
	message_release(&m);
}
END_TEST

START_TEST(a_spool_of_others_is_refused)
{
	struct queue other;

	ck_assert_int_eq(chmod(spool, 0770), 0);
	ck_assert(!queue_open(&other, spool, true, &st));
	ck_assert_int_eq(st.sysexit, EX_CANTCREAT);
	queue_close(&other);
	ck_assert(!queue_open(&other, "/proc/nowhere", true, &st));
	ck_assert_int_eq(st.sysexit, EX_CANTCREAT);
	queue_close(&other);
}
END_TEST

START_TEST(a_notification_waits_for_its_original)
{
	const struct queue_info about = { .account = (char *)"work", .about = (char *)"A" };
	struct queue_entry original, notice;
	struct envelope e;
	struct message m;

	ck_assert(add("A", 10, NULL));
	fill(&e, &m, 1);
	ck_assert(queue_add(&queue, "A-0", &about, &e, &m, NULL, &notice, &st));
	ck_assert(notice.claimed);
	ck_assert(!queue_may_send(&queue, &notice));
	ck_assert_int_eq(queue_claim(&queue, "A", &original, &st), QUEUE_OK);
	original.info.notices = 1;
	ck_assert(queue_save_attempt(&original, &st));
	ck_assert(queue_may_send(&queue, &notice));
	original.info.notices = 0;
	ck_assert(queue_save_attempt(&original, &st));
	ck_assert(queue_remove(&queue, &original, &st));
	ck_assert(queue_may_send(&queue, &notice));
	queue_release(&original);
	queue_release(&notice);
	envelope_release(&e);
	message_release(&m);
}
END_TEST

static const struct {
	unsigned tries;
	uint32_t chance;
	int64_t wait;
} waits[] = {
	{ 1, 0, 45 },
	{ 1, UINT32_MAX, 75 },
	{ 2, 0, 90 },
	{ 6, 0, 1440 },
	{ 7, 0, 2700 },
	{ 4000000000, 0, 2700 },
	{ 4000000000, UINT32_MAX, 4500 },
};

START_TEST(waits_double_up_to_the_longest)
{
	const struct settings s = { .retry_min = 60000, .retry_max = 3600000 };

	ck_assert_int_eq(retry_wait(&s, waits[_i].tries, waits[_i].chance), waits[_i].wait);
}
END_TEST

START_TEST(an_account_waits_as_a_whole)
{
	const struct settings s = { .retry_min = 60000, .retry_max = 3600000 };
	struct retry_account r;
	int probe;

	ck_assert(retry_account_failed(&queue, "w/o rk", &s, "login refused", 1000));
	retry_account_load(&queue, "w/o rk", &r);
	ck_assert_uint_eq(r.tries, 1);
	ck_assert_int_ge(r.next, 1045);
	ck_assert_str_eq(r.why, "login refused");
	/* Failures meanwhile are the same failure. */
	ck_assert(!retry_account_failed(&queue, "w/o rk", &s, "again", 1001));
	retry_account_load(&queue, "w/o rk", &r);
	ck_assert_uint_eq(r.tries, 1);
	ck_assert(!retry_account_failed(&queue, "w/o rk", &s, "again", r.next));
	retry_account_load(&queue, "w/o rk", &r);
	ck_assert_uint_eq(r.tries, 2);

	ck_assert_int_ge(probe = retry_account_probe(&queue, "w/o rk"), 0);
	ck_assert_int_lt(retry_account_probe(&queue, "w/o rk"), 0);
	close(probe);
	ck_assert_int_ge(probe = retry_account_probe(&queue, "w/o rk"), 0);
	close(probe);

	retry_account_works(&queue, "w/o rk");
	retry_account_load(&queue, "w/o rk", &r);
	ck_assert_uint_eq(r.tries, 0);
	ck_assert_int_eq(r.next, 0);
}
END_TEST

START_TEST(one_round_at_a_time)
{
	struct retry_round r, other;

	ck_assert(retry_round_begin(&queue, "work", &r));
	ck_assert_int_eq(r.since, 0);
	ck_assert(!retry_round_begin(&queue, "work", &other));
	ck_assert(retry_round_begin(&queue, "home", &other));
	retry_round_leave(&other);
	ck_assert_msg(retry_round_end(&r, 1000, 5000), "who came meanwhile is forgotten");

	ck_assert(retry_round_begin(&queue, "work", &r));
	ck_assert_int_eq(r.since, 999);
	ck_assert_int_eq(r.next, 5000);
	ck_assert_msg(!retry_round_end(&r, 2000, INT64_MAX), "nobody came");

	ck_assert(retry_round_begin(&queue, "work", &r));
	ck_assert_int_eq(r.next, INT64_MAX);
	retry_round_leave(&r); /* and nothing is written */
	ck_assert(retry_round_begin(&queue, "work", &r));
	ck_assert_int_eq(r.since, 1999);
	retry_round_leave(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("queue");
	TCase *tc = tcase_create("queue");

	tcase_add_checked_fixture(tc, make_spool, remove_spool);
	tcase_add_loop_test(tc, what_was_added_is_found_again, 0, COUNT_OF(bodies));
	tcase_add_test(tc, changes_are_found_again);
	tcase_add_test(tc, one_owner_at_a_time);
	tcase_add_loop_test(tc, damage_is_set_aside, 0, COUNT_OF(damages));
	tcase_add_test(tc, foreign_files_are_set_aside);
	tcase_add_test(tc, a_long_count_is_good_for_a_while);
	tcase_add_test(tc, quotas_hold_and_leave_nothing);
	tcase_add_test(tc, what_is_there_is_not_written_again);
	tcase_add_test(tc, control_characters_stay_out);
	tcase_add_test(tc, a_spool_of_others_is_refused);
	tcase_add_test(tc, a_notification_waits_for_its_original);
	tcase_add_loop_test(tc, waits_double_up_to_the_longest, 0, COUNT_OF(waits));
	tcase_add_test(tc, an_account_waits_as_a_whole);
	tcase_add_test(tc, one_round_at_a_time);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
