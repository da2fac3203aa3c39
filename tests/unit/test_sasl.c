#include <gsasl.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "binding.h"
#include "smtp/sasl.h"
#include "unit.h"

#include "../peer/ntlm_server.c"

/* --- exchanges with gsasl's own servers --- */

static const struct exchange {
	const char *mechanism;
	const char *user, *password;
	const char *server_password;   /* NULL: the same */
	int tls;
	const char *initial;           /* what goes with AUTH; NULL: nothing; "?": something */
	bool refused;
} exchanges[] = {
	{ "PLAIN", "alice", "secret", .initial = "AGFsaWNlAHNlY3JldA==" },
	{ "PLAIN", "alice", "secret", "Secret", .initial = "?", .refused = true },
	{ "PLAIN", "alïce", "pass wörd \"☃\"", .initial = "?" },
	{ "LOGIN", "alice", .password = "pass wörd \"☃\"" },
	{ "LOGIN", "alice", "secret", "secre", .refused = true },
	{ "CRAM-MD5", "alice", .password = "pass wörd" },
	{ "CRAM-MD5", "alice", "secret", "other", .refused = true },
	{ "DIGEST-MD5", "alice", .password = "pass wörd" },
	{ "DIGEST-MD5", "alice", "secret", "other", .refused = true },
	{ "SCRAM-SHA-1", "alice", "secret", .initial = "?" },
	{ "SCRAM-SHA-256", "alice", "pass wörd \"☃\"", .initial = "?" },
	{ "SCRAM-SHA-256", "al=i,ce", "secret", .initial = "?" },
	{ "SCRAM-SHA-256", "alice", "secret", "other", .initial = "?", .refused = true },
	/* with a binding at hand the plain form still goes without */
	{ "SCRAM-SHA-256", "alice", "secret", .tls = LINE_TLS13, .initial = "?" },
	{ "SCRAM-SHA-256-PLUS", "alice", "secret", .tls = LINE_TLS13, .initial = "?" },
	{ "SCRAM-SHA-1-PLUS", "alice", "secret", .tls = LINE_TLS12, .initial = "?" },
	{ "EXTERNAL", "alice", NULL, .initial = "YWxpY2U=" },
	{ "EXTERNAL", NULL, NULL, .initial = "=" },
};

struct dialogue {
	const struct exchange *row;
	const char *binding;           /* what the server's end of the line says it is */
	Gsasl *library;
	Gsasl_session *server;
	struct stream line;
	struct sasl_login login;
	struct sasl *client;
	struct buf message;
};

static int give(Gsasl_session *session, Gsasl_property property, const char *value)
{
	return value != NULL ? gsasl_property_set(session, property, value) : GSASL_NO_CALLBACK;
}

static int give_binding(Gsasl_session *session, Gsasl_property property, const char *value)
{
	char *text = NULL;
	int rc;

	gsasl_base64_to(value, strlen(value), &text, NULL);
	rc = give(session, property, text);
	gsasl_free(text);
	return rc;
}

