#include "config/config.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "config/hostport.h"
#include "config/kind.h"
#include "net/resolve.h"

const struct account *account_named(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->len; i++)
		if (strcmp(c->v[i].name, name) == 0)
			return &c->v[i];
	return NULL;
}

const char *account_sender(const struct account *a)
{
	for (size_t i = 0; i < a->from.len; i++)
		if (!kind_is_pattern(a->from.v[i]))
			return a->from.v[i];
	return NULL;
}

static unsigned short default_port(const struct account *a)
{
	if (a->lmtp)
		return 24;
	if (!a->tls)
		return 25;
	return a->tls_starttls ? 587 : 465;
}

void account_host(const struct account *a, size_t i, char **host, unsigned short *port)
{
	if (!hostport_parse(a->hosts.v[i], host, port))
		*host = alloc_copy(a->hosts.v[i]);
	if (*port == 0)
		*port = a->port != 0 ? a->port : default_port(a);
}

/* An address to compare: its domain as A-labels, where it has any other. */
static char *comparable(const char *address)
{
	const char *at = strrchr(address, '@');
	struct status st;
	char *domain, *whole;

	if (at == NULL || str_is_ascii(at, strlen(at)) || (domain = resolve_alabel(at + 1, &st)) == NULL)
		return alloc_copy(address);
	whole = alloc_printf("%.*s@%s", (int)(at - address), address, domain);
	free(domain);
	return whole;
}

/* user+detail@domain as user@domain; NULL without a detail. */
static char *without_detail(const char *address)
{
	const char *at = strrchr(address, '@');
	size_t user = strcspn(address, "+@");

	if (at == NULL || user == 0 || address[user] != '+')
		return NULL;
	return alloc_printf("%.*s%s", (int)user, address, at);
}

static bool matches(const char *from, const char *address, bool pattern)
{
	char *wanted;
	bool ok;

	if (kind_is_pattern(from) != pattern)
		return false;
	wanted = comparable(from);
	ok = pattern ? fnmatch(wanted, address, FNM_CASEFOLD) == 0 : str_iequal(wanted, address);
	free(wanted);
	return ok;
}

bool account_matches(const char *from, const char *address)
{
	return matches(from, address, kind_is_pattern(from));
}

static const struct account *find(const struct config *c, const char *address, bool pattern)
{
	for (size_t i = 0; i < c->len; i++)
		for (size_t j = 0; j < c->v[i].from.len; j++)
			if (matches(c->v[i].from.v[j], address, pattern))
				return &c->v[i];
	return NULL;
}

/* The whole address exactly, then without its detail, then by pattern. */
static const struct account *for_address(const struct config *c, const char *address)
{
	char *whole = comparable(address), *plain = without_detail(whole);
	const struct account *found = find(c, whole, false);

	if (found == NULL && plain != NULL)
		found = find(c, plain, false);
	if (found == NULL)
		found = find(c, whole, true);
	if (found == NULL && plain != NULL)
		found = find(c, plain, true);
	free(plain);
	free(whole);
	return found;
}

const struct account *account_choose(const struct config *c, const char *sender,
	const char *from_field, bool *by_from_field)
{
	const struct account *found = NULL;
	bool second;

	if (sender != NULL && *sender != '\0')
		found = for_address(c, sender);
	second = found == NULL && from_field != NULL && (found = for_address(c, from_field)) != NULL;
	if (by_from_field != NULL)
		*by_from_field = second;
	return found != NULL ? found : account_named(c, "default");
}
