#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "lines.h"
#include "route/staging.h"

#define BUECHER "b\xc3\xbc" "cher.example"
#define ABUECHER "xn--bcher-kva.example"

static const struct {
	const char *settings, *address;
	enum staging becomes;
} recipients[] = {
	{ NULL, "a@x.example", STAGING_PASSES },
	{ "redirect off|allow_to off", "a@x.example", STAGING_PASSES },

	{ "redirect dev@y", "a@x.example", STAGING_REDIRECTED },
	{ "redirect dev@y", "dev@y", STAGING_REDIRECTED },

	{ "allow_to a@x.example", "a@x.example", STAGING_PASSES },
	{ "allow_to a@x.example", "A@X.Example", STAGING_PASSES },
	{ "allow_to a@x.example", "a+test@x.example", STAGING_PASSES },
	{ "allow_to a@x.example", "b@x.example", STAGING_HELD },
	{ "allow_to a@x.example", "a@x.example.net", STAGING_HELD },
	{ "allow_to *@x.example", "b@x.example", STAGING_PASSES },
	{ "allow_to *@x.example", "b@sub.x.example", STAGING_HELD },
	{ "allow_to *@x.example", "b@x.example@y", STAGING_HELD },
	{ "allow_to c@y *@x.example", "b@x.example", STAGING_PASSES },
	{ "allow_to ops", "ops@mail.example", STAGING_PASSES },
	{ "allow_to ops", "ops@x.example", STAGING_HELD },
	{ "allow_to *@" BUECHER, "a@" ABUECHER, STAGING_PASSES },
	{ "allow_to *@" ABUECHER, "a@" ABUECHER, STAGING_PASSES },

	{ "redirect dev@y|allow_to *@x.example", "a@x.example", STAGING_PASSES },
	{ "redirect dev@y|allow_to *@x.example", "a@z.example", STAGING_REDIRECTED },
};

START_TEST(recipient)
{
	struct settings s;

	lines_settings(&s, recipients[_i].settings);
	ck_assert_int_eq(staging_of(&s, recipients[_i].address), recipients[_i].becomes);
	settings_release(&s);
}
END_TEST

static const struct {
	const char *settings, *address;
} wires[] = {
	{ NULL, NULL },
	{ "redirect dev@y.example", "dev@y.example" },
	{ "redirect dev", "dev@mail.example" },
	{ "redirect dev@" BUECHER, "dev@" ABUECHER },
};

START_TEST(wire)
{
	struct settings s;
	char *got;

	lines_settings(&s, wires[_i].settings);
	got = staging_redirect(&s);
	ck_assert_pstr_eq(got, wires[_i].address);
	free(got);
	settings_release(&s);
}
END_TEST

static const struct {
	const char *settings, *in, *out;
} headers[] = {
	{ NULL, "To: a@x\r\n", "To: a@x\r\n" },
	{ "allow_to b@y", "To: a@x\r\n", "To: a@x\r\n" },
	{ "redirect d@y", "To: a@x\r\nCc: b@x\r\nSubject: s\r\n",
	  "To: d@y\r\nCc: d@y\r\nSubject: s\r\nX-Original-To: a@x\r\nX-Original-To: b@x\r\n" },
	{ "redirect d@y", "To: Ann <a@x> (hi),\r\n g: b@x;\r\n",
	  "To: Ann <d@y> (hi),\r\n g: d@y;\r\nX-Original-To: Ann <a@x> (hi),\r\n g: b@x;\r\n" },
	/* Who they are from is no matter of it, nor what is no address. */
	{ "redirect d@y", "From: a@x\r\nReply-To: a@x\r\nTo: undisclosed-recipients:;\r\nX-To: a@x\r\n",
	  "From: a@x\r\nReply-To: a@x\r\nTo: undisclosed-recipients:;\r\nX-To: a@x\r\n" },
	{ "redirect d@y", "To: d@y\r\n", "To: d@y\r\n" },
	{ "redirect d", "To: root\r\n", "To: d@mail.example\r\nX-Original-To: root\r\n" },
	/* A block of Resent- fields stays whole. */
	{ "redirect d@y", "Resent-From: r@x\r\nResent-To: a@x\r\nResent-Date: x\r\nTo: b@x\r\n",
	  "Resent-From: r@x\r\nResent-To: d@y\r\nResent-Date: x\r\nTo: d@y\r\n"
	  "X-Original-To: a@x\r\nX-Original-To: b@x\r\n" },
	{ "redirect d@y|allow_to *@ok", "To: a@x, b@ok\r\nCc: c@ok\r\n",
	  "To: d@y, b@ok\r\nCc: c@ok\r\nX-Original-To: a@x, b@ok\r\n" },
};

START_TEST(header)
{
	lines_check(headers[_i].settings, headers[_i].in, headers[_i].out, staging_header);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("route/staging");
	TCase *tc = tcase_create("staging");

	tcase_add_loop_test(tc, recipient, 0, COUNT_OF(recipients));
	tcase_add_loop_test(tc, wire, 0, COUNT_OF(wires));
	tcase_add_loop_test(tc, header, 0, COUNT_OF(headers));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
