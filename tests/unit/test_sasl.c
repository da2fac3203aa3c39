#include <gsasl.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "net/tls.h"
#include "smtp/sasl.h"
#include "unit.h"

#include "../peer/ntlm_server.c"

/*
 * No TLS here: this one stands in for net/tls.  The stream's descriptor says
 * which binding the connection has.
 */
enum { LINE_TLS13 = 13, LINE_TLS12 = 12, LINE_NO_BINDING = 10 };

static const char exported[] = "exported, 32 octets of it, \1\2\3\4", unique[] = "twelve octet",
                  end_point[] = "a hash of the certificate";

bool tls_binding(const struct stream *s, enum tls_binding kind, struct buf *out)
{
	if (kind == TLS_BINDING_EXPORTER && s->fd == LINE_TLS13)
		buf_puts(out, exported);
	else if (kind == TLS_BINDING_UNIQUE && s->fd == LINE_TLS12)
		buf_puts(out, unique);
	else if (kind == TLS_BINDING_END_POINT && s->fd != LINE_NO_BINDING)
		buf_puts(out, end_point);
	else
		return false;
	return true;
}

/* --- choosing --- */

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
	ok = sasl_choose(&wanted, &offered, &login, &order, &st);
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
	const char *const *names = sasl_mechanisms();

	ck_assert_str_eq(names[0], "EXTERNAL");
	for (; *names != NULL; names++)
		ck_assert(sasl_knows(*names));
	ck_assert(!sasl_knows("ANONYMOUS"));
	ck_assert_str_eq(sasl_wire_name("NTLMV1"), "NTLM");
	ck_assert_str_eq(sasl_wire_name("PLAIN"), "PLAIN");
	ck_assert(sasl_is_token("XOAUTH2") && !sasl_is_token("PLAIN"));
	ck_assert(!sasl_needs_password("GSSAPI") && sasl_needs_password("NTLM"));
}
END_TEST

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

	tcase_add_loop_test(tc, choose, 0, COUNT_OF(choices));
	tcase_add_test(tc, every_mechanism_is_known_by_its_name);
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
