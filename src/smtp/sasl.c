#include "smtp/sasl.h"

#include "base/alloc.h"
#include "base/str.h"
#include "compat.h"
#include "net/tls.h"
#include "smtp/mechanism.h"
#include "smtp/ntlm.h"
#include "smtp/oauth.h"

#include <gsasl.h>
#include <gsasl-mech.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE_MAX = 12288 }; /* RFC 4954, 4: of a message in base64 */

/* A mechanism that gsasl lacks: its answer to `in`, and whether the server may say more. */
typedef bool speak_function(struct sasl *x, const char *in, size_t n, struct buf *out, bool *more,
                            struct status *st);

struct sasl {
	const struct mechanism *mechanism;
	const struct sasl_login *login;
	Gsasl *library;
	Gsasl_session *session;
	int rc;                    /* of the last step: GSASL_NEEDS_MORE or GSASL_OK */
	struct buf first;          /* the first message in base64, until it is sent */
	bool first_waits;
	struct buf server_error;

	/* For mechanisms of ours. */
	speak_function *speak;     /* NULL: it is gsasl's */
	unsigned round;            /* how many messages were made */
	struct status *failure;    /* where they say why, while gsasl runs */
	struct buf negotiate;      /* NTLM's first message, which its last one covers */
};

/* What gsasl's failures mean to us. */
static const struct meaning {
	int rc;
	int sysexit;
	enum status_wait wait;
	const char *words;
} meanings[] = {
	{ GSASL_UNKNOWN_MECHANISM, EX_UNAVAILABLE, WAIT_ACCOUNT, "the SASL library was built without it" },
	{ GSASL_NO_CLIENT_CODE, EX_UNAVAILABLE, WAIT_ACCOUNT, "the SASL library was built without it" },
	{ GSASL_SASLPREP_ERROR, EX_CONFIG, WAIT_ACCOUNT,
	  "user or password has characters that it cannot carry (is it UTF-8?)" },
	{ GSASL_AUTHENTICATION_ERROR, EX_TEMPFAIL, WAIT_HOST,
	  "the server could not prove that it is the right one" },
	{ GSASL_MECHANISM_PARSE_ERROR, EX_TEMPFAIL, WAIT_HOST, "the server's message makes no sense" },
	{ GSASL_GSSAPI_INIT_SEC_CONTEXT_ERROR, EX_UNAVAILABLE, WAIT_ACCOUNT, "no Kerberos ticket (kinit)" },
};

static bool fail(const struct sasl *x, int rc, struct status *st)
{
	if (rc == GSASL_MALLOC_ERROR)
		alloc_failed();
	for (size_t i = 0; i < COUNT_OF(meanings); i++)
		if (meanings[i].rc == rc)
			return status_defer(st, meanings[i].wait, meanings[i].sysexit, "%s: %s",
			                    x->mechanism->name, meanings[i].words);
	return status_defer(st, WAIT_HOST, EX_TEMPFAIL, "%s: %s", x->mechanism->name,
	                    gsasl_strerror(rc));
}

static bool too_long(const struct sasl *x, struct status *st)
{
	return status_defer(st, WAIT_ACCOUNT, EX_CONFIG, "%s: the answer is too long", x->mechanism->name);
}

/* gsasl's own copy; it does not wipe it. */
static void wipe_property(Gsasl_session *session, Gsasl_property property)
{
	const char *value = gsasl_property_fast(session, property);

	if (value != NULL)
		explicit_bzero((char *)value, strlen(value));
}

static void wipe_output(char *p, size_t n)
{
	if (p == NULL)
		return;
	explicit_bzero(p, n);
	gsasl_free(p);
}

static void add_base64(struct buf *out, const char *p, size_t n)
{
	char *text = NULL;
	size_t len;

	if (gsasl_base64_to(p, n, &text, &len) != GSASL_OK)
		alloc_failed();
	buf_add(out, text, len);
	wipe_output(text, len);
}

/* --- mechanisms of ours, as gsasl calls them --- */

enum { OURS_FAILED = -1 };   /* with the reason in x->failure */

