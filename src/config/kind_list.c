#include "config/kind_parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "config/hostport.h"
#include "config/machine.h"
#include "net/fingerprint.h"

/* Lists, parted by blanks */

static const char blanks[] = " \t";

static void list_show(const struct setting *s, const void *field, struct strv *values)
{
	const struct strv *list = field;
	struct buf out;

	(void)s;
	if (list->len == 0)
		return;
	buf_init(&out, SIZE_MAX / 2);
	for (size_t i = 0; i < list->len; i++)
		buf_printf(&out, "%s%s", i > 0 ? " " : "", list->v[i]);
	strv_take(values, buf_detach(&out));
}

static void list_clear(void *field)
{
	strv_release(field);
}

/* The item as it is kept, or NULL with a failure. */
typedef char *list_item(const struct setting *s, const char *item, const struct origin *at,
	struct status *st);

static bool parse_list(const struct setting *s, struct strv *list, const char *value,
	list_item *item, const struct origin *at, struct status *st)
{
	struct strv words;
	bool ok;

	strv_init(&words);
	strv_split(&words, value, blanks);
	ok = words.len > 0 || kind_refuse(st, value, "is empty");
	for (size_t i = 0; ok && i < words.len; i++) {
		char *kept = item(s, words.v[i], at, st);

		ok = kept != NULL;
		if (ok)
			strv_take(list, kept);
	}
	strv_release(&words);
	return ok;
}

static char *path_item(const struct setting *s, const char *item, const struct origin *at,
	struct status *st)
{
	(void)s;
	if (str_istarts(item, "ldap:")) {
		kind_refuse(st, item, "is a directory, and directories are not in this version");
		return NULL;
	}
	return kind_resolve_path(item, at, st);
}

static bool paths_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	return parse_list(s, field, value, path_item, at, st);
}

const struct kind kind_paths = { paths_parse, list_show, list_clear };

static char *host_item(const struct setting *s, const char *item, const struct origin *at,
	struct status *st)
{
	unsigned short port;
	char *host;
	bool ok = hostport_parse(item, &host, &port);

	(void)s;
	(void)at;
	free(host);
	if (!ok)
		kind_refuse(st, item, "is no NAME, NAME:PORT, [IPv6]:PORT or srv:DOMAIN");
	return ok ? alloc_copy(item) : NULL;
}

static bool hosts_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	return parse_list(s, field, value, host_item, at, st);
}

const struct kind kind_hosts = { hosts_parse, list_show, list_clear };

static char *domain_item(const struct setting *s, const char *item, const struct origin *at,
	struct status *st)
{
	char *domain = NULL;

	return kind_host.parse(s, &domain, item, at, st) ? domain : NULL;
}

static bool domains_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	return parse_list(s, field, value, domain_item, at, st);
}

const struct kind kind_domains = { domains_parse, list_show, list_clear };

static char *pattern_item(const struct setting *s, const char *item, const struct origin *at,
	struct status *st)
{
	(void)s;
	(void)at;
	if (kind_is_pattern(item))
		return kind_check_text(item, st) ? alloc_copy(item) : NULL;
	return kind_plain_address(item, st);
}

static bool patterns_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	return parse_list(s, field, value, pattern_item, at, st);
}

const struct kind kind_patterns = { patterns_parse, list_show, list_clear };

/* "Joe <joe@example.org>" is one address. */
static bool from_one(struct strv *list, const char *value, struct status *st)
{
	char *plain = kind_plain_address(value, st);

	if (plain != NULL)
		strv_take(list, plain);
	return plain != NULL;
}

static bool from_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	char *expanded = machine_expand(value, s->words[0], getuid());
	bool ok = strchr(expanded, '<') != NULL ? from_one(field, expanded, st)
	                                        : parse_list(s, field, expanded, pattern_item, at, st);

	free(expanded);
	return ok;
}

const struct kind kind_from = { from_parse, list_show, list_clear };

static char *fingerprint_item(const struct setting *s, const char *item, const struct origin *at,
	struct status *st)
{
	struct fingerprint print;
	const char *error = fingerprint_parse(item, &print);

	(void)s;
	(void)at;
	if (error != NULL)
		kind_refuse(st, item, error);
	return error == NULL ? alloc_copy(item) : NULL;
}

static bool fingerprints_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	return parse_list(s, field, value, fingerprint_item, at, st);
}

const struct kind kind_fingerprints = { fingerprints_parse, list_show, list_clear };

static char *mechanism_item(const struct setting *s, const char *item, const struct origin *at,
	struct status *st)
{
	int i = kind_find_word(item, s->words, st);