static bool same_or_none(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static int serve_callback(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
	const struct dialogue *d = gsasl_callback_hook_get(library);
	const struct exchange *row = d->row;

	switch ((int)property) {
	case GSASL_PASSWORD:
		return give(session, property,
		            row->server_password != NULL ? row->server_password : row->password);
	case GSASL_VALIDATE_EXTERNAL:
		return same_or_none(gsasl_property_fast(session, GSASL_AUTHZID), row->user)
			? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
	case GSASL_CB_TLS_EXPORTER:
		return row->tls == LINE_TLS13 ? give_binding(session, property, d->binding)
		                              : GSASL_NO_CALLBACK;
	case GSASL_CB_TLS_UNIQUE:
		return row->tls == LINE_TLS12 ? give_binding(session, property, d->binding)
		                              : GSASL_NO_CALLBACK;
	case GSASL_REALM:
	case GSASL_HOSTNAME:
		return give(session, property, "mail.example.org");
	case GSASL_SERVICE:
		return give(session, property, "smtp");
	default:
		return GSASL_NO_CALLBACK;
	}
}

static void dialogue_open(struct dialogue *d, const struct exchange *row)
{
	struct status st = { 0 };

	*d = (struct dialogue){
		.row = row,
		.binding = row->tls == LINE_TLS13 ? exported : unique,
		.line = { .fd = row->tls },
		.login = { .user = row->user, .password = row->password,
			.password_len = row->password != NULL ? strlen(row->password) : 0,
			.host = "mail.example.org", .client_certificate = true, .protected_line = true },
	};
	d->login.stream = row->tls ? &d->line : NULL;
	buf_init(&d->message, 20000);
	ck_assert_int_eq(gsasl_init(&d->library), GSASL_OK);
	gsasl_callback_hook_set(d->library, d);
	gsasl_callback_set(d->library, serve_callback);
	ck_assert_int_eq(gsasl_server_start(d->library, row->mechanism, &d->server), GSASL_OK);
	d->client = sasl_start(row->mechanism, &d->login, &st);
	ck_assert_msg(d->client != NULL, "%s", st.text);
}

static void dialogue_close(struct dialogue *d)
{
	sasl_free(d->client);
	gsasl_finish(d->server);
	gsasl_done(d->library);
	buf_wipe(&d->message);
}

/* The server takes our line: GSASL_NEEDS_MORE is its 334, GSASL_OK its 235. */
static int serve_line(struct dialogue *d, char **challenge)
{
	const char *line = d->message.data;

	gsasl_free(*challenge);
	*challenge = NULL;
	return gsasl_step64(d->server, strcmp(line, "=") == 0 ? "" : line, challenge);
}

static void answer(struct dialogue *d, const char *challenge)
{
	struct status st = { 0 };

	buf_reset(&d->message);
	ck_assert_msg(sasl_step(d->client, challenge != NULL ? challenge : "", &d->message, &st),
	              "%s", st.text);
}

/* As SMTP carries it: true for 235. */
static bool converse(struct dialogue *d, bool has_initial)
{
	char *challenge = NULL;
	int rc = GSASL_NEEDS_MORE;

	if (has_initial)
		rc = serve_line(d, &challenge);
	else if (gsasl_step64(d->server, NULL, &challenge) == GSASL_OK)
		return true;
	for (; rc == GSASL_NEEDS_MORE; rc = serve_line(d, &challenge))
		answer(d, challenge);
	/* Data that comes with success goes out in a 334 of its own. */
	if (rc == GSASL_OK && challenge != NULL && *challenge != '\0')
		answer(d, challenge);
	gsasl_free(challenge);
	return rc == GSASL_OK;
}

START_TEST(exchange)
{
	const struct exchange *row = &exchanges[_i];
	struct status st = { 0 };
	struct dialogue d;
	bool has;

	dialogue_open(&d, row);
	ck_assert(sasl_initial(d.client, &d.message, &has, &st));
	ck_assert_int_eq(has, row->initial != NULL);
	if (has && strcmp(row->initial, "?") != 0)
		ck_assert_str_eq(d.message.data, row->initial);
	ck_assert_int_eq(converse(&d, has), !row->refused);
	if (!row->refused)
		ck_assert(sasl_finished(d.client));
	dialogue_close(&d);
}
END_TEST

/* The server sees another TLS session: somebody stands between. */
START_TEST(scram_plus_notices_another_line)
{
	static const struct exchange row = { "SCRAM-SHA-256-PLUS", "alice", "secret", .tls = LINE_TLS13 };
	struct status st = { 0 };
	struct dialogue d;
	bool has;

	dialogue_open(&d, &row);
	d.binding = "something else";
	ck_assert(sasl_initial(d.client, &d.message, &has, &st));
	ck_assert(!converse(&d, has));
	dialogue_close(&d);
}
END_TEST

/* --- what servers say against us, or do wrong --- */

static const struct {
	const char *mechanism;
	const char *challenges[3];
	const char *answer;           /* to the last one; NULL: it fails ... */
	const char *why;              /* ... with this in the text */
	const char *server_error;
} oddities[] = {
	{ "PLAIN", { "AAAA" }, .why = "does not come to an end" },
	{ "LOGIN", { "what's your name?" }, .answer = "YWxpY2U=" },
	{ "LOGIN", { "", "UGFzc3dvcmQ6" }, .answer = "c2VjcmV0" },
	{ "LOGIN", { "", "Password:" }, .why = "not base64" },
	{ "LOGIN", { "", "UGFzc3dvcmQ6", "TW9yZQ==" }, .why = "does not come to an end" },
	{ "CRAM-MD5", { "!" }, .why = "not base64" },
	{ "DIGEST-MD5", { "bm9uc2Vuc2U=" }, .why = "makes no sense" },
	{ "SCRAM-SHA-256", { "cj1ub25zZW5zZQ==" }, .why = "makes no sense" },
	{ "SCRAM-SHA-256", { "ZT1pbnZhbGlkLXByb29m" }, .answer = "", .server_error = "invalid-proof" },
	{ "SCRAM-SHA-256", { "ZT0BG1s=" }, .answer = "", .server_error = "\\x01\\x1b[" },
	{ "NTLM", { "", "" }, .why = "NTLM: the server's challenge makes no sense" },
	{ "NTLM", { "", "TlRMTVNTUAA=" }, .why = "NTLM: the server's challenge makes no sense" },
	/* {"status":"401"}, to which one answers nothing and the other %x01 */
	{ "XOAUTH2", { "eyJzdGF0dXMiOiI0MDEifQ==" }, .answer = "",
	  .server_error = "401 (the token is expired, revoked or not for this)" },
	{ "OAUTHBEARER", { "eyJzdGF0dXMiOiI0MDEifQ==" }, .answer = "AQ==",
	  .server_error = "401 (the token is expired, revoked or not for this)" },
	{ "XOAUTH2", { "eyJzdGF0dXMiOiI0MDEifQ==", "" }, .why = "does not come to an end" },
};

static struct sasl *start(const char *mechanism, const struct sasl_login *login)
{
	struct status st = { 0 };
	struct sasl *x = sasl_start(mechanism, login, &st);

	ck_assert_msg(x != NULL, "%s", st.text);
	return x;
}

START_TEST(odd_servers)
{
	struct sasl_login login = { .user = "alice", .password = "secret", .password_len = 6,
		.host = "mail.example.org", .protected_line = true };
	struct sasl *x = start(oddities[_i].mechanism, &login);
	struct status st = { 0 };
	struct buf out;
	bool has, ok = true;

	buf_init(&out, 20000);
	ck_assert(sasl_initial(x, &out, &has, &st));
	for (size_t i = 0; i < 3 && oddities[_i].challenges[i] != NULL; i++) {
		ck_assert_msg(ok, "%s", st.text);
		buf_reset(&out);
		ok = sasl_step(x, oddities[_i].challenges[i], &out, &st);
	}
	ck_assert_int_eq(ok, oddities[_i].answer != NULL);
	if (ok) {
		ck_assert_str_eq(out.data, oddities[_i].answer);
	} else {
		ck_assert_msg(strstr(st.text, oddities[_i].why) != NULL, "\"%s\"", st.text);
		ck_assert_int_eq(st.sysexit, EX_TEMPFAIL);
		ck_assert_int_eq(st.wait, WAIT_HOST);
	}
	if (oddities[_i].server_error != NULL) {
		ck_assert_str_eq(sasl_server_error(x), oddities[_i].server_error);
		ck_assert(!sasl_finished(x));
	}
	buf_wipe(&out);
	sasl_free(x);
}
END_TEST

/* 235 before the server has shown that it knows the password. */
START_TEST(scram_is_not_finished_before_the_server_is_proved)
{
	struct sasl_login login = { .user = "alice", .password = "secret", .password_len = 6 };
	struct sasl *x = start("SCRAM-SHA-256", &login);

	ck_assert(!sasl_finished(x));
	sasl_free(x);
}
END_TEST

static const struct {
	const char *mechanism, *user, *password;
	size_t password_len;
	const char *why;
} refusals[] = {
	{ "PLAIN", NULL, "secret", 6, "PLAIN needs a user" },
	{ "SCRAM-SHA-1", "alice", NULL, 0, "SCRAM-SHA-1 needs a password" },
	{ "PLAIN", "alice", "se\0ret", 6, "NUL" },
	{ "SCRAM-SHA-256", "al\xff", "secret", 6, "UTF-8" },
	{ "ANONYMOUS", "alice", "secret", 6, "no such login mechanism" },
	{ "XOAUTH2", "alice", "tok\1en", 6, "no token has" },
};

START_TEST(cannot_start)
{
	struct sasl_login login = { .user = refusals[_i].user, .password = refusals[_i].password,
		.password_len = refusals[_i].password_len };
	struct status st = { 0 };

	ck_assert_ptr_null(sasl_start(refusals[_i].mechanism, &login, &st));
	ck_assert_int_eq(st.sysexit, EX_CONFIG);
	ck_assert_int_eq(st.wait, WAIT_ACCOUNT);
	ck_assert_msg(strstr(st.text, refusals[_i].why) != NULL, "\"%s\"", st.text);
}
END_TEST

/* --- NTLM, which gsasl has no server for --- */

static const struct {
	const char *mechanism;
	const char *first_334;
	int line;
	unsigned rules;
	bool accepted;
} ntlm_logins[] = {
	{ "NTLM", "ntlm supported", LINE_TLS13, NTLM_SERVER_NEED_BINDINGS, true },
	{ "NTLM", "", LINE_TLS12, NTLM_SERVER_NEED_BINDINGS, true },
	{ "NTLM", "", 0, 0, true },
	{ "NTLM", "", 0, NTLM_SERVER_NEED_BINDINGS, false },
	{ "NTLM", "NTLM supported", LINE_TLS13, NTLM_SERVER_NO_INFO, true },
	{ "NTLMV1", "NTLM supported", LINE_TLS13, 0, false },
	{ "NTLMV1", "NTLM supported", LINE_TLS13, NTLM_SERVER_V1, true },
};

static void decode(struct buf *b)
{
	char *octets = NULL;
	size_t n;

	ck_assert_int_eq(gsasl_base64_from(b->data, b->len, &octets, &n), GSASL_OK);
	buf_reset(b);
	buf_add(b, octets, n);
	gsasl_free(octets);
}

static void step(struct sasl *x, const char *challenge, struct buf *out)
{
	struct status st = { 0 };

	buf_reset(out);
	ck_assert_msg(sasl_step(x, challenge, out, &st), "%s", st.text);
	decode(out);
}

START_TEST(ntlm_login)
{
	struct stream line = { .fd = ntlm_logins[_i].line };
	struct sasl_login login = { .user = "EXAMPLE\\alice", .password = "pass wörd", .password_len = 10,
		.host = "mail.example.org", .stream = ntlm_logins[_i].line ? &line : NULL };
	struct sasl *x = start(ntlm_logins[_i].mechanism, &login);
	struct ntlm_server server;
	struct status st = { 0 };
	struct buf out, challenge;
	char *text = NULL;
	bool has;

	buf_init(&out, 20000);
	buf_init(&challenge, 20000);
	ntlm_server_init(&server);
	server.rules = ntlm_logins[_i].rules;
	server.user = login.user;
	server.password = login.password;
	server.end_point = end_point;
	server.end_point_len = strlen(end_point);
	ck_assert(sasl_initial(x, &out, &has, &st) && !has);
	step(x, ntlm_logins[_i].first_334, &out);
	ck_assert(ntlm_server_challenge(&server, out.data, out.len, &challenge));
	gsasl_base64_to(challenge.data, challenge.len, &text, NULL);
	step(x, text, &out);
	ck_assert_msg(ntlm_server_verify(&server, out.data, out.len) == ntlm_logins[_i].accepted,
	              "%s", server.why);
	ck_assert(sasl_finished(x));
	gsasl_free(text);
	ntlm_server_release(&server);
	buf_release(&challenge);
	buf_wipe(&out);
	sasl_free(x);
}
END_TEST

/* libgssapi_krb5 keeps sixteen octets of a context that it could not make. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libgssapi_krb5";
}

/* The session goes on to the next mechanism. */
START_TEST(gssapi_without_a_ticket_cannot_start)
{
	struct sasl_login login = { .user = "alice", .host = "mail.example.org" };
	struct status st = { 0 };

	setenv("KRB5CCNAME", "FILE:/nonexistent/ticket", 1);
	ck_assert_ptr_null(sasl_start("GSSAPI", &login, &st));
	ck_assert_int_eq(st.sysexit, EX_UNAVAILABLE);
	ck_assert_int_eq(st.wait, WAIT_ACCOUNT);
	ck_assert_msg(strstr(st.text, "no Kerberos ticket") != NULL, "\"%s\"", st.text);
}
END_TEST

/* RFC 4954, 4: then the first 334 asks for it. */
START_TEST(a_long_initial_response_waits)
{
	char password[400];
	struct sasl_login login = { .user = "alice", .password = password, .password_len = sizeof(password) };
	struct status st = { 0 };
	struct sasl *x;
	struct buf out;
	bool has;

	memset(password, 'x', sizeof(password));
	buf_init(&out, 20000);
	x = start("PLAIN", &login);
	ck_assert(sasl_initial(x, &out, &has, &st));
	ck_assert(!has);
	ck_assert_uint_eq(out.len, 0);
	ck_assert(sasl_step(x, "", &out, &st));
	ck_assert_uint_eq(out.len, (1 + 5 + 1 + 400 + 2) / 3 * 4);
	buf_wipe(&out);
	sasl_free(x);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smtp/sasl");
	TCase *tc = tcase_create("sasl");

	tcase_add_loop_test(tc, exchange, 0, COUNT_OF(exchanges));
	tcase_add_test(tc, scram_plus_notices_another_line);
	tcase_add_loop_test(tc, odd_servers, 0, COUNT_OF(oddities));
	tcase_add_test(tc, scram_is_not_finished_before_the_server_is_proved);
	tcase_add_loop_test(tc, cannot_start, 0, COUNT_OF(refusals));
	tcase_add_loop_test(tc, ntlm_login, 0, COUNT_OF(ntlm_logins));
	tcase_add_test(tc, gssapi_without_a_ticket_cannot_start);
	tcase_add_test(tc, a_long_initial_response_waits);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