/* Registered as this, as gsasl lets nobody replace a mechanism that it has. */
static const char ours[] = "MAILCHUTE";

static int step_ours(Gsasl_session *session, void *unused, const char *in, size_t n,
                     char **answer, size_t *answer_len)
{
	struct sasl *x = gsasl_session_hook_get(session);
	struct buf out;
	bool ok, more = false;

	(void)unused;
	buf_init(&out, MESSAGE_MAX);
	ok = x->speak(x, in, n, &out, &more, x->failure)
	     && (buf_ok(&out) || too_long(x, x->failure));
	x->round++;
	if (!ok) {
		buf_wipe(&out);
		return OURS_FAILED;
	}
	*answer_len = out.len;
	*answer = buf_detach(&out);
	return more ? GSASL_NEEDS_MORE : GSASL_OK;
}

static uint64_t filetime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return ((uint64_t)now.tv_sec + 11644473600u) * 10000000u + (uint64_t)now.tv_nsec / 100u;
}

/* The host's short name, as Windows would say it: logs of domain controllers show it. */
static void workstation_name(char *name, size_t size)
{
	if (gethostname(name, size) != 0)
		*name = '\0';
	name[size - 1] = '\0';
	name[strcspn(name, ".")] = '\0';
	for (; *name != '\0'; name++)
		if (*name >= 'a' && *name <= 'z')
			*name = (char)(*name - 'a' + 'A');
}

static bool ntlm_message(struct sasl *x, const struct ntlm_login *login, const char *in, size_t n,
                         struct buf *out, struct status *st)
{
	if (x->round > 0)
		return ntlm_authenticate(login, &x->negotiate, in, n, out, st);
	ntlm_negotiate(login, &x->negotiate);
	buf_add(out, x->negotiate.data, x->negotiate.len);
	return true;
}

static bool speak_ntlm(struct sasl *x, const char *in, size_t n, struct buf *out, bool *more,
                       struct status *st)
{
	const struct sasl_login *login = x->login;
	char workstation[256], *target = login->host != NULL ? alloc_printf("SMTP/%s", login->host) : NULL;
	struct buf end_point;
	struct ntlm_login l = {
		.user = login->user, .domain = login->ntlm_domain,
		.password = login->password, .password_len = login->password_len,
		.workstation = workstation, .target = target, .now = filetime(),
		.v1 = strcmp(x->mechanism->name, "NTLMV1") == 0,
	};
	bool ok;

	buf_init(&end_point, 1024);
	workstation_name(workstation, sizeof(workstation));
	if (login->stream != NULL && tls_binding(login->stream, TLS_BINDING_END_POINT, &end_point)) {
		l.end_point = end_point.data;
		l.end_point_len = end_point.len;
	}
	*more = x->round == 0;
	ok = gsasl_nonce((char *)l.nonce, sizeof(l.nonce)) == GSASL_OK
	     ? ntlm_message(x, &l, in, n, out, st)
	     : status_fail(st, EX_TEMPFAIL, "NTLM: no random numbers");
	buf_release(&end_point);
	free(target);
	return ok;
}

/*
 * After the token comes 235, or an error in JSON that wants an answer before the
 * server says 535 to it.
 */
static bool speak_token(struct sasl *x, const char *in, size_t n,
                        bool (*make)(const struct oauth_login *, struct buf *, struct status *),
                        const char *answer_to_error, struct buf *out, bool *more, struct status *st)
{
	const struct sasl_login *login = x->login;
	const struct oauth_login l = {
		.user = login->user, .token = login->password, .token_len = login->password_len,
		.host = login->host, .port = login->port,
	};

	*more = x->round == 0;
	if (x->round == 0)
		return make(&l, out, st);
	oauth_error(in, n, &x->server_error);
	buf_puts(out, answer_to_error);
	return true;
}

static bool speak_xoauth2(struct sasl *x, const char *in, size_t n, struct buf *out, bool *more,
                          struct status *st)
{
	return speak_token(x, in, n, oauth_xoauth2, "", out, more, st);
}

