#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/str.h"
#include "deliver/maildir.h"
#include "mail/msgid.h"
#include "unit.h"

static char dir[UNIT_DIR_MAX];
static char id[MSGID_SIZE];
static struct message m;
static struct envelope e;
static struct buf name;
static struct status st;

static void setup(void)
{
	unit_dir_make(dir);
	msgid_format(id, UINT64_C(1795505000) * 1000000 + 7, 12345);
	message_init(&m);
	envelope_init(&e);
	buf_init(&name, 512);
	envelope_set_sender(&e, "ann@example.org");
	envelope_add(&e, "bob@example.net", "bob@example.net");
	ck_assert(header_add(&m.header, "Subject: hello\r\n", 16));
}

static void teardown(void)
{
	buf_release(&name);
	envelope_release(&e);
	message_release(&m);
	unit_dir_remove(dir);
}

/* A path below the test's directory; the caller frees it. */
static char *below(const char *path)
{
	return alloc_printf("%s/%s", dir, path);
}

static bool deliver(const char *path)
{
	char *full = below(path);
	bool ok = maildir_deliver(full, id, &e, &m, &name, &st);

	free(full);
	return ok;
}

static char *text_of(const char *path)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	ck_assert_msg(io_read_file(path, &text, &st), "%s", st.text);
	return buf_detach(&text);
}

static size_t count(const char *path)
{
	char *full = below(path);
	DIR *d = opendir(full);
	size_t n = 0;

	ck_assert_msg(d != NULL, "%s", full);
	for (const struct dirent *f; (f = readdir(d)) != NULL;)
		n += f->d_name[0] != '.';
	closedir(d);
	free(full);
	return n;
}

static unsigned mode_of(const char *path)
{
	char *full = path[0] == '/' ? alloc_copy(path) : below(path);
	struct stat is;

	ck_assert_int_eq(stat(full, &is), 0);
	free(full);
	return is.st_mode & 07777;
}

#define TOP "Return-Path: <ann@example.org>\nDelivered-To: bob@example.net\nSubject: hello\n\n"

static const struct {
	const char *behaviour, *body, *text;
} bodies[] = {
	{ "lines end in LF", "one\r\ntwo\r\n", TOP "one\ntwo\n" },
	{ "an empty one", "", TOP },
	{ "the last line gets its end", "one", TOP "one\n" },
	{ "dots are no matter", ".\r\n..\r\n", TOP ".\n..\n" },
	{ "nor is From", "From here\r\n", TOP "From here\n" },
	{ "8 bits", "\xc3\xa9\xff\r\n", TOP "\xc3\xa9\xff\n" },
};

START_TEST(body)
{
	char *text;

	umask(0);
	ck_assert(message_add_body(&m, bodies[_i].body, strlen(bodies[_i].body)));
	ck_assert_msg(deliver("Maildir"), "%s", st.text);
	ck_assert(str_starts(name.data, dir));
	text = text_of(name.data);
	ck_assert_str_eq(text, bodies[_i].text);
	free(text);
	ck_assert_uint_eq(mode_of(name.data), 0600);
	ck_assert_uint_eq(mode_of("Maildir"), 0700);
	ck_assert_uint_eq(mode_of("Maildir/tmp"), 0700);
	ck_assert_uint_eq(mode_of("Maildir/new"), 0700);
	ck_assert_uint_eq(mode_of("Maildir/cur"), 0700);
	ck_assert_uint_eq(count("Maildir/tmp"), 0);
	ck_assert_uint_eq(count("Maildir/new"), 1);
}
END_TEST

/* Larger than a block, so that a CR and its LF come in different ones. */
START_TEST(large)
{
	size_t lines = 40000;
	char *text;

	for (size_t i = 0; i < lines; i++)
		ck_assert(message_add_body(&m, "abc\r\n", 5));
	ck_assert_msg(deliver("Maildir"), "%s", st.text);
	text = text_of(name.data);
	ck_assert_uint_eq(strlen(text), strlen(TOP) + 4 * lines);
	ck_assert_ptr_null(strchr(text, '\r'));
	free(text);
}
END_TEST

