#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/un.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"
#include "script.h"
#include "smtp/session.h"
#include "unit.h"

/*
 * All that comes before the first message, but TLS, for which the cases in
 * tests/cases have a real peer.  On a Unix socket unless `tcp`.
 */
static const struct row {
	const char *behaviour;
	bool tcp, tls, tls_at_once, lmtp, no_name;
	const char *auth, *user, *password;      /* auth: words */
	const char *script;
	int sysexit;
	enum status_wait wait;
	const char *text;            /* what the failure says, behind "HOST: "; NULL: it succeeds */
	const char *logged_in;       /* with this mechanism */
	const char *trace;           /* must be there */
	int64_t timeout;             /* instead of TIMEOUT_MS */
} rows[] = {
	{
		.behaviour = "greeting and EHLO are enough without a login",
		.script = "S: 220-welcome\nS: 220 here\nC: EHLO client.example\nS: 250-hello\nS: 250 SIZE 10\n"
		          "C: QUIT\nS: 221 bye\nE:",
		.trace = "< 220-welcome\n< 220 here\n> EHLO client.example\n< 250-hello\n< 250 SIZE 10\n> QUIT\n< 221 bye\n",
	},
	{
		.behaviour = "without a name of its own it gives its address",
		.tcp = true,
		.no_name = true,
		.script = "S: 220 hi\nC: EHLO [127.0.0.1]\nS: 250 hello\nC: QUIT\nS: 221 bye\nE:",
	},
	{
		.behaviour = "HELO where EHLO is not known",
		.script = "S: 220 hi\nC: EHLO client.example\nS: 502 what\nC: HELO client.example\nS: 250 hello\n"
		          "C: QUIT\nS: 221 bye\nE:",
	},
	{
		.behaviour = "LMTP says LHLO",
		.lmtp = true,
		.script = "S: 220 hi\nC: LHLO client.example\nS: 250 hello\nC: QUIT\nS: 221 bye\nE:",
	},
	{
		.behaviour = "LMTP knows no HELO",
		.lmtp = true,
		.script = "S: 220 hi\nC: LHLO client.example\nS: 500 what\nC: QUIT\nS: 221 bye\nE:",
		.sysexit = EX_TEMPFAIL,
		.wait = WAIT_HOST,
		.text = "LHLO: 500 what",
	},
	{
		.behaviour = "no EHLO, but a login is wanted",
		.auth = "PLAIN",
		.script = "S: 220 hi\nC: EHLO client.example\nS: 502 what\nC: QUIT\nS: 221 bye\nE:",
		.sysexit = EX_UNAVAILABLE,
		.wait = WAIT_ACCOUNT,
		.text = "EHLO, without which there is neither STARTTLS nor AUTH: 502 what",
	},
	{
		.behaviour = "greeting 554: the next host may do",
		.script = "S: 554 no service\nC: QUIT\nS: 221 bye\nE:",
		.sysexit = EX_TEMPFAIL,
		.wait = WAIT_HOST,
		.text = "greeting: 554 no service",
	},
	{
		.behaviour = "greeting 421: no QUIT either",
		.script = "S: 421 busy\nE:",
		.sysexit = EX_TEMPFAIL,
		.wait = WAIT_HOST,
		.text = "greeting: 421 busy",
	},
	{
		.behaviour = "greeting 450",
		.script = "S: 450 busy\nC: QUIT\nS: 221 bye\nE:",
		.sysexit = EX_TEMPFAIL,
		.wait = WAIT_HOST,
		.text = "greeting: 450 busy",
	},
	{
		.behaviour = "no SMTP at all",
		.script = "S: SSH-2.0-OpenSSH_9.2\nE:",
		.sysexit = EX_PROTOCOL,
		.wait = WAIT_HOST,
		.text = "greeting: the server sent no SMTP reply: \"SSH-2.0-OpenSSH_9.2\"",
	},
	{
		.behaviour = "greeting 354 is none",
		.script = "S: 354 what\nE:",
		.sysexit = EX_PROTOCOL,
		.wait = WAIT_HOST,
		.text = "greeting: unexpected reply: 354 what",
	},
	{
		.behaviour = "hangs up before the greeting",
		.script = "",
		.sysexit = EX_TEMPFAIL,
		.wait = WAIT_HOST,
		.text = "greeting: connection closed by the server",
	},
	{
		.behaviour = "silence instead of a greeting",
		.script = "E:",
		.sysexit = EX_TEMPFAIL,
		.wait = WAIT_HOST,
		.text = "greeting: timed out",
		.timeout = 100,
	},
	{
		.behaviour = "STARTTLS is wanted and not offered",
		.tcp = true,
		.tls = true,
		.script = "S: 220 hi\nC: EHLO client.example\nS: 250 hello\nC: QUIT\nS: 221 bye\nE:",
		.sysexit = EX_UNAVAILABLE,
		.wait = WAIT_ACCOUNT,
		.text = "the server does not offer STARTTLS; if it speaks TLS at once (port 465) set "
		        "`tls_starttls off`, and only on a network that you trust `tls off`",
	},
	{
		.behaviour = "STARTTLS refused for now",
		.tcp = true,
		.tls = true,
		.script = "S: 220 hi\nC: EHLO client.example\nS: 250-hello\nS: 250 STARTTLS\nC: STARTTLS\nS: 454 later\n"
		          "C: QUIT\nS: 221 bye\nE:",
		.sysexit = EX_TEMPFAIL,
		.wait = WAIT_HOST,
		.text = "STARTTLS: 454 later",
	},
	{
		.behaviour = "text behind the reply to STARTTLS is not believed, and nothing is said any more",
		.tcp = true,
		.tls = true,
		.script = "S: 220 hi\nC: EHLO client.example\nS: 250-hello\nS: 250 STARTTLS\nC: STARTTLS\n"
		          "S: 220 go\r250 AUTH PLAIN\nE:",
		.sysexit = EX_TEMPFAIL,
		.wait = WAIT_HOST,
		.text = "text behind the reply to STARTTLS",
	},
	{
		.behaviour = "TLS is not asked for on a Unix socket",
		.tls = true,
		.script = "S: 220 hi\nC: EHLO client.example\nS: 250 hello\nC: QUIT\nS: 221 bye\nE:",
	},
	{
		.behaviour = "PLAIN with its initial response, and the trace does not show it",
		.auth = "PLAIN",
		.user = "alice",
		.password = "secret",
		.script = "S: 220 hi\nC: EHLO client.example\nS: 250-hello\nS: 250 AUTH PLAIN LOGIN\n"
		          "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==\nS: 235 ok\nC: QUIT\nS: 221 bye\nE:",
		.logged_in = "PLAIN",
		.trace = "> AUTH PLAIN ***\n< 235 ok\n",
	},
	{
		.behaviour = "challenges are answered, and the answers are not shown",
		.auth = "CRAM-MD5",
		.user = "tim",
		.password = "tanstaaftanstaaf",
		.script = "S: 220 hi\nC: EHLO client.example\nS: 250-hello\nS: 250 AUTH CRAM-MD5\n"
		          "C: AUTH CRAM-MD5\n"
		          "S: 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\n"
		          "C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\nS: 235 ok\nC: QUIT\nS: 221 bye\nE:",
		.logged_in = "CRAM-MD5",
		.trace = "> AUTH CRAM-MD5\n< 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\n> ***\n< 235 ok\n",
	},
	{
		.behaviour = "login refused: a named mechanism has one try, and its password is not shown",
		.auth = "PLAIN",
		.user = "alice",
		.password = "wrong",
		.script = "S: 220 hi\nC: EHLO client.example\nS: 250-hello\nS: 250 AUTH PLAIN LOGIN\n"
		          "C: AUTH PLAIN AGFsaWNlAHdyb25n\nS: 535 5.7.8 no, wrong\nC: QUIT\nS: 221 bye\nE:",
		.sysexit = EX_NOPERM,
		.wait = WAIT_ACCOUNT,
		.text = "login with PLAIN: 535 5.7.8 no, *****",
	},
	{
		.behaviour = "login refused: `auth on` tries the next strongest, once, and tells of the first",
		.auth = "ON",
		.user = "alice",
		.password = "wrong",
		.script = "S: 220 hi\nC: EHLO client.example\nS: 250-hello\nS: 250 AUTH LOGIN PLAIN CRAM-MD5\n"
		          "C: AUTH CRAM-MD5\nS: 334 PDFAeD4=\nN: 54\nS: 535 no cram\n"
		          "C: AUTH PLAIN AGFsaWNlAHdyb25n\nS: 535 no plain\nC: QUIT\nS: 221 bye\nE:",
		.sysexit = EX_NOPERM,
		.wait = WAIT_ACCOUNT,
		.text = "login with CRAM-MD5: 535 no cram",
	},
	{
		.behaviour = "a mechanism that the server does not want after all is no refusal",
		.auth = "ON",
		.user = "alice",
		.password = "wrong",
		.script = "S: 220 hi\nC: EHLO client.example\nS: 250-hello\nS: 250 AUTH LOGIN PLAIN CRAM-MD5\n"
		          "C: AUTH CRAM-MD5\nS: 504 5.7.4 unknown\n"
		          "C: AUTH PLAIN AGFsaWNlAHdyb25n\nS: 535 no plain\n"
		          "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: YWxpY2U=\nS: 535 no login\nC: QUIT\nS: 221 bye\nE:",
		.sysexit = EX_NOPERM,
		.wait = WAIT_ACCOUNT,
		.text = "login with PLAIN: 535 no plain",
	},
	{
		.behaviour = "no mechanism is left",
		.auth = "PLAIN",
		.user = "alice",
		.password = "x",
		.script = "S: 220 hi\nC: EHLO client.example\nS: 250-hello\nS: 250 AUTH PLAIN\n"
		          "C: AUTH PLAIN AGFsaWNlAHg=\nS: 504 no\nC: QUIT\nS: 221 bye\nE:",
		.sysexit = EX_UNAVAILABLE,
		.wait = WAIT_ACCOUNT,
		.text = "login with PLAIN: 504 no",
	},
	{
		.behaviour = "login put off",
		.auth = "PLAIN",
		.user = "alice",
		.password = "x",
		.script = "S: 220 hi\nC: EHLO client.example\nS: 250-hello\nS: 250 AUTH PLAIN\n"
		          "C: AUTH PLAIN AGFsaWNlAHg=\nS: 454 4.7.0 database down\nC: QUIT\nS: 221 bye\nE:",
		.sysexit = EX_TEMPFAIL,
		.wait = WAIT_HOST,
		.text = "login with PLAIN: 454 4.7.0 database down",
	},
	{
		.behaviour = "a refused token may have expired",
		.auth = "XOAUTH2",
		.user = "alice",
		.password = "t",
		.script = "S: 220 hi\nC: EHLO client.example\nS: 250-hello\nS: 250 AUTH XOAUTH2\n"
		          "C: AUTH XOAUTH2 dXNlcj1hbGljZQFhdXRoPUJlYXJlciB0AQE=\nS: 535 expired\nC: QUIT\nS: 221 bye\nE:",
		.sysexit = EX_TEMPFAIL,
		.wait = WAIT_ACCOUNT,
		.text = "login with XOAUTH2: 535 expired",
	},
	{
		.behaviour = "our side fails: the exchange is given up with a star",
		.auth = "SCRAM-SHA-256",
		.user = "alice",
		.password = "x",
		.script = "S: 220 hi\nC: EHLO client.example\nS: 250-hello\nS: 250 AUTH SCRAM-SHA-256\n"
		          "P: AUTH SCRAM-SHA-256 \nS: 334 bm9uc2Vuc2U=\nC: *\nS: 501 given up\nC: QUIT\nS: 221 bye\nE:",
		.sysexit = EX_TEMPFAIL,
		.wait = WAIT_HOST,
		.text = "SCRAM-SHA-256: the server's message makes no sense",
	},
	{
		.behaviour = "a server that does not prove itself is not believed",
		.auth = "SCRAM-SHA-256",
		.user = "alice",
		.password = "x",
		.script = "S: 220 hi\nC: EHLO client.example\nS: 250-hello\nS: 250 AUTH SCRAM-SHA-256\n"
		          "P: AUTH SCRAM-SHA-256 \nS: 235 welcome\nE:",
		.sysexit = EX_TEMPFAIL,
		.wait = WAIT_HOST,
		.text = "login with SCRAM-SHA-256: the server did not prove that it knows the password",
	},
};

