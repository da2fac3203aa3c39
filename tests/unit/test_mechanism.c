#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "binding.h"
#include "smtp/mechanism.h"
#include "smtp/sasl.h"
#include "unit.h"

static const struct {
	const char *wanted, *offered;
	int tls;                     /* LINE_...; 0: open */
	bool certificate, socket;
	const char *order;           /* NULL: refused ... */
	const char *why;             /* ... with this in the text */
} choices[] = {
	/* `auth on`: the strongest first */
	{ "ON", "LOGIN PLAIN NTLM CRAM-MD5", LINE_TLS13, .order = "NTLM CRAM-MD5 PLAIN LOGIN" },
	{ "ON", "PLAIN LOGIN", LINE_TLS12, .order = "PLAIN LOGIN" },
	{ "ON", "login plain", LINE_TLS12, .order = "PLAIN LOGIN" },
	{ "ON", "PLAIN EXTERNAL GSSAPI SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS",
	  LINE_TLS13, .certificate = true,
	  .order = "EXTERNAL GSSAPI SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 PLAIN" },
	{ "ON", "EXTERNAL PLAIN", LINE_TLS13, .order = "PLAIN" },
	{ "ON", "EXTERNAL", LINE_TLS13, .why = "EXTERNAL (no client certificate)" },
	{ "ON", "SCRAM-SHA-256-PLUS SCRAM-SHA-256", LINE_TLS12, .order = "SCRAM-SHA-256-PLUS SCRAM-SHA-256" },
	{ "ON", "SCRAM-SHA-256-PLUS SCRAM-SHA-256", LINE_NO_BINDING, .order = "SCRAM-SHA-256" },
	{ "ON", "SCRAM-SHA-1-PLUS", LINE_NO_BINDING, .why = "SCRAM-SHA-1-PLUS (no TLS channel binding)" },
	/* and never these */
	{ "ON", "XOAUTH2 OAUTHBEARER DIGEST-MD5 PLAIN", LINE_TLS13, .order = "PLAIN" },
	{ "ON", "XOAUTH2", LINE_TLS13, .why = "XOAUTH2 (only if auth names it)" },
	{ "ON", "NTLM", LINE_TLS13, .order = "NTLM" },
	{ "ON", "SECURID ANONYMOUS", LINE_TLS13,
	  .why = "SECURID (unknown to mailchute), ANONYMOUS (unknown to mailchute)" },
	{ "ON", "X-\1\xff", LINE_TLS13, .why = "X-\\x01\\xff (unknown to mailchute)" },
	{ "ON", "", LINE_TLS13, .why = "the server offers no login" },
	{ "ON", "", .why = "the server offers no login without TLS" },
	/* outside TLS nothing but SCRAM */
	{ "ON", "PLAIN LOGIN CRAM-MD5 NTLM DIGEST-MD5 GSSAPI SCRAM-SHA-1", .order = "SCRAM-SHA-1" },
	{ "ON", "PLAIN CRAM-MD5 NTLM",
	  .why = "PLAIN (only with TLS), CRAM-MD5 (without TLS only if auth names it), NTLM (without" },
	{ "ON", "SCRAM-SHA-256-PLUS", .why = "SCRAM-SHA-256-PLUS (no TLS channel binding)" },
	/* a Unix socket is as good as TLS */
	{ "ON", "PLAIN CRAM-MD5", .socket = true, .order = "CRAM-MD5 PLAIN" },
	/* by name: in the order of the configuration */
	{ "PLAIN CRAM-MD5", "CRAM-MD5 PLAIN", LINE_TLS13, .order = "PLAIN CRAM-MD5" },
	{ "CRAM-MD5 NTLM DIGEST-MD5", "NTLM CRAM-MD5 DIGEST-MD5", .order = "CRAM-MD5 NTLM DIGEST-MD5" },
	{ "NTLMV1", "NTLM", LINE_TLS13, .order = "NTLMV1" },
	{ "NTLMV1", "NTLM", .why = "NTLMV1 (only with TLS)" },
	{ "PLAIN LOGIN", "PLAIN LOGIN", .why = "PLAIN (only with TLS), LOGIN (only with TLS)" },
	{ "XOAUTH2", "XOAUTH2 PLAIN", LINE_TLS13, .order = "XOAUTH2" },
	{ "OAUTHBEARER", "OAUTHBEARER", .why = "OAUTHBEARER (only with TLS)" },
	{ "EXTERNAL", "EXTERNAL", LINE_TLS13, .order = "EXTERNAL" },
	{ "GSSAPI", "GSSAPI", .order = "GSSAPI" },
	{ "NTLM", "PLAIN LOGIN", LINE_TLS13, .why = "NTLM (not offered)" },
	{ "PLAIN PLAIN", "PLAIN", LINE_TLS13, .order = "PLAIN" },
	{ "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1-PLUS", LINE_NO_BINDING, .why = "no TLS channel binding" },
};

static char *join(const struct strv *l)
{
	struct buf b;

	buf_init(&b, 1000);
	for (size_t i = 0; i < l->len; i++)
		buf_printf(&b, "%s%s", i > 0 ? " " : "", l->v[i]);
	return buf_detach(&b);
}

START_TEST(choose)
{
	struct stream line = { .fd = choices[_i].tls };
	struct sasl_login login = {
		.stream = choices[_i].tls ? &line : NULL,
		.client_certificate = choices[_i].certificate,
		.protected_line = choices[_i].tls || choices[_i].socket,
	};
	struct strv wanted = { 0 }, offered = { 0 }, order = { 0 };
	struct status st = { 0 };
	char *got;
	bool ok;

	strv_split(&wanted, choices[_i].wanted, " ");
	strv_split(&offered, choices[_i].offered, " ");
	ok = mechanism_choose(&wanted, &offered, &login, &order, &st);
	got = join(&order);
	if (choices[_i].order != NULL) {
		ck_assert_msg(ok, "%s", st.text);
		ck_assert_str_eq(got, choices[_i].order);
	} else {
		ck_assert_msg(!ok, "chose %s", got);
		ck_assert_int_eq(st.sysexit, EX_UNAVAILABLE);
		ck_assert_int_eq(st.wait, WAIT_ACCOUNT);
		ck_assert_msg(strstr(st.text, choices[_i].why) != NULL, "\"%s\"", st.text);
	}
	free(got);
	strv_release(&wanted);
	strv_release(&offered);
	strv_release(&order);
}
END_TEST

START_TEST(every_mechanism_is_known_by_its_name)
{
	const char *const *names = mechanism_names();

	ck_assert_str_eq(names[0], "EXTERNAL");
	for (; *names != NULL; names++)
		ck_assert_ptr_nonnull(mechanism_find(*names));
	ck_assert_ptr_null(mechanism_find("ANONYMOUS"));
	ck_assert_str_eq(mechanism_wire_name("NTLMV1"), "NTLM");
	ck_assert_str_eq(mechanism_wire_name("PLAIN"), "PLAIN");
	ck_assert(mechanism_has("XOAUTH2", MECH_TOKEN) && !mechanism_has("PLAIN", MECH_TOKEN));
	ck_assert(!mechanism_has("GSSAPI", MECH_PASSWORD) && mechanism_has("NTLM", MECH_PASSWORD));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smtp/mechanism");
	TCase *tc = tcase_create("mechanism");

	tcase_add_loop_test(tc, choose, 0, COUNT_OF(choices));
	tcase_add_test(tc, every_mechanism_is_known_by_its_name);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