START_TEST(recipients)
{
	struct status sent = { .sysexit = EX_OK };
	char *text;

	envelope_add(&e, "carol@example.net", "carol");
	envelope_add(&e, "dora@example.net", "dora");
	e.v[1].state = RECIPIENT_SENT;
	e.v[1].status = sent;
	envelope_set_sender(&e, "");
	ck_assert_msg(deliver("Maildir"), "%s", st.text);
	text = text_of(name.data);
	ck_assert_str_eq(text, "Return-Path: <>\nDelivered-To: bob@example.net\nDelivered-To: dora@example.net\n"
	                 "Subject: hello\n\n");
	free(text);
}
END_TEST

/* The time first, and no name twice. */
START_TEST(names)
{
	ck_assert(deliver("Maildir"));
	ck_assert_ptr_nonnull(strstr(name.data, "/Maildir/new/1795505000.1"));
	msgid_make(id);
	ck_assert(deliver("Maildir"));
	ck_assert_uint_eq(count("Maildir/new"), 2);
}
END_TEST

/* What a crash left in tmp/ is overwritten; what came to new/ is there. */
START_TEST(again)
{
	char *left;
	int fd;

	ck_assert(deliver("Maildir"));
	ck_assert(deliver("Maildir"));
	ck_assert_uint_eq(count("Maildir/new"), 1);
	ck_assert_uint_eq(count("Maildir/tmp"), 0);

	ck_assert_int_eq(unlink(name.data), 0);
	left = alloc_printf("%s/Maildir/tmp/%s", dir, strrchr(name.data, '/') + 1);
	ck_assert_int_ge(fd = open(left, O_CREAT | O_WRONLY, 0644), 0);
	close(fd);
	ck_assert(deliver("Maildir"));
	free(left);
	left = text_of(name.data);
	ck_assert_str_eq(left, TOP);
	free(left);
	ck_assert_uint_eq(count("Maildir/tmp"), 0);
}
END_TEST

/* Each prepared by a shell in the test's directory. */
static const struct {
	const char *behaviour, *prepare, *path;
	int sysexit;                  /* EX_OK: it works */
} places[] = {
	{ "a part is missing", "mkdir -p m/new m/tmp", "m", EX_OK },
	{ "an empty directory", "mkdir m", "m", EX_OK },
	{ "a link to one", "mkdir real && ln -s real m", "m", EX_OK },
	{ "nothing above it", "true", "no/m", EX_CANTCREAT },
	{ "a file in its place", "touch m", "m", EX_CANTCREAT },
	{ "a link for new", "mkdir -p m/cur m/tmp other && ln -s ../other m/new", "m", EX_CANTCREAT },
	{ "a link for tmp", "mkdir -p m/cur m/new other && ln -s ../other m/tmp", "m", EX_CANTCREAT },
	{ "a link to nowhere", "ln -s nowhere m", "m", EX_CANTCREAT },
};

START_TEST(place)
{
	char *command = alloc_printf("cd %s && %s", dir, places[_i].prepare);

	ck_assert_int_eq(system(command), 0);
	free(command);
	ck_assert_int_eq(deliver(places[_i].path), places[_i].sysexit == EX_OK);
	if (places[_i].sysexit == EX_OK)
		return;
	ck_assert_int_eq(st.sysexit, places[_i].sysexit);
	ck_assert_int_eq(st.wait, WAIT_ACCOUNT);
	ck_assert(str_starts(st.text, "maildir "));
}
END_TEST

/* A disk that takes no more: for later, and nothing half is left. */
START_TEST(full)
{
	const struct rlimit little = { .rlim_cur = 1000, .rlim_max = 1000 };
	char line[802];

	memset(line, 'x', sizeof(line));
	memcpy(line + 800, "\r\n", 2);
	for (size_t i = 0; i < 4; i++)
		ck_assert(message_add_body(&m, line, sizeof(line)));
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
	ck_assert(!deliver("Maildir"));
	ck_assert_int_eq(st.sysexit, EX_TEMPFAIL);
	ck_assert_int_eq(st.wait, WAIT_ACCOUNT);
	ck_assert_uint_eq(count("Maildir/tmp"), 0);
	ck_assert_uint_eq(count("Maildir/new"), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deliver/maildir");
	TCase *tc = tcase_create("maildir");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, body, 0, COUNT_OF(bodies));
	tcase_add_test(tc, large);
	tcase_add_test(tc, recipients);
	tcase_add_test(tc, names);
	tcase_add_test(tc, again);
	tcase_add_loop_test(tc, place, 0, COUNT_OF(places));
	tcase_add_test(tc, full);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
