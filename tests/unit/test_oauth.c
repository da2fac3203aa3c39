#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "smtp/oauth.h"
#include "unit.h"

typedef bool make_function(const struct oauth_login *l, struct buf *out, struct status *st);

static const struct {
	make_function *make;
	struct oauth_login login;
	const char *message;           /* NULL: refused ... */
	const char *why;               /* ... with this in the text */
} messages[] = {
	{ oauth_xoauth2, { "alice@example.org", "ya29.vF9dft4q", 13, NULL, 0 },
	  .message = "user=alice@example.org\1auth=Bearer ya29.vF9dft4q\1\1" },
	/* RFC 7628, 4.1 */
	{ oauth_bearer, { "user@example.com", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==", 42, "server.example.com", 143 },
	  .message = "n,a=user@example.com,\1host=server.example.com\1port=143\1"
	             "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\1\1" },
	{ oauth_bearer, { "a=b,c", "t", 1, NULL, 0 }, .message = "n,a=a=3Db=2Cc,\1auth=Bearer t\1\1" },
	{ oauth_xoauth2, { "al\1ice", "t", 1, NULL, 0 }, .why = "user has a control character" },
	{ oauth_bearer, { "alice", "t\1auth=x", 8, NULL, 0 }, .why = "no token has" },
	{ oauth_xoauth2, { "alice", "t\0t", 3, NULL, 0 }, .why = "no token has" },
	{ oauth_xoauth2, { "alice", "tökén", 7, NULL, 0 }, .why = "no token has" },
	{ oauth_xoauth2, { "alice", "", 0, NULL, 0 }, .why = "token is empty" },
};

START_TEST(message)
{
	struct status st = { 0 };
	struct buf out;
	bool ok;

	buf_init(&out, 1000);
	ok = messages[_i].make(&messages[_i].login, &out, &st);
	if (messages[_i].message != NULL) {
		ck_assert_msg(ok, "%s", st.text);
		ck_assert_str_eq(out.data, messages[_i].message);
	} else {
		ck_assert(!ok);
		ck_assert_int_eq(st.sysexit, EX_CONFIG);
		ck_assert_int_eq(st.wait, WAIT_ACCOUNT);
		ck_assert_msg(strstr(st.text, messages[_i].why) != NULL, "%s", st.text);
	}
	buf_wipe(&out);
}
END_TEST

static const struct {
	const char *json, *words;
} errors[] = {
	{ "{\"status\":\"invalid_token\",\"scope\":\"mail\"}",
	  "invalid_token (the token is expired, revoked or not for this)" },
	{ "{\"status\":\"401\",\"schemes\":\"Bearer\",\"scope\":\"https://mail.google.com/\"}",
	  "401 (the token is expired, revoked or not for this)" },
	{ "{ \"scope\" : \"x\" ,\r\n \"status\" : \"insufficient_scope\" }",
	  "insufficient_scope (the token does not cover sending mail)" },
	{ "{\"status\":\"something_new\"}", "something_new" },
	{ "{\"status\":\"\"}", "" },
	{ "{\"status\":\"a\1\x1b[31m\xff\"}", "a\\x01\\x1b[31m\\xff" },
	/* none of that kind */
	{ "", "" },
	{ "no \1 JSON", "no \\x01 JSON" },
	{ "{\"status\":401}", "{\"status\":401}" },
	{ "{\"status\":\"", "{\"status\":\"" },
	{ "{\"status\":", "{\"status\":" },
	{ "\"status\"", "\"status\"" },
};

START_TEST(error_in_words)
{
	size_t n = strlen(errors[_i].json);
	char *exact = malloc(n > 0 ? n : 1); /* so that a sanitizer sees a read behind the end */
	struct buf out;

	buf_init(&out, 1000);
	memcpy(exact, errors[_i].json, n);
	oauth_error(exact, n, &out);
	ck_assert_str_eq(out.data, errors[_i].words);
	free(exact);
	buf_release(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smtp/oauth");
	TCase *tc = tcase_create("oauth");

	tcase_add_loop_test(tc, message, 0, COUNT_OF(messages));
	tcase_add_loop_test(tc, error_in_words, 0, COUNT_OF(errors));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
