#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "lines.h"
#include "route/mapping.h"

#define BUECHER "b\xc3\xbc" "cher.example"
#define ABUECHER "xn--bcher-kva.example"

#define MASK "masquerade web1.lan " BUECHER " localhost"

static const struct {
	const char *settings, *address, *sender;
	enum mapping_place place;
} senders[] = {
	{ NULL, "a@web1.lan", "a@web1.lan", MAPPING_ENVELOPE },
	{ MASK, "a@web1.lan", "a@mail.example", MAPPING_ENVELOPE },
	{ MASK, "a@WEB1.Lan", "a@mail.example", MAPPING_ENVELOPE },
	{ MASK, "a@localhost", "a@mail.example", MAPPING_ENVELOPE },
	{ MASK, "a@" ABUECHER, "a@mail.example", MAPPING_ENVELOPE },
	{ MASK, "a@x.web1.lan", "a@x.web1.lan", MAPPING_ENVELOPE },              /* names, not what is below them */
	{ MASK, "a@lan", "a@lan", MAPPING_ENVELOPE },
	{ MASK, "\"x@web1.lan\"@y", "\"x@web1.lan\"@y", MAPPING_ENVELOPE },
	{ MASK, "\"x y\"@web1.lan", "\"x y\"@mail.example", MAPPING_ENVELOPE },
	{ MASK, "", "", MAPPING_ENVELOPE },
	{ "masquerade " ABUECHER, "a@" ABUECHER, "a@mail.example", MAPPING_ENVELOPE },

	{ "rewrite a@x.example b@y.example", "a@x.example", "b@y.example", MAPPING_ENVELOPE },
	{ "rewrite a@x.example b@y.example", "A@X.EXAMPLE", "b@y.example", MAPPING_ENVELOPE },
	{ "rewrite a@x.example b@y.example", "a+cron@x.example", "b@y.example", MAPPING_ENVELOPE },
	{ "rewrite a@x.example b@y.example", "aa@x.example", "aa@x.example", MAPPING_ENVELOPE },
	{ "rewrite *@x.example b@y.example", "anyone@x.example", "b@y.example", MAPPING_ENVELOPE },
	{ "rewrite * b@y.example", "", "", MAPPING_ENVELOPE },
	{ "rewrite root ops", "root@mail.example", "ops@mail.example", MAPPING_ENVELOPE },
	{ "rewrite root ops", "root@x.example", "root@x.example", MAPPING_ENVELOPE },
	{ "rewrite * b@" BUECHER, "a@x", "b@" ABUECHER, MAPPING_ENVELOPE },
	{ "rewrite *@*." BUECHER " b@y", "a@sub." ABUECHER, "b@y", MAPPING_ENVELOPE },
	/* The first that matches, once */
	{ "rewrite a@x b@x|rewrite b@x c@x", "a@x", "b@x", MAPPING_ENVELOPE },
	{ "rewrite *@x b@x|rewrite a@x c@x", "a@x", "b@x", MAPPING_ENVELOPE },
	/* After masquerading */
	{ MASK "|rewrite root@mail.example ops@y", "root@web1.lan", "ops@y", MAPPING_ENVELOPE },
	{ MASK "|rewrite root@web1.lan ops@y", "root@web1.lan", "root@mail.example", MAPPING_ENVELOPE },
	/* One of the two */
	{ "rewrite * b@y envelope", "a@x", "b@y", MAPPING_ENVELOPE },
	{ "rewrite * b@y header", "a@x", "a@x", MAPPING_ENVELOPE },
	{ "rewrite * b@y header", "a@x", "b@y", MAPPING_HEADER },
	{ "rewrite * b@y envelope", "a@x", "a@x", MAPPING_HEADER },
	{ "rewrite * b@y envelope|rewrite * c@y header", "a@x", "c@y", MAPPING_HEADER },
};

START_TEST(sender)
{
	struct settings s;
	char *got;

	lines_settings(&s, senders[_i].settings);
	got = mapping_sender(&s, senders[_i].address, senders[_i].place);
	ck_assert_str_eq(got, senders[_i].sender);
	free(got);
	settings_release(&s);
}
END_TEST

static const struct {
	const char *settings, *in, *out;   /* fields, each with a line end behind it */
} headers[] = {
	{ NULL, "From: a@web1.lan\r\n", "From: a@web1.lan\r\n" },
	{ MASK, "From: Bob <bob@web1.lan> (x)\r\nTo: a@x,\r\n b@web1.lan\r\n",
	  "From: Bob <bob@mail.example> (x)\r\nTo: a@x,\r\n b@mail.example\r\n" },
	{ MASK, "Sender: a@web1.lan\r\nReply-To: a@web1.lan\r\nCc: s: a@web1.lan;\r\n",
	  "Sender: a@mail.example\r\nReply-To: a@mail.example\r\nCc: s: a@mail.example;\r\n" },
	{ MASK, "Resent-From: a@web1.lan\r\nResent-To: a@web1.lan\r\n",
	  "Resent-From: a@mail.example\r\nResent-To: a@mail.example\r\n" },
	{ MASK, "From: a@" BUECHER "\r\n", "From: a@mail.example\r\n" },
	{ MASK, "From: root\r\nX-To: a@web1.lan\r\nSubject: a@web1.lan\r\nErrors-To: a@web1.lan\r\n",
	  "From: root\r\nX-To: a@web1.lan\r\nSubject: a@web1.lan\r\nErrors-To: a@web1.lan\r\n" },
	{ MASK, "From: @web1.lan, <>, a@web1.lan\r\n", "From: @web1.lan, <>, a@mail.example\r\n" },

	{ "rewrite root ops@y", "From: root (Cron Daemon)\r\nTo: root\r\n",
	  "From: ops@y (Cron Daemon)\r\nX-Original-From: root (Cron Daemon)\r\nTo: root\r\n" },
	{ "rewrite *@x b@y", "From:  Bob\r\n <a@x>\r\nFrom: c@x\r\n",
	  "From:  Bob\r\n <b@y>\r\nX-Original-From: Bob\r\n <a@x>\r\nFrom: b@y\r\nX-Original-From: c@x\r\n" },
	{ "rewrite *@x b@y", "Sender: a@x\r\nReply-To: a@x\r\nTo: a@x\r\nResent-From: a@x\r\n",
	  "Sender: b@y\r\nReply-To: a@x\r\nTo: a@x\r\nResent-From: b@y\r\n" },
	{ "rewrite *@x b@y", "From: b@y\r\n", "From: b@y\r\n" },
	{ "rewrite * b@y", "From: b@y\r\n", "From: b@y\r\n" },         /* no change, no word of it */
	{ "rewrite * b@y envelope", "From: a@x\r\n", "From: a@x\r\n" },
	{ "rewrite * b@y header", "From: a@x\r\n", "From: b@y\r\nX-Original-From: a@x\r\n" },
	{ "rewrite * b@y", "From: a@@x\r\n", "From: a@@x\r\n" },
	{ MASK "|rewrite *@mail.example b@y", "From: a@web1.lan\r\n",
	  "From: b@y\r\nX-Original-From: a@web1.lan\r\n" },
};

START_TEST(header)
{
	lines_check(headers[_i].settings, headers[_i].in, headers[_i].out, mapping_header);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("route/mapping");
	TCase *tc = tcase_create("mapping");

	tcase_add_loop_test(tc, sender, 0, COUNT_OF(senders));
	tcase_add_loop_test(tc, header, 0, COUNT_OF(headers));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
