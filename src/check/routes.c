#include "check/inspection.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "route/aliases.h"

/* --- aliases --- */

/* What newaliases says. */
static void check_aliases(struct inspection *n)
{
	struct strv complaints = { 0 };

	aliases_examine_config(n->config, &complaints);
	for (size_t i = 0; i < complaints.len; i++)
		findings_add(n->findings, FINDING_WRONG, "", "correct it there, then run newaliases", "%s",
		             complaints.v[i]);
	strv_release(&complaints);
}

/* --- which account takes a sender's mail --- */

static void check_overlap(struct inspection *n, const struct account *a)
{
	for (size_t i = 0; i < a->from.len; i++) {
		const struct account *first = account_covering(n->config, a, a->from.v[i]);

		/* `account default : NAME` says the same on purpose. */
		if (first != NULL && strcmp(a->name, "default") != 0)
			inspect_account_add(n, FINDING_WRONG, a, "give each account its own from",
			                    "from %s never chooses it: account %s takes that mail", a->from.v[i],
			                    first->name);
	}
}

static void check_default(struct inspection *n)
{
	const struct config *c = n->config;

	if (account_named(c, "default") == NULL)
		findings_add(n->findings, FINDING_WRONG, c->path != NULL ? c->path : "",
		             "add a line such as \"account default : NAME\"",
		             "there is no account for mail whose sender matches no from");
}

/* --- whom allow_from and limit name --- */

static bool is_number(const char *s)
{
	return *s != '\0' && s[strspn(s, "0123456789")] == '\0';
}

static bool exists(const char *user)
{
	if (strcmp(user, "*") == 0 || strcmp(user, "tcp") == 0 || is_number(user))
		return true;
	return user[0] == '@' ? is_number(user + 1) || getgrnam(user + 1) != NULL : getpwnam(user) != NULL;
}

static void check_users(struct inspection *n, const char *key, const struct strv *rules)
{
	for (size_t i = 0; i < rules->len; i++) {
		char *user = alloc_copyn(rules->v[i], strcspn(rules->v[i], " \t"));

		if (!exists(user))
			findings_add(n->findings, FINDING_WRONG, key, "correct the name: the line is for nobody",
			             "there is no %s %s", user[0] == '@' ? "group" : "user", user + (user[0] == '@'));
		free(user);
	}
}

void inspect_routes(struct inspection *n)
{
	const struct config *c = n->config;

	check_default(n);
	check_aliases(n);
	check_users(n, "allow_from", &c->settings.allow_from);
	check_users(n, "limit", &c->settings.limit);
	for (size_t i = 0; i < c->len; i++)
		check_overlap(n, &c->v[i]);
	for (size_t i = 0; i < c->notes.len; i++)
		findings_add(n->findings, FINDING_NOTE, "", "", "%s", c->notes.v[i]);
}
