#include <string.h>

#include "base/str.h"
#include "smtp/dot.h"
#include "unit.h"

static const struct {
	const char *in, *out;
} rows[] = {
	{ .in = "", .out = ".\r\n" },
	{ .in = "x", .out = "x\r\n.\r\n" },
	{ .in = "x\r", .out = "x\r\n.\r\n" },
	{ .in = "x\r\n", .out = "x\r\n.\r\n" },
	{ .in = "\r\n", .out = "\r\n.\r\n" },
	{ .in = ".\r\n", .out = "..\r\n.\r\n" },
	{ .in = ".", .out = "..\r\n.\r\n" },
	{ .in = "..\r\n", .out = "...\r\n.\r\n" },
	{ .in = "a\r\n.\r\nb\r\n", .out = "a\r\n..\r\nb\r\n.\r\n" },
	{ .in = "a\r\n.b\r\n.c\r\n", .out = "a\r\n..b\r\n..c\r\n.\r\n" },
	{ .in = "a\r\n\r\n.\r\n\r\n", .out = "a\r\n\r\n..\r\n\r\n.\r\n" },
	{ .in = "a.b\r\n c.\r\n", .out = "a.b\r\n c.\r\n.\r\n" },
	{ .in = "\r\n.\r\n.\r\n", .out = "\r\n..\r\n..\r\n.\r\n" },
	/* Not for this module, but nothing may look like the end of data. */
	{ .in = "a\n.\nb", .out = "a\n..\nb\r\n.\r\n" },
};

START_TEST(encode)
{
	static const size_t steps[] = { 1, 2, 3, 5, 1000 };
	const char *in = rows[_i].in;
	size_t n = strlen(in);

	for (size_t s = 0; s < COUNT_OF(steps); s++) {
		struct dot d;
		struct buf out;

		buf_init(&out, 1000);
		dot_init(&d);
		for (size_t i = 0; i < n; i += steps[s])
			dot_encode(&d, &out, in + i, n - i < steps[s] ? n - i : steps[s]);
		dot_encode(&d, &out, in, 0);
		dot_finish(&d, &out);
		ck_assert_msg(strcmp(out.data, rows[_i].out) == 0,
			"\"%s\" in steps of %zu gives \"%s\"", in, steps[s], out.data);
		buf_release(&out);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smtp/dot");
	TCase *tc = tcase_create("dot");

	tcase_add_loop_test(tc, encode, 0, COUNT_OF(rows));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
