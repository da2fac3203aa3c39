#include "config/url.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"

static const struct {
	const char *scheme;
	const char *tls, *starttls;
} schemes[] = {
	{ "smtp://", "off", "on" },
	{ "submission://", "on", "on" },
	{ "smtps://", "on", "off" },
};

static int hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, str_lower(c)) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* [from, to) without its percent signs; NULL with a failure. */
static char *decode(const char *from, const char *to, struct status *st)
{
	struct buf out;
	bool ok = true;

	buf_init(&out, (size_t)(to - from));
	for (; ok && from < to; from++) {
		if (*from != '%') {
			buf_putc(&out, *from);
			continue;
		}
		ok = to - from > 2 && hex(from[1]) >= 0 && hex(from[2]) >= 0;
		if (ok)
			buf_putc(&out, (char)(hex(from[1]) << 4 | hex(from[2])));
		from += 2;
	}
	ok = ok && !buf_has_control(&out);
	if (ok)
		return buf_detach(&out);
	buf_wipe(&out);
	status_fail(st, EX_CONFIG, "a %% without two hexadecimal digits behind it, or a control character; "
		"a %% itself is written %%25");
	return NULL;
}

static void add(struct strv *lines, const char *key, char *value)
{
	strv_add(lines, key);
	strv_take(lines, value);
}

static bool add_decoded(struct strv *lines, const char *key, const char *from, const char *to,
	struct status *st)
{
	char *value = decode(from, to, st);

	if (value != NULL)
		add(lines, key, value);
	return value != NULL;
}

static bool take_userinfo(struct strv *lines, const char *from, const char *to, struct status *st)
{
	const char *colon = memchr(from, ':', (size_t)(to - from));

	return add_decoded(lines, "user", from, colon != NULL ? colon : to, st)
		&& (colon == NULL || add_decoded(lines, "password", colon + 1, to, st));
}

/* user:password@host:port; the last @ counts, as users forget to encode the others. */
static bool take_authority(struct strv *lines, const char *from, const char *to, struct status *st)
{
	const char *at = memrchr(from, '@', (size_t)(to - from));

	if (at != NULL && !take_userinfo(lines, from, at, st))
		return false;
	from = at != NULL ? at + 1 : from;
	if (from == to)
		return status_fail(st, EX_CONFIG, "names no host");
	return add_decoded(lines, "host", from, to, st);
}

static bool take_parameter(struct strv *lines, const char *from, const char *to, struct status *st)
{
	const char *equals = memchr(from, '=', (size_t)(to - from));
	const char *end = equals != NULL ? equals : to;
	char *key = decode(from, end, st);
	bool ok = key != NULL && add_decoded(lines, key, equals != NULL ? equals + 1 : to, to, st);

	alloc_wipe(key);
	return ok;
}

static bool take_query(struct strv *lines, const char *query, struct status *st)
{
	bool ok = true;

	while (ok && *query != '\0') {
		size_t n = strcspn(query, "&");

		ok = n == 0 || take_parameter(lines, query, query + n, st);
		query += n + (query[n] == '&');
	}
	return ok;
}

bool url_parse(const char *url, struct strv *lines, struct status *st)
{
	const char *host, *end, *query;

	for (size_t i = 0; i < COUNT_OF(schemes); i++) {
		if (!str_istarts(url, schemes[i].scheme))
			continue;
		host = url + strlen(schemes[i].scheme);
		end = host + strcspn(host, "/?#");
		query = end + (*end == '/');
		if (*query != '\0' && *query != '?')
			return status_fail(st, EX_CONFIG, "has a path or fragment behind the host");
		add(lines, "tls", alloc_copy(schemes[i].tls));
		add(lines, "tls_starttls", alloc_copy(schemes[i].starttls));
		return take_authority(lines, host, end, st)
			&& take_query(lines, *query == '?' ? query + 1 : query, st);
	}
	return status_fail(st, EX_CONFIG, "does not begin with smtp://, submission:// or smtps://");
}