static bool speak_oauthbearer(struct sasl *x, const char *in, size_t n, struct buf *out, bool *more,
                              struct status *st)
{
	return speak_token(x, in, n, oauth_bearer, "\1", out, more, st);   /* RFC 7628, 3.2.3 */
}

static speak_function *speaker(const char *mechanism)
{
	static const struct {
		const char *wire;
		speak_function *speak;
	} speakers[] = {
		{ "NTLM", speak_ntlm },
		{ "XOAUTH2", speak_xoauth2 },
		{ "OAUTHBEARER", speak_oauthbearer },
	};

	for (size_t i = 0; i < COUNT_OF(speakers); i++)
		if (strcmp(mechanism, speakers[i].wire) == 0)
			return speakers[i].speak;
	return NULL;
}

static int start_session(struct sasl *x)
{
	static const Gsasl_mechanism mechanism = { .name = ours, .client = { .step = step_ours } };
	bool is_ours = x->speak != NULL;
	int rc = gsasl_init(&x->library);

	if (rc == GSASL_OK && is_ours)
		rc = gsasl_register(x->library, &mechanism);
	if (rc == GSASL_OK)
		rc = gsasl_client_start(x->library, is_ours ? ours : x->mechanism->name, &x->session);
	return rc;
}

/* --- one exchange, whosever mechanism it is --- */

/* Let the mechanism speak: its answer to `in` (NULL: nothing yet) into `out`. */
static bool speak(struct sasl *x, const char *in, size_t n, struct buf *out, struct status *st)
{
	char *answer = NULL;
	size_t len = 0;

	x->failure = st;
	x->rc = gsasl_step(x->session, in, n, &answer, &len);
	if (x->rc == OURS_FAILED)
		return false;
	if (x->rc != GSASL_OK && x->rc != GSASL_NEEDS_MORE)
		return fail(x, x->rc, st);
	add_base64(out, answer, len);
	wipe_output(answer, len);
	return buf_ok(out) || too_long(x, st);
}

/*
 * The properties are set before the start and there is no callback, so a plain
 * SCRAM sees no channel binding: gsasl fails if it gets one there.
 */
static void set_binding(struct sasl *x)
{
	enum tls_binding kind;
	struct buf data, text;

	buf_init(&data, 1024);
	buf_init(&text, 2048);
	if (mechanism_binding(x->login, &kind, &data)) {
		add_base64(&text, data.data, data.len);
		gsasl_property_set(x->session, kind == TLS_BINDING_UNIQUE ? GSASL_CB_TLS_UNIQUE
		                                                          : GSASL_CB_TLS_EXPORTER,
		                   text.data);
	}
	buf_release(&data);
	buf_release(&text);
}

static void set_properties(struct sasl *x)
{
	const struct sasl_login *login = x->login;
	unsigned traits = x->mechanism->traits;

	if (traits & MECH_USER)
		gsasl_property_set(x->session, GSASL_AUTHID, login->user);
	if (traits & MECH_PASSWORD)
		gsasl_property_set_raw(x->session, GSASL_PASSWORD, login->password, login->password_len);
	if (traits & MECH_CERTIFICATE)
		gsasl_property_set(x->session, GSASL_AUTHZID, login->user);
	if (traits & MECH_BINDING)
		set_binding(x);
	gsasl_property_set(x->session, GSASL_SERVICE, "smtp");
	gsasl_property_set(x->session, GSASL_HOSTNAME, login->host);
}

static bool has_what_it_needs(const struct sasl *x, struct status *st)
{
	const struct sasl_login *login = x->login;
	const char *name = x->mechanism->name;
	unsigned traits = x->mechanism->traits;

	if ((traits & MECH_USER) && login->user == NULL)
		return status_defer(st, WAIT_ACCOUNT, EX_CONFIG, "%s needs a user", name);
	if ((traits & MECH_PASSWORD) && login->password == NULL)
		return status_defer(st, WAIT_ACCOUNT, EX_CONFIG, "%s needs a password", name);
	if ((traits & MECH_PASSWORD) && memchr(login->password, '\0', login->password_len) != NULL)
		return status_defer(st, WAIT_ACCOUNT, EX_CONFIG, "the password has a NUL in it");
	return true;
}

