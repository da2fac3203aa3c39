#include <string.h>

#include "base/str.h"
#include "net/fingerprint.h"
#include "unit.h"

#define TEN     "00:11:22:33:44:55:66:77:88:99"
#define TEN_LOW "aabbccddeeff00112233"

static const struct {
	const char *text;
	const char *printed;       /* NULL: it is none */
	const char *wrong;
} rows[] = {
	{ TEN ":" TEN ":" TEN ":AA:bb", TEN ":" TEN ":" TEN ":AA:BB", NULL },
	{ "SHA256:" TEN ":" TEN ":" TEN ":AA:BB", TEN ":" TEN ":" TEN ":AA:BB", NULL },
	{ TEN ":" TEN, TEN ":" TEN, NULL },
	{ "sha1:" TEN ":" TEN, TEN ":" TEN, NULL },
	{ TEN_LOW TEN_LOW, "AA:BB:CC:DD:EE:FF:00:11:22:33:AA:BB:CC:DD:EE:FF:00:11:22:33", NULL },
	{ "SPKI:sha256:" TEN_LOW TEN_LOW TEN_LOW "0102",
	  "spki:sha256:AABBCCDDEEFF00112233AABBCCDDEEFF00112233AABBCCDDEEFF001122330102", NULL },
	{ TEN ":AA:BB:CC:DD:EE:FF", NULL, "an MD5 fingerprint is too weak: use SHA-256" },
	{ TEN, NULL, "no fingerprint: SHA-256 has 32 octets, SHA-1 has 20" },
	{ "spki:sha256:" TEN ":" TEN, NULL, "no fingerprint: SHA-256 has 32 octets, SHA-1 has 20" },
	{ "sha256:" TEN ":" TEN, NULL, "no fingerprint: SHA-256 has 32 octets, SHA-1 has 20" },
	{ "sha1:" TEN ":" TEN ":" TEN ":AA:BB", NULL,
	  "no fingerprint: SHA-256 has 32 octets, SHA-1 has 20" },
	{ TEN ":" TEN ":" TEN ":AA:BB:CC", NULL, "no fingerprint: not hexadecimal octets" },
	{ TEN ":" TEN ":" TEN ":AA:BB:", NULL, "no fingerprint: not hexadecimal octets" },
	{ TEN "::" TEN, NULL, "no fingerprint: not hexadecimal octets" },
	{ TEN ":" TEN ":" TEN ":AA:B", NULL, "no fingerprint: not hexadecimal octets" },
	{ TEN ":" TEN ":" TEN ":AA:BG", NULL, "no fingerprint: not hexadecimal octets" },
	{ "", NULL, "no fingerprint: SHA-256 has 32 octets, SHA-1 has 20" },
	{ "md5:" TEN, NULL, "no fingerprint: not hexadecimal octets" },
};

START_TEST(parse)
{
	struct fingerprint f;
	struct buf b;
	const char *wrong = fingerprint_parse(rows[_i].text, &f);

	buf_init(&b, 200);
	if (rows[_i].printed == NULL) {
		ck_assert_str_eq(wrong, rows[_i].wrong);
	} else {
		ck_assert_ptr_null(wrong);
		fingerprint_print(&f, &b);
		ck_assert_str_eq(b.data, rows[_i].printed);
	}
	buf_release(&b);
}
END_TEST

START_TEST(kinds_differ)
{
	struct fingerprint cert, key, other;

	ck_assert_ptr_null(fingerprint_parse(TEN TEN TEN "AABB", &cert));
	ck_assert_ptr_null(fingerprint_parse("spki:sha256:" TEN TEN TEN "AABB", &key));
	ck_assert_ptr_null(fingerprint_parse(TEN TEN TEN "AABC", &other));
	ck_assert(fingerprint_equal(&cert, &cert));
	ck_assert(!fingerprint_equal(&cert, &key));
	ck_assert(!fingerprint_equal(&cert, &other));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("net/fingerprint");
	TCase *tc = tcase_create("fingerprint");

	tcase_add_loop_test(tc, parse, 0, COUNT_OF(rows));
	tcase_add_test(tc, kinds_differ);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