	(void)at;
	return i >= 0 ? alloc_copy(s->words[i]) : NULL;
}

static bool mechanisms_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	struct strv *list = field;

	return parse_list(s, list, value, mechanism_item, at, st)
		&& (list->len == 1 || !strv_has(list, "ON")
			|| kind_refuse(st, value, "names mechanisms beside on"));
}

static void mechanisms_show(const struct setting *s, const void *field, struct strv *values)
{
	struct strv all;

	strv_init(&all);
	list_show(s, field, &all);
	for (size_t i = 0; i < all.len; i++) {
		for (char *p = all.v[i]; *p != '\0'; p++)
			*p = str_lower(*p);
		strv_add(values, all.v[i]);
	}
	strv_release(&all);
}

const struct kind kind_mechanisms = { mechanisms_parse, mechanisms_show, list_clear };

/* Rules: each line adds one */

static void rules_show(const struct setting *s, const void *field, struct strv *values)
{
	const struct strv *rules = field;

	(void)s;
	for (size_t i = 0; i < rules->len; i++)
		strv_add(values, rules->v[i]);
}

static bool rewrite_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	static const char *const places[] = { "envelope", "header", NULL };
	enum { EVERYWHERE = 2 };
	struct strv words;
	char *pattern, *address;
	int where;
	bool ok;

	strv_init(&words);
	strv_split(&words, value, blanks);
	pattern = words.len >= 2 ? pattern_item(s, words.v[0], at, st) : NULL;
	address = pattern != NULL ? kind_plain_address(words.v[1], st) : NULL;
	where = words.len == 3 ? kind_find_word(words.v[2], places, st) : EVERYWHERE;
	ok = address != NULL && where >= 0;
	if (words.len < 2 || words.len > 3)
		ok = kind_refuse(st, value, "is no PATTERN ADDRESS [envelope|header]");
	strv_release(&words);
	if (!ok) {
		free(pattern);
		free(address);
		return false;
	}
	strv_take(field, pattern);
	strv_take(field, address);
	strv_add(field, where == EVERYWHERE ? "" : places[where]);
	return true;
}

static void rewrite_show(const struct setting *s, const void *field, struct strv *values)
{
	const struct strv *rules = field;

	(void)s;
	for (size_t i = 0; i + 2 < rules->len; i += 3)
		strv_take(values, alloc_printf("%s %s%s%s", rules->v[i], rules->v[i + 1],
			*rules->v[i + 2] != '\0' ? " " : "", rules->v[i + 2]));
}

const struct kind kind_rewrite = { rewrite_parse, rewrite_show, list_clear };

/* USER messages N/PERIOD [recipients N/PERIOD] [then defer|hold|reject] */
static bool check_limit(const struct strv *w, const char *value, struct status *st)
{
	static const char *const actions[] = { "defer", "hold", "reject", NULL };
	struct rate rate;
	size_t i = 1;

	if (i + 1 < w->len && str_iequal(w->v[i], "messages")) {
		if (!kind_parse_rate(w->v[i + 1], &rate, st))
			return false;
		i += 2;
	}
	if (i + 1 < w->len && str_iequal(w->v[i], "recipients")) {
		if (!kind_parse_rate(w->v[i + 1], &rate, st))
			return false;
		i += 2;
	}
	if (i > 1 && i + 1 < w->len && str_iequal(w->v[i], "then")) {
		if (kind_find_word(w->v[i + 1], actions, st) < 0)
			return false;
		i += 2;
	}
	return (i > 1 && i == w->len)
		|| kind_refuse(st, value, "is no USER messages N/PERIOD [recipients N/PERIOD] [then ACTION]");
}

static bool limit_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	struct strv words;
	bool ok;

	(void)s;
	(void)at;
	strv_init(&words);
	strv_split(&words, value, blanks);
	ok = kind_check_text(value, st) && check_limit(&words, value, st);
	strv_release(&words);
	if (ok)
		strv_add(field, value);
	return ok;
}

const struct kind kind_limit = { limit_parse, rules_show, list_clear };

static bool allow_from_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	const char *patterns = value + strcspn(value, blanks);
	struct strv checked;
	bool ok;

	strv_init(&checked);
	patterns += strspn(patterns, blanks);
	ok = *patterns != '\0' ? parse_list(s, &checked, patterns, pattern_item, at, st)
	                       : kind_refuse(st, value, "is no USER PATTERN...");
	strv_release(&checked);
	if (ok)
		strv_add(field, value);
	return ok;
}

const struct kind kind_allow_from = { allow_from_parse, rules_show, list_clear };