enum { TIMEOUT_MS = 4000 };   /* a slow build under load still passes */

static void keep_trace(void *arg, char direction, const char *text)
{
	struct buf *b = arg;

	if (direction != TRACE_NOTE)
		buf_printf(b, "%c %s\n", direction, text);
}

/* A listening socket; its path, or 127.0.0.1 and port, into the account. */
static int listen_for(struct account *a, bool tcp)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t n = sizeof(in);
	int fd = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (tcp) {
		ck_assert(bind(fd, (struct sockaddr *)&in, sizeof(in)) == 0);
		getsockname(fd, (struct sockaddr *)&in, &n);
		a->port = ntohs(in.sin_port);
		strv_add(&a->hosts, "127.0.0.1");
	} else {
		snprintf(un.sun_path, sizeof(un.sun_path), "/tmp/mailchute-test.%d", (int)getpid());
		unlink(un.sun_path);
		ck_assert(bind(fd, (struct sockaddr *)&un, sizeof(un)) == 0);
		a->socket = alloc_copy(un.sun_path);
	}
	ck_assert(listen(fd, 1) == 0);
	return fd;
}

static void set_account(struct account *a, const struct row *r)
{
	*a = (struct account){
		.name = (char[]){ "test" },
		.lmtp = r->lmtp,
		.tls = r->tls || r->tls_at_once,
		.tls_starttls = !r->tls_at_once,
		.tls_certcheck = true,
		.user = alloc_copy(r->user),
		.password = alloc_copy(r->password),
		.domain = alloc_copy(r->no_name ? NULL : "client.example"),
		.timeout = r->timeout > 0 ? r->timeout : TIMEOUT_MS,
		.connect_timeout = TIMEOUT_MS,
	};
	if (r->auth != NULL)
		strv_split(&a->auth, r->auth, " ");
}

