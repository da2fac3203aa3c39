#include "smtp/login.h"

#include "base/str.h"
#include "smtp/mechanism.h"

#include <stdio.h>

enum { SECRET_MAX = 64 * 1024, ANSWER_MAX = 64 * 1024 };

/* What came of trying one mechanism. */
enum outcome {
	LOGIN_DONE,
	LOGIN_REFUSED,        /* the server does not like our name or password */
	LOGIN_IMPOSSIBLE,     /* not with this mechanism: the next one may do */
	LOGIN_BROKEN,         /* nothing more can be learnt here */
};

struct attempt {
	struct session *s;
	const char *mechanism;
	struct sasl *sasl;
	struct buf answer;    /* secret */
};

/* "AUTH MECHANISM [initial response]"; what follows the name is masked. */
static bool send_auth(struct attempt *t, struct status *st)
{
	struct buf line;
	size_t shown;
	bool has = false, ok;

	if (!sasl_initial(t->sasl, &t->answer, &has, st))
		return false;
	buf_init(&line, ANSWER_MAX);
	buf_printf(&line, "AUTH %s%s", mechanism_wire_name(t->mechanism), has ? " " : "");
	shown = line.len;
	buf_puts(&line, has ? t->answer.data : "");
	ok = session_secret(t->s, line.data, shown, st);
	buf_wipe(&line);
	return ok;
}

/* RFC 4954, 4: a lone "*" gives up.  The reason stays ours, whatever the server says to it. */
static void cancel(struct session *s)
{
	struct status ignored;

	(void)session_ask(s, &ignored, "*");
}

/* Answer challenges until the server has decided. */
static bool converse(struct attempt *t, struct status *st)
{
	for (;;) {
		if (!session_reply(t->s, st))
			return status_during(st, "login with %s", t->mechanism);
		if (t->s->reply.code != 334)
			return true;
		buf_reset(&t->answer);
		if (!sasl_step(t->sasl, t->s->reply.text.data, &t->answer, st)
		    || !session_secret(t->s, t->answer.data, 0, st)) {
			cancel(t->s);
			return false;
		}
	}
}

static enum outcome accepted(struct attempt *t, struct status *st)
{
	if (sasl_finished(t->sasl)) {
		snprintf(t->s->auth, sizeof(t->s->auth), "%s", mechanism_wire_name(t->mechanism));
		return LOGIN_DONE;
	}
	t->s->usable = false;
	status_defer(st, WAIT_HOST, EX_TEMPFAIL, "the server did not prove that it knows the password");
	return LOGIN_BROKEN;
}

/* Replies that speak of the mechanism, not of the login: RFC 4954, 4 and 6; RFC 5321, 4.2.2. */
static bool concerns_mechanism(int code)
{
	return code == 500 || code == 502 || code == 504 || code == 538;
}

static enum outcome refused(struct attempt *t, struct status *st)
{
	const char *error = sasl_server_error(t->sasl);

	if (!session_answered(t->s, 5)) {
		session_refused(t->s, WAIT_HOST, EX_TEMPFAIL, st);
		return LOGIN_BROKEN;
	}
	if (concerns_mechanism(t->s->reply.code)) {
		session_refused(t->s, WAIT_ACCOUNT, EX_UNAVAILABLE, st);
		return LOGIN_IMPOSSIBLE;
	}
	/* A token may only be expired. */
	session_refused(t->s, WAIT_ACCOUNT,
	                mechanism_has(t->mechanism, MECH_TOKEN) ? EX_TEMPFAIL : EX_NOPERM, st);
	status_advise(st, mechanism_has(t->mechanism, MECH_TOKEN)
	                  ? "get a new token: the one that was used has expired, or was given for something else"
	                  : "correct `user` and the password; many providers want one made for programs");
	if (*error != '\0')
		status_during(st, "%s", error);
	return LOGIN_REFUSED;
}

static enum outcome decided(struct attempt *t, struct status *st)
{
	enum outcome outcome = session_answered(t->s, 2) ? accepted(t, st) : refused(t, st);

	if (outcome != LOGIN_DONE)
		status_during(st, "login with %s", t->mechanism);
	return outcome;
}

