#include "login.h"

#include <gnutls/crypto.h>
#include <gsasl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/str.h"
#include "ntlm_server.h"

enum { LOGIN_MAX = 65536 };

struct login {
	const struct login_context *context;
	const struct mechanism *mechanism;
	Gsasl *gsasl;
	Gsasl_session *session;
	unsigned steps;
	bool good;              /* all but the client's last, empty answer */
	bool bad;
	bool raw;               /* what `out` holds is text, not octets for base64 */
	struct ntlm_server ntlm;
	gnutls_datum_t end_point;
};

/* One step of a mechanism: octets in, octets out; the base64 is outside. */
typedef enum login_result step_function(struct login *l, const char *in, size_t n, struct buf *out);

struct mechanism {
	const char *name;
	step_function *step;
	bool server_first;      /* its first word is the server's, whatever AUTH brought */
	bool plain;
};

static int give(Gsasl_session *s, Gsasl_property property, const char *value)
{
	return gsasl_property_set(s, property, value);
}

/* A channel binding as GNU SASL wants it: in base64. */
static int give_binding(Gsasl_session *s, Gsasl_property property, gnutls_session_t tls,
                        gnutls_channel_binding_t kind)
{
	gnutls_datum_t data = { NULL, 0 };
	char *base64 = NULL;
	int rc = GSASL_NO_CALLBACK;

	if (tls != NULL && gnutls_session_channel_binding(tls, kind, &data) >= 0
	    && gsasl_base64_to((char *)data.data, data.size, &base64, NULL) == GSASL_OK)
		rc = give(s, property, base64);
	free(base64);
	gnutls_free(data.data);
	return rc;
}

static int validate_simple(Gsasl_session *s, const struct behaviour *b)
{
	const char *user = gsasl_property_fast(s, GSASL_AUTHID);
	const char *password = gsasl_property_fast(s, GSASL_PASSWORD);

	return user != NULL && password != NULL && strcmp(user, b->user) == 0
	                       && strcmp(password, b->password) == 0
	               ? GSASL_OK
	               : GSASL_AUTHENTICATION_ERROR;
}

static int give_password(Gsasl_session *s, const struct behaviour *b)
{
	const char *user = gsasl_property_fast(s, GSASL_AUTHID);

	if (user == NULL || strcmp(user, b->user) != 0)
		return GSASL_AUTHENTICATION_ERROR;
	return give(s, GSASL_PASSWORD, b->password);
}

static int callback(Gsasl *g, Gsasl_session *s, Gsasl_property property)
{
	const struct login_context *c = ((struct login *)gsasl_callback_hook_get(g))->context;
	const char *name = gsasl_mechanism_name(s);
	bool plus = name != NULL && strstr(name, "-PLUS") != NULL;

	switch (property) {
	case GSASL_VALIDATE_SIMPLE:
		return validate_simple(s, c->behaviour);
	case GSASL_VALIDATE_EXTERNAL:
		return c->client_verified ? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
	case GSASL_PASSWORD:
		return give_password(s, c->behaviour);
	case GSASL_SCRAM_ITER:
		return give(s, property, "4096");
	case GSASL_SERVICE:
		return give(s, property, "smtp");
	case GSASL_HOSTNAME:
	case GSASL_REALM:
		return give(s, property, "localhost");
	case GSASL_CB_TLS_EXPORTER:
		return plus ? give_binding(s, property, c->tls, GNUTLS_CB_TLS_EXPORTER) : GSASL_NO_CALLBACK;
	case GSASL_CB_TLS_UNIQUE:
		return plus ? give_binding(s, property, c->tls, GNUTLS_CB_TLS_UNIQUE) : GSASL_NO_CALLBACK;
	default:
		return GSASL_NO_CALLBACK;
	}
}

static bool start(struct login *l)
{
	if (gsasl_init(&l->gsasl) != GSASL_OK)
		return false;
	gsasl_callback_hook_set(l->gsasl, l);
	gsasl_callback_set(l->gsasl, callback);
	return gsasl_server_start(l->gsasl, l->mechanism->name, &l->session) == GSASL_OK;
}

static enum login_result step_gsasl(struct login *l, const char *in, size_t n, struct buf *out)
{
	char *answer = NULL;
	size_t len = 0;
	int rc;

	if (l->session == NULL && !start(l))
		return LOGIN_BAD;
	rc = gsasl_step(l->session, in, n, &answer, &len);
	buf_add(out, answer, len);
	gsasl_free(answer);
	if (rc == GSASL_NEEDS_MORE)
		return LOGIN_MORE;
	if (rc != GSASL_OK)
		return LOGIN_BAD;
	/* SMTP's 235 has no room for a last word (SCRAM's proof of the server): it goes ahead in a 334. */
	l->good = len > 0;
	return l->good ? LOGIN_MORE : LOGIN_GOOD;
}

/* "Bearer TOKEN" somewhere in the client's fields. */
static enum login_result step_token(struct login *l, const char *in, size_t n, struct buf *out)
{
	char *text = alloc_copyn(in, n), *bearer;

	if (n == 0 && l->steps == 1) {
		free(text);
		return LOGIN_MORE;
	}
	for (size_t i = 0; i < n; i++)
		text[i] = text[i] == '\1' ? '\n' : text[i];
	bearer = alloc_printf("\nauth=Bearer %s\n", l->context->behaviour->token);
	if (l->context->behaviour->token != NULL && strstr(text, bearer) != NULL)
		l->good = true;
	else
		buf_puts(out, "{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"mail\"}");
	l->bad = !l->good;
	free(text);
	free(bearer);
	return l->good ? LOGIN_GOOD : LOGIN_MORE;
}