static bool begin(struct sasl *x, struct status *st)
{
	int rc;

	if (!has_what_it_needs(x, st))
		return false;
	if ((rc = start_session(x)) != GSASL_OK)
		return fail(x, rc, st);
	gsasl_session_hook_set(x->session, x);
	set_properties(x);
	x->first_waits = x->mechanism->traits & MECH_FIRST;
	return !x->first_waits || speak(x, NULL, 0, &x->first, st);
}

struct sasl *sasl_start(const char *mechanism, const struct sasl_login *login, struct status *st)
{
	const struct mechanism *m = mechanism_find(mechanism);
	struct sasl *x;

	if (m == NULL) {
		status_defer(st, WAIT_ACCOUNT, EX_CONFIG, "%s: no such login mechanism", mechanism);
		return NULL;
	}
	x = alloc(sizeof(*x));
	*x = (struct sasl){ .mechanism = m, .login = login, .rc = GSASL_NEEDS_MORE,
		            .speak = speaker(m->wire) };
	buf_init(&x->first, MESSAGE_MAX);
	buf_init(&x->server_error, 256);
	buf_init(&x->negotiate, MESSAGE_MAX);
	if (begin(x, st))
		return x;
	sasl_free(x);
	return NULL;
}

void sasl_free(struct sasl *x)
{
	if (x == NULL)
		return;
	if (x->session != NULL) {
		wipe_property(x->session, GSASL_PASSWORD);
		gsasl_finish(x->session);
	}
	if (x->library != NULL)
		gsasl_done(x->library);
	buf_wipe(&x->first);
	buf_release(&x->server_error);
	buf_release(&x->negotiate);
	free(x);
}

/* RFC 4954, 4.: an initial response must fit the command line of 512 octets. */
static bool fits_command(const struct sasl *x)
{
	return strlen("AUTH  \r\n") + strlen(x->mechanism->wire) + x->first.len <= 512;
}

static bool send_first(struct sasl *x, const char *if_empty, struct buf *out, struct status *st)
{
	x->first_waits = false;
	buf_puts(out, x->first.len > 0 ? x->first.data : if_empty);
	return buf_ok(out) || too_long(x, st);
}

bool sasl_initial(struct sasl *x, struct buf *out, bool *has, struct status *st)
{
	*has = x->first_waits && (x->mechanism->traits & MECH_INITIAL) && fits_command(x);
	return !*has || send_first(x, "=", out, st);
}

/* A server that says why it refuses before it does wants an answer to that, and then says 535. */
static bool answer_error(struct sasl *x, const char *in, size_t n)
{
	if (!(x->mechanism->traits & MECH_PROOF) || n < 2 || memcmp(in, "e=", 2) != 0)
		return false;
	str_escape(&x->server_error, in + 2, n - 2); /* RFC 5802, 7 */
	return true;
}

bool sasl_step(struct sasl *x, const char *challenge, struct buf *out, struct status *st)
{
	char *in = NULL;
	size_t n;
	bool ok;

	/* The first 334 only asks; some say so in words that are no base64. */
	if (x->first_waits)
		return send_first(x, "", out, st);
	if (x->rc == GSASL_OK)
		return status_defer(st, WAIT_HOST, EX_TEMPFAIL, "%s: the server does not come to an end",
		                    x->mechanism->name);
	if (gsasl_base64_from(challenge, strlen(challenge), &in, &n) != GSASL_OK)
		return status_defer(st, WAIT_HOST, EX_TEMPFAIL, "%s: the server's message is not base64",
		                    x->mechanism->name);
	ok = answer_error(x, in, n) || speak(x, in, n, out, st);
	gsasl_free(in);
	return ok;
}

bool sasl_finished(const struct sasl *x)
{
	return x->server_error.len == 0 && (x->rc == GSASL_OK || !(x->mechanism->traits & MECH_PROOF));
}

const char *sasl_server_error(const struct sasl *x)
{
	return x->server_error.data;
}

const char *sasl_library(void)
{
	return gsasl_check_version(NULL);
}
