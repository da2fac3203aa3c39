#include <string.h>

#include "base/str.h"
#include "config/netrc.h"
#include "unit.h"

static const struct {
	const char *text, *host, *login, *password;
} cases[] = {
	{ "machine h login u password p", "h", "u", "p" },
	{ "machine h login u password p\n", "H", "u", "p" },
	{ "machine h\n\tlogin u\n\tpassword p\n", "h", NULL, "p" },
	{ "machine h password p login u", "h", "u", "p" },
	{ "machine h login u password p", "h", "U", NULL },
	{ "machine h login u password p", "other", "u", NULL },
	{ "machine h login a password 1\nmachine h login b password 2\n", "h", "b", "2" },
	{ "machine h login a password 1\nmachine h login b password 2\n", "h", NULL, "1" },
	{ "machine g login u password 1\nmachine h login u password 2\n", "h", "u", "2" },
	{ "machine h login u account x password p", "h", "u", "p" },
	{ "machine h login u account password password p", "h", "u", "p" },
	{ "default login u password p", "any", "u", "p" },
	{ "machine h login u password 1 default login u password 2", "h", "u", "1" },
	{ "machine h login u password 1 default login u password 2", "g", "u", "2" },
	{ "machine h login \"a b\" password \"c d\"", "h", "a b", "c d" },
	{ "machine h login u password \"a\\\"b\\\\c\"", "h", "u", "a\"b\\c" },
	{ "machine h login u password \"\"", "h", "u", "" },
	{ "machine h login u password \"no end", "h", "u", "no end" },
	{ "machine h login u password #1", "h", "u", "#1" },
	{ "# machine h login u password no\nmachine h login u password p # note\n", "h", "u", "p" },
	{ "machine h login u password p\nmacdef init\nmachine h login x\n\nmachine g login u password q", "g", "u", "q" },
	{ "macdef m\nmachine h login u password no\n\nmachine h login u password p", "h", "u", "p" },
	{ "macdef m\r\nput x\r\n\r\nmachine h login u password p", "h", "u", "p" },
	{ "macdef m\nmachine h login u password no\n", "h", "u", NULL },
	{ "machine h login u port 25 password p", "h", "u", "p" },
	{ "machine h login u", "h", "u", NULL },
	{ "machine h password p", "h", NULL, "p" },
	{ "machine h password p", "h", "u", NULL },
	{ "login u password p", "h", "u", NULL },
	{ "machine", "h", NULL, NULL },
	{ "machine h login", "h", "u", NULL },
	{ "machine h login u password", "h", "u", NULL },
	{ "", "h", "u", NULL },
};

START_TEST(find)
{
	struct buf password;
	bool found;

	buf_init(&password, 100);
	found = netrc_find(cases[_i].text, strlen(cases[_i].text), cases[_i].host, cases[_i].login, &password);
	ck_assert_msg(found == (cases[_i].password != NULL), "%s", cases[_i].text);
	ck_assert_str_eq(password.data, found ? cases[_i].password : "");
	buf_wipe(&password);
}
END_TEST

START_TEST(a_nul_ends_nothing)
{
	static const char text[] = "machine h\0x login u password no machine h login u password p";
	struct buf password;

	buf_init(&password, 100);
	ck_assert(netrc_find(text, sizeof(text) - 1, "h", "u", &password));
	ck_assert_str_eq(password.data, "p");
	buf_wipe(&password);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config/netrc");
	TCase *tc = tcase_create("netrc");

	tcase_add_loop_test(tc, find, 0, COUNT_OF(cases));
	tcase_add_test(tc, a_nul_ends_nothing);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
