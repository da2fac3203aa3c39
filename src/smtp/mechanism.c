#include "smtp/mechanism.h"

#include "base/str.h"
#include "smtp/sasl.h"

#include <string.h>

#define SECRET (MECH_USER | MECH_PASSWORD)
#define SPEAKS (MECH_FIRST | MECH_INITIAL)
#define SCRAM (MECH_STANDS_OPEN | SECRET | SPEAKS | MECH_PROOF | MECH_GUESSABLE)
#define BEARER (MECH_BY_NAME | MECH_REVEALS | SECRET | MECH_TOKEN | SPEAKS)

static const struct mechanism mechanisms[] = {
	{ "EXTERNAL", "EXTERNAL", MECH_CERTIFICATE | SPEAKS },
	{ "GSSAPI", "GSSAPI", SPEAKS | MECH_PROOF },
	{ "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256-PLUS", SCRAM | MECH_BINDING },
	{ "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1-PLUS", SCRAM | MECH_BINDING },
	{ "SCRAM-SHA-256", "SCRAM-SHA-256", SCRAM },
	{ "SCRAM-SHA-1", "SCRAM-SHA-1", SCRAM },
	/* Exchange takes AUTH NTLM alone, and so does everybody. */
	{ "NTLM", "NTLM", SECRET | MECH_FIRST },
	{ "DIGEST-MD5", "DIGEST-MD5", MECH_BY_NAME | SECRET | MECH_PROOF },
	{ "CRAM-MD5", "CRAM-MD5", SECRET },
	{ "OAUTHBEARER", "OAUTHBEARER", BEARER },
	{ "XOAUTH2", "XOAUTH2", BEARER },
	{ "PLAIN", "PLAIN", MECH_REVEALS | SECRET | SPEAKS },
	{ "LOGIN", "LOGIN", MECH_REVEALS | SECRET | MECH_FIRST },
	{ "NTLMV1", "NTLM", MECH_BY_NAME | MECH_REVEALS | SECRET | MECH_FIRST },
};

const struct mechanism *mechanism_find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(mechanisms); i++)
		if (str_iequal(mechanisms[i].name, name))
			return &mechanisms[i];
	return NULL;
}

const char *const *mechanism_names(void)
{
	static const char *names[COUNT_OF(mechanisms) + 1];

	for (size_t i = 0; i < COUNT_OF(mechanisms); i++)
		names[i] = mechanisms[i].name;
	return names;
}

const char *mechanism_wire_name(const char *name)
{
	const struct mechanism *m = mechanism_find(name);

	return m != NULL ? m->wire : name;
}

bool mechanism_has(const char *name, enum mechanism_trait trait)
{
	const struct mechanism *m = mechanism_find(name);

	return m != NULL && (m->traits & trait) != 0;
}

bool mechanism_binding(const struct sasl_login *login, enum tls_binding *kind, struct buf *data)
{
	if (login->stream == NULL)
		return false;
	*kind = TLS_BINDING_UNIQUE;
	if (tls_binding(login->stream, *kind, data))
		return true;
	*kind = TLS_BINDING_EXPORTER;
	return tls_binding(login->stream, *kind, data);
}

static bool can_bind(const struct sasl_login *login)
{
	enum tls_binding kind;
	struct buf data;
	bool ok;

	buf_init(&data, 1024);
	ok = mechanism_binding(login, &kind, &data);
	buf_release(&data);
	return ok;
}

const char *mechanism_objection(const char *name, bool by_name, const struct strv *offered,
                                const struct sasl_login *login)
{
	const struct mechanism *m = mechanism_find(name);
	unsigned traits = m != NULL ? m->traits : 0;

	if (m == NULL)
		return "unknown to mailchute";
	if (!strv_has(offered, m->wire))
		return "not offered";
	if ((traits & MECH_REVEALS) && !login->protected_line)
		return "only with TLS";
	if (!by_name && (traits & MECH_BY_NAME))
		return "only if auth names it";
	if (!by_name && (traits & MECH_CERTIFICATE) && !login->client_certificate)
		return "no client certificate";
	if (!by_name && !(traits & MECH_STANDS_OPEN) && !login->protected_line)
		return "without TLS only if auth names it";
	if ((traits & MECH_BINDING) && !can_bind(login))
		return "no TLS channel binding";
	return NULL;
}

/* "PLAIN (only with TLS), X-NEW (unknown to mailchute)"; names from outside, so escaped. */
static void explain(struct buf *out, const struct strv *names, bool by_name,
                    const struct strv *offered, const struct sasl_login *login)
{
	const char *why;

	for (size_t i = 0; i < names->len; i++) {
		if (out->len > 0)
			buf_puts(out, ", ");
		str_escape(out, names->v[i], strlen(names->v[i]));
		why = mechanism_objection(names->v[i], by_name, offered, login);
		buf_printf(out, " (%s)", why);
	}
}

static bool none_left(const struct strv *wanted, const struct strv *offered,
                      const struct sasl_login *login, struct status *st)
{
	bool on = strv_has(wanted, "ON");
	struct buf why;

	buf_init(&why, 400);
	explain(&why, on ? offered : wanted, !on, offered, login);
	if (offered->len == 0)
		status_defer(st, WAIT_ACCOUNT, EX_UNAVAILABLE, "the server offers no login%s",
		             login->protected_line ? "" : " without TLS");
	else
		status_defer(st, WAIT_ACCOUNT, EX_UNAVAILABLE,
		             "none of the login mechanisms can be used: %s", why.data);
	buf_release(&why);
	return status_advise(st, offered->len == 0 ? "leave `port` out (587 is for clients), or set auth off if this "
	                                             "server knows you without"
	                                           : "name one with `auth` that the server offers, or leave `auth` out");
}

static void consider(const char *name, bool by_name, const struct strv *offered,
                     const struct sasl_login *login, struct strv *order)
{
	if (mechanism_objection(name, by_name, offered, login) == NULL && !strv_has(order, name))
		strv_add(order, name);
}

bool mechanism_choose(const struct strv *wanted, const struct strv *offered,
                      const struct sasl_login *login, struct strv *order, struct status *st)
{
	for (size_t i = 0; i < wanted->len; i++) {
		if (!str_iequal(wanted->v[i], "ON")) {
			consider(wanted->v[i], true, offered, login, order);
			continue;
		}
		for (size_t j = 0; j < COUNT_OF(mechanisms); j++)
			consider(mechanisms[j].name, false, offered, login, order);
	}
	return order->len > 0 || none_left(wanted, offered, login, st);
}
