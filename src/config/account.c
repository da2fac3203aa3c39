#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "config/hostport.h"
#include "config/kind.h"
#include "config/machine.h"
#include "config/pattern.h"

const struct account *account_named(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->len; i++)
		if (strcmp(c->v[i].name, name) == 0)
			return &c->v[i];
	return NULL;
}

const struct account *account_local(const struct config *c)
{
	const struct account *a = account_named(c, "local");

	return a != NULL && (a->lmtp || a->maildir != NULL) ? a : NULL;
}

char *account_sender(const struct account *a, uid_t uid)
{
	for (size_t i = 0; i < a->from.len; i++)
		if (!kind_is_pattern(a->from.v[i]))
			return machine_expand(a->from.v[i], "U", uid);
	return NULL;
}

char *account_full_name(const struct account *a, uid_t uid)
{
	return a->from_full_name != NULL ? machine_expand(a->from_full_name, "UF", uid) : NULL;
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

static bool chooses(const char *from, const char *address, uid_t uid)
{
	char *wanted = machine_expand(from, "U", uid);
	bool ok = pattern_matches(wanted, address);

	free(wanted);
	return ok;
}

bool account_matches(const char *from, const char *address)
{
	return pattern_matches(from, address);
}

/* An entry of its `from` that is for the address. */
static const char *find_entry(const struct account *a, uid_t uid, const char *address, bool pattern)
{
	for (size_t i = 0; i < a->from.len; i++)
		if (kind_is_pattern(a->from.v[i]) == pattern && chooses(a->from.v[i], address, uid))
			return a->from.v[i];
	return NULL;
}

static const struct account *find(const struct config *c, uid_t uid, const char *address,
	bool pattern, const char **entry)
{
	for (size_t i = 0; address != NULL && i < c->len; i++)
		if ((*entry = find_entry(&c->v[i], uid, address, pattern)) != NULL)
			return &c->v[i];
	return NULL;
}

/* The whole address exactly, then without its detail, then by pattern. */
static const struct account *for_address(const struct config *c, uid_t uid, const char *address,
	const char **entry)
{
	char *plain = pattern_plain(address);
	const struct account *found = find(c, uid, address, false, entry);

	if (found == NULL)
		found = find(c, uid, plain, false, entry);
	if (found == NULL)
		found = find(c, uid, address, true, entry);
	if (found == NULL)
		found = find(c, uid, plain, true, entry);
	free(plain);
	return found;
}

struct account_choice account_choose(const struct config *c, uid_t uid, const char *sender,
	const char *from_field)
{
	struct account_choice choice = { .account = NULL };

	if (sender != NULL && *sender != '\0')
		choice.account = for_address(c, uid, sender, &choice.entry);
	if (choice.account == NULL && from_field != NULL) {
		choice.account = for_address(c, uid, from_field, &choice.entry);
		choice.by_from_field = choice.account != NULL;
	}
	if (choice.account == NULL)
		choice.account = account_named(c, "default");
	return choice;
}

const struct account *account_covering(const struct config *c, const struct account *a,
	const char *from)
{
	for (size_t i = 0; i < c->len && &c->v[i] != a; i++)
		for (size_t j = 0; j < c->v[i].from.len; j++)
			if (pattern_covers(c->v[i].from.v[j], from))
				return &c->v[i];
	return NULL;
}