/* AUTH NTLM alone: an empty 334, or Exchange's text, which is no base64. */
static enum login_result greet_ntlm(struct login *l, struct buf *out)
{
	l->raw = true;
	if (strv_has(&l->context->behaviour->ntlm, "supported"))
		buf_puts(out, "ntlm supported");
	return LOGIN_MORE;
}

/* Windows counts tenths of microseconds since 1601. */
static uint64_t filetime(void)
{
	return ((uint64_t)time(NULL) + 11644473600) * 10000000;
}

static void start_ntlm(struct login *l)
{
	const struct behaviour *b = l->context->behaviour;
	struct ntlm_server *s = &l->ntlm;

	for (size_t i = 0; i < b->ntlm.len; i++)
		s->rules |= ntlm_server_rule(b->ntlm.v[i]);
	gnutls_rnd(GNUTLS_RND_NONCE, s->challenge, sizeof s->challenge);
	s->now = filetime();
	s->user = b->user;
	s->password = b->password;
	if (l->context->tls != NULL
	    && gnutls_session_channel_binding(l->context->tls, GNUTLS_CB_TLS_SERVER_END_POINT,
	                                      &l->end_point) >= 0) {
		s->end_point = l->end_point.data;
		s->end_point_len = l->end_point.size;
	}
}

static enum login_result step_ntlm(struct login *l, const char *in, size_t n, struct buf *out)
{
	if (n == 0 && l->steps == 1)
		return greet_ntlm(l, out);
	if (l->ntlm.negotiated.len == 0) {
		start_ntlm(l);
		return ntlm_server_challenge(&l->ntlm, in, n, out) ? LOGIN_MORE : LOGIN_BAD;
	}
	return ntlm_server_verify(&l->ntlm, in, n) ? LOGIN_GOOD : LOGIN_BAD;
}

static const struct mechanism mechanisms[] = {
	{ .name = "PLAIN", .step = step_gsasl, .plain = true },
	{ .name = "LOGIN", .step = step_gsasl, .server_first = true, .plain = true },
	{ .name = "CRAM-MD5", .step = step_gsasl, .server_first = true },
	{ .name = "DIGEST-MD5", .step = step_gsasl, .server_first = true },
	{ .name = "SCRAM-SHA-1", .step = step_gsasl },
	{ .name = "SCRAM-SHA-1-PLUS", .step = step_gsasl },
	{ .name = "SCRAM-SHA-256", .step = step_gsasl },
	{ .name = "SCRAM-SHA-256-PLUS", .step = step_gsasl },
	{ .name = "EXTERNAL", .step = step_gsasl },
	{ .name = "NTLM", .step = step_ntlm },
	{ .name = "XOAUTH2", .step = step_token, .plain = true },
	{ .name = "OAUTHBEARER", .step = step_token, .plain = true },
};

static const struct mechanism *find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(mechanisms); i++) {
		if (str_iequal(name, mechanisms[i].name))
			return &mechanisms[i];
	}
	return NULL;
}

bool login_is_plain(const char *mechanism)
{
	const struct mechanism *m = find(mechanism);

	return m != NULL && m->plain;
}

struct login *login_new(const struct login_context *c, const char *mechanism)
{
	const struct mechanism *m = find(mechanism);
	struct login *l;

	if (m == NULL)
		return NULL;
	l = alloc(sizeof *l);
	l->context = c;
	l->mechanism = m;
	ntlm_server_init(&l->ntlm);
	return l;
}

void login_free(struct login *l)
{
	if (l == NULL)
		return;
	if (l->session != NULL)
		gsasl_finish(l->session);
	if (l->gsasl != NULL)
		gsasl_done(l->gsasl);
	ntlm_server_release(&l->ntlm);
	gnutls_free(l->end_point.data);
	free(l);
}

/* Base64 to octets; "=" is an empty initial response (RFC 4954, 4). */
static bool decode(const char *in, char **out, size_t *n)
{
	*out = NULL;
	*n = 0;
	if (*in == '\0' || strcmp(in, "=") == 0)
		return true;
	return gsasl_base64_from(in, strlen(in), out, n) == GSASL_OK;
}

static void encode(struct buf *octets)
{
	char *base64 = NULL;
	size_t n = 0;

	if (octets->len > 0 && gsasl_base64_to(octets->data, octets->len, &base64, &n) == GSASL_OK) {
		buf_reset(octets);
		buf_add(octets, base64, n);
	}
	free(base64);
}

enum login_result login_step(struct login *l, const char *in, struct buf *out)
{
	enum login_result result;
	char *octets;
	size_t n;

	l->steps++;
	buf_reset(out);
	if (l->good || l->bad)          /* what comes now is the empty answer to our last word */
		return l->good ? LOGIN_GOOD : LOGIN_BAD;
	if (l->steps == 1 && l->mechanism->server_first) {
		result = l->mechanism->step(l, NULL, 0, out);
		if (in == NULL || result != LOGIN_MORE) {
			encode(out);
			return result;
		}
		buf_reset(out);
	}
	if (!decode(in != NULL ? in : "", &octets, &n))
		return LOGIN_BAD;
	/* An empty answer is not the same as none. */
	result = l->mechanism->step(l, in != NULL && octets == NULL ? "" : octets, n, out);
	gsasl_free(octets);
	if (!l->raw)
		encode(out);
	l->raw = false;
	return result;
}

const char *login_why(const struct login *l)
{
	return l->ntlm.why;
}
