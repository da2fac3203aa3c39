#include "smtp/oauth.h"

#include "base/str.h"

#include <string.h>

static bool is_sound(const struct oauth_login *l, struct status *st)
{
	if (str_has_control(l->user, strlen(l->user)))
		return status_defer(st, WAIT_ACCOUNT, EX_CONFIG, "the user has a control character in it");
	if (l->token_len == 0)
		return status_defer(st, WAIT_ACCOUNT, EX_CONFIG, "the token is empty");
	if (str_has_control(l->token, l->token_len) || !str_is_ascii(l->token, l->token_len))
		return status_defer(st, WAIT_ACCOUNT, EX_CONFIG, "the token has characters that no token has");
	return true;
}

static void add_bearer(const struct oauth_login *l, struct buf *out)
{
	buf_puts(out, "\1auth=Bearer ");
	buf_add(out, l->token, l->token_len);
	buf_puts(out, "\1\1");
}

bool oauth_xoauth2(const struct oauth_login *l, struct buf *out, struct status *st)
{
	if (!is_sound(l, st))
		return false;
	buf_printf(out, "user=%s", l->user);
	add_bearer(l, out);
	return true;
}

/* RFC 5801, 4: a saslname has no "," and no "=". */
static void add_saslname(const char *name, struct buf *out)
{
	for (; *name != '\0'; name++) {
		if (*name == ',')
			buf_puts(out, "=2C");
		else if (*name == '=')
			buf_puts(out, "=3D");
		else
			buf_putc(out, *name);
	}
}

bool oauth_bearer(const struct oauth_login *l, struct buf *out, struct status *st)
{
	if (!is_sound(l, st))
		return false;
	buf_puts(out, "n,a=");
	add_saslname(l->user, out);
	buf_putc(out, ',');
	if (l->host != NULL)
		buf_printf(out, "\1host=%s", l->host);
	if (l->port != 0)
		buf_printf(out, "\1port=%u", l->port);
	add_bearer(l, out);
	return true;
}

/* RFC 6750, 3.1, and what Google and others send in its place. */
static const struct {
	const char *status, *words;
} meanings[] = {
	{ "invalid_token", "the token is expired, revoked or not for this" },
	{ "insufficient_scope", "the token does not cover sending mail" },
	{ "invalid_request", "the server cannot read the request" },
	{ "400", "the token is expired, or none" },
	{ "401", "the token is expired, revoked or not for this" },
	{ "403", "the token does not cover sending mail" },
};

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && strchr(" \t\r\n", *p) != NULL && *p != '\0')
		p++;
	return p;
}

/* The value of "status", a string: all we want of the object, so this is no JSON parser. */
static bool find_status(const char *json, size_t n, const char **value, size_t *len)
{
	static const char key[] = "\"status\"";
	const char *end = json + n, *p = memmem(json, n, key, strlen(key)), *quote;

	if (p == NULL)
		return false;
	p = skip_blanks(p + strlen(key), end);
	if (p == end || *p != ':')
		return false;
	p = skip_blanks(p + 1, end);
	if (p == end || *p != '"')
		return false;
	quote = memchr(p + 1, '"', (size_t)(end - p - 1));
	*value = p + 1;
	*len = quote != NULL ? (size_t)(quote - *value) : 0;
	return quote != NULL;
}

void oauth_error(const char *json, size_t n, struct buf *out)
{
	const char *status;
	size_t len;

	if (!find_status(json, n, &status, &len)) {
		str_escape(out, json, n);
		return;
	}
	str_escape(out, status, len);
	for (size_t i = 0; i < COUNT_OF(meanings); i++)
		if (strlen(meanings[i].status) == len && memcmp(meanings[i].status, status, len) == 0)
			buf_printf(out, " (%s)", meanings[i].words);
}
