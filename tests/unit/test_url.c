#include <string.h>

#include "base/str.h"
#include "config/url.h"
#include "unit.h"

static const struct {
	const char *url, *lines;     /* key=value, parted by line ends; NULL: refused */
} cases[] = {
	{ "smtp://h", "tls=off\ntls_starttls=on\nhost=h\n" },
	{ "submission://h", "tls=on\ntls_starttls=on\nhost=h\n" },
	{ "smtps://h", "tls=on\ntls_starttls=off\nhost=h\n" },
	{ "SMTPS://h/", "tls=on\ntls_starttls=off\nhost=h\n" },
	{ "smtp://h:2525", "tls=off\ntls_starttls=on\nhost=h:2525\n" },
	{ "smtp://[::1]:25", "tls=off\ntls_starttls=on\nhost=[::1]:25\n" },
	{ "smtp://u@h", "tls=off\ntls_starttls=on\nuser=u\nhost=h\n" },
	{ "smtp://u:p@h", "tls=off\ntls_starttls=on\nuser=u\npassword=p\nhost=h\n" },
	{ "smtp://u:a:b@h", "tls=off\ntls_starttls=on\nuser=u\npassword=a:b\nhost=h\n" },
	{ "smtp://me@example.org:p@h", "tls=off\ntls_starttls=on\nuser=me@example.org\npassword=p\nhost=h\n" },
	{ "smtp://a%40b:%25%3a%20@h", "tls=off\ntls_starttls=on\nuser=a@b\npassword=%: \nhost=h\n" },
	{ "smtp://h?auth=plain&from=me@example.org", "tls=off\ntls_starttls=on\nhost=h\nauth=plain\nfrom=me@example.org\n" },
	{ "smtp://h/?tls=on", "tls=off\ntls_starttls=on\nhost=h\ntls=on\n" },
	{ "smtp://h?tls&&auth=", "tls=off\ntls_starttls=on\nhost=h\ntls=\nauth=\n" },
	{ "smtp://h?from_full_name=a+b%26c=d", "tls=off\ntls_starttls=on\nhost=h\nfrom_full_name=a+b&c=d\n" },
	{ "smtp://j%C3%B6rg@h", "tls=off\ntls_starttls=on\nuser=j\xc3\xb6rg\nhost=h\n" },
	{ "smtp://", NULL },
	{ "smtp://u@", NULL },
	{ "smtp://?auth=plain", NULL },
	{ "smtp://h/path", NULL },
	{ "smtp://h#x", NULL },
	{ "imap://h", NULL },
	{ "smtp:h", NULL },
	{ "h", NULL },
	{ "", NULL },
	{ "smtp://a%4@h", NULL },
	{ "smtp://a%zz@h", NULL },
	{ "smtp://a%", NULL },
	{ "smtp://a%00b@h", NULL },
	{ "smtp://h?from=a%0d%0aDATA", NULL },
};

START_TEST(parse)
{
	struct strv lines;
	struct status st;
	struct buf got;
	bool ok;

	strv_init(&lines);
	buf_init(&got, 1000);
	ok = url_parse(cases[_i].url, &lines, &st);
	ck_assert_msg(ok == (cases[_i].lines != NULL), "%s", cases[_i].url);
	for (size_t i = 0; i + 1 < lines.len; i += 2)
		buf_printf(&got, "%s=%s\n", lines.v[i], lines.v[i + 1]);
	if (ok)
		ck_assert_str_eq(got.data, cases[_i].lines);
	else
		ck_assert_int_eq(st.sysexit, EX_CONFIG);
	buf_release(&got);
	strv_release(&lines);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config/url");
	TCase *tc = tcase_create("url");

	tcase_add_loop_test(tc, parse, 0, COUNT_OF(cases));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
