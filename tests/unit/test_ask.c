#include <sysexits.h>

#include "base/io.h"
#include "base/str.h"
#include "cmd/ask.h"
#include "place.h"
#include "script.h"
#include "unit.h"

#define HELLO "S: 220 mx\nC: EHLO localhost\nS: 250-mx\r250 XMAILCHUTE\nC: XRUN queue show+20it +2Bx\n"

/* A script's lines end in CRLF: each frame's octets count them. */
static const struct {
	const char *script;
	bool there;
	int code;
	const char *out, *err;
} rows[] = {
	{ HELLO "S: 0 0\nE:\n", true, 0, "", "" },
	{ HELLO "S: 1 4\rab\r2 5\rerr\r1 3\rc\r0 64\nE:\n", true, 64, "ab\r\nc\r\n", "err\r\n" },
	{ HELLO "S: 1 0\r0 7\nE:\n", true, 7, "", "" },
	{ HELLO "S: 1 4\rab\n", true, EX_TEMPFAIL, "ab\r\n", "mailchute: connection closed by the server\n" },
	{ HELLO "S: 1 400\rab\n", true, EX_TEMPFAIL, "", "mailchute: connection closed by the server\n" },
	{ HELLO "S: 501 5.5.4 not \x1bso\nE:\n", true, EX_TEMPFAIL, "",
	  "mailchute: the daemon answered: 501 5.5.4 not \\x1bso\n" },
	{ HELLO "S: 3 4\nE:\n", true, EX_TEMPFAIL, "", "mailchute: the daemon answered: 3 4\n" },
	{ HELLO "S: 1 99999999\nE:\n", true, EX_TEMPFAIL, "", "mailchute: the daemon answered: 1 99999999\n" },
	{ HELLO "S: 0 256\nE:\n", true, EX_TEMPFAIL, "", "mailchute: the daemon answered: 0 256\n" },
	{ HELLO "S: 0 \nE:\n", true, EX_TEMPFAIL, "", "mailchute: the daemon answered: 0 \n" },
	{ "S: 421 stopping\n", .there = false, .out = "", .err = "" },
};

/* What a stream of ours wrote into a file. */
static void check_file(const char *path, const char *want)
{
	struct status st;
	struct buf got;

	buf_init(&got, 1 << 16);
	ck_assert(io_read_file(path, &got, &st));
	ck_assert_str_eq(got.data, want);
	buf_release(&got);
}

START_TEST(frames)
{
	struct place p;
	struct script script;
	struct strv words;
	char out[UNIT_DIR_MAX + 8], err[UNIT_DIR_MAX + 8];
	int code = -1, ends[2] = { dup(STDOUT_FILENO), dup(STDERR_FILENO) };
	bool there;

	place_make(&p);
	strv_init(&words);
	strv_split(&words, "queue,show it,+x", ",");
	snprintf(out, sizeof(out), "%s/out", p.dir);
	snprintf(err, sizeof(err), "%s/err", p.dir);
	script = script_start_on(p.listener, rows[_i].script);
	ck_assert_ptr_nonnull(freopen(out, "w", stdout));
	ck_assert_ptr_nonnull(freopen(err, "w", stderr));
	there = ask(p.at.sun_path, &words, &code);
	fflush(NULL);
	dup2(ends[0], STDOUT_FILENO);
	dup2(ends[1], STDERR_FILENO);
	ck_assert_int_eq(there, rows[_i].there);
	if (there)
		ck_assert_int_eq(code, rows[_i].code);
	check_file(out, rows[_i].out);
	check_file(err, rows[_i].err);
	ck_assert(script_ended_well(&script));
	strv_release(&words);
	place_remove(&p);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cmd/ask");
	TCase *tc = tcase_create("ask");

	tcase_add_loop_test(tc, frames, 0, COUNT_OF(rows));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