static enum outcome try_mechanism(struct session *s, const char *mechanism,
                                  const struct sasl_login *login, struct status *st)
{
	struct attempt t = { .s = s, .mechanism = mechanism };
	enum outcome outcome = LOGIN_IMPOSSIBLE;

	t.sasl = sasl_start(mechanism, login, st);
	buf_init(&t.answer, ANSWER_MAX);
	s->secrets[0] = &t.answer;
	s->hide_challenges = mechanism_has(mechanism, MECH_GUESSABLE);
	if (t.sasl != NULL && send_auth(&t, st))
		outcome = converse(&t, st) ? decided(&t, st) : LOGIN_BROKEN;
	s->secrets[0] = NULL;
	buf_wipe(&t.answer);
	sasl_free(t.sasl);
	return outcome;
}

/* Fetch the password when the first mechanism asks for it. */
static bool have_secret(struct session *s, const char *mechanism, struct buf *secret,
                        struct sasl_login *login, struct status *st)
{
	if (login->password != NULL || !mechanism_has(mechanism, MECH_PASSWORD))
		return true;
	if (!secret_get(s->config, s->account, s->host, secret, st))
		return false;
	login->password = secret->data;
	login->password_len = secret->len;
	return true;
}

/* How many refusals end it: SPEC.md, `auth`. */
static size_t patience(const struct session *s, const struct strv *order)
{
	return strv_has(&s->account->auth, "ON") ? 2 : order->len;
}

/* Never what it is: where it comes from. */
static const char *secret_origin(const struct account *a)
{
	return a->password != NULL ? "password" : a->password_file != NULL ? a->password_file
	       : a->passwordeval != NULL ? "passwordeval" : "netrc";
}

static void trace_order(const struct session *s, const struct strv *order)
{
	struct buf names;

	buf_init(&names, 400);
	for (size_t i = 0; i < order->len; i++)
		buf_printf(&names, "%s%s", i > 0 ? ", then " : "", order->v[i]);
	trace_detail(s->trace, "login as %s with %s; the password is from %s",
	             s->account->user != NULL ? s->account->user : "nobody", names.data, secret_origin(s->account));
	buf_release(&names);
}

static bool try_in_turn(struct session *s, const struct strv *order, struct buf *secret,
                        struct sasl_login *login, struct status *st)
{
	struct status refusal;
	size_t refusals = 0;

	trace_order(s, order);
	for (size_t i = 0; i < order->len; i++) {
		enum outcome outcome = LOGIN_BROKEN;

		if (have_secret(s, order->v[i], secret, login, st))
			outcome = try_mechanism(s, order->v[i], login, st);
		if (outcome == LOGIN_DONE)
			return true;
		if (outcome == LOGIN_REFUSED && refusals++ == 0)
			refusal = *st;
		if (outcome == LOGIN_BROKEN || refusals == patience(s, order))
			break;
	}
	if (refusals > 0)
		*st = refusal;
	return false;
}

struct sasl_login login_facts(const struct session *s)
{
	const struct account *a = s->account;
	bool tls = tls_is_on(&s->stream);

	return (struct sasl_login){
		.user = a->user,
		.ntlm_domain = a->ntlmdomain,
		.host = a->socket == NULL ? s->host : "localhost",
		.port = s->port,
		.stream = tls ? &s->stream : NULL,
		.client_certificate = s->tls.client_certificate,
		.protected_line = tls || a->socket != NULL,
	};
}

bool login(struct session *s, struct status *st)
{
	const struct account *a = s->account;
	struct sasl_login with = login_facts(s);
	struct strv order;
	struct buf secret;
	bool ok;

	if (a->auth.len == 0)
		return true;
	strv_init(&order);
	buf_init(&secret, SECRET_MAX);
	s->secrets[1] = &secret;
	ok = mechanism_choose(&a->auth, &s->ehlo.mechanisms, &with, &order, st)
	     && try_in_turn(s, &order, &secret, &with, st);
	s->secrets[1] = NULL;
	buf_wipe(&secret);
	strv_release(&order);
	return ok;
}