static void free_account(struct account *a)
{
	if (a->socket != NULL)
		unlink(a->socket);
	free(a->socket);
	free(a->user);
	free(a->password);
	free(a->domain);
	strv_release(&a->auth);
	strv_release(&a->hosts);
}

static void check_outcome(const struct row *r, bool ok, const struct session *s, const struct status *st)
{
	const char *said = s->host != NULL && str_starts(st->text, s->host) ? st->text + strlen(s->host) + 2 : "";

	ck_assert_msg(ok == (r->text == NULL), "%s: %s", r->behaviour, ok ? "success" : st->text);
	if (ok) {
		ck_assert_str_eq(s->auth, r->logged_in != NULL ? r->logged_in : "");
		return;
	}
	ck_assert_msg(strcmp(said, r->text) == 0, "%s: %s", r->behaviour, st->text);
	ck_assert_msg(st->sysexit == r->sysexit, "%s: exit %d", r->behaviour, st->sysexit);
	ck_assert_msg(st->wait == r->wait, "%s: wait %d", r->behaviour, (int)st->wait);
}

START_TEST(opens)
{
	const struct row *r = &rows[_i];
	struct config config;
	struct account account;
	struct smarthosts hosts;
	struct session session;
	struct status st;
	struct script server;
	struct buf seen;
	struct trace trace = { .line = keep_trace, .arg = &seen };
	int listener;
	bool ok;

	config_init(&config);
	set_account(&account, r);
	listener = listen_for(&account, r->tcp);
	server = script_start_on(listener, r->script);
	buf_init(&seen, 65536);
	smarthosts_init(&hosts);
	ck_assert(smarthosts_add(&hosts, &account, 0, deadline_in(30000), &st));
	ok = session_open(&session, &config, &account, &hosts.v[0], &trace, 0, &st);
	check_outcome(r, ok, &session, &st);
	session_close(&session);
	ck_assert_msg(script_ended_well(&server), "%s: the dialogue went another way", r->behaviour);
	if (r->trace != NULL)
		ck_assert_msg(strstr(seen.data, r->trace) != NULL, "%s:\n%s", r->behaviour, seen.data);
	buf_release(&seen);
	close(listener);
	smarthosts_release(&hosts);
	free_account(&account);
	config_release(&config);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smtp/session");
	TCase *tc = tcase_create("rows");

	tcase_add_loop_test(tc, opens, 0, COUNT_OF(rows));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
