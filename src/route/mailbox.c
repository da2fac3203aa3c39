#include "route/mailbox.h"

#include "base/alloc.h"
#include "base/str.h"
#include "net/resolve.h"

#include <stdlib.h>
#include <string.h>

static bool refuse(const struct address *a, struct status *st, const char *why)
{
	struct buf name;

	buf_init(&name, sizeof(st->text) / 4);
	str_escape(&name, a->raw, strlen(a->raw));
	status_fail(st, EX_DATAERR, "%s%s: %s", name.data, buf_ok(&name) ? "" : "...", why);
	buf_release(&name);
	return false;
}

static bool is_usable(const struct address *a, struct status *st)
{
	struct buf text;

	if (address_is_null(a))
		return refuse(a, st, "nobody's address");
	if (a->error == NULL)
		return true;
	buf_init(&text, sizeof(st->text));
	address_explain(&text, a);
	status_fail(st, EX_DATAERR, "%s", text.data);
	buf_release(&text);
	return false;
}

/* NULL with the reason. */
static char *wire_domain(const struct address *a, const char *domain, struct status *st)
{
	char *wire = domain[0] == '[' ? alloc_copy(domain) : resolve_alabel(domain, st);

	if (wire == NULL) {
		struct status why = *st;

		refuse(a, st, why.text);
	} else if (strlen(wire) > MAILBOX_DOMAIN_MAX) {
		refuse(a, st, "the domain is too long");
		free(wire);
		wire = NULL;
	}
	return wire;
}

char *mailbox_wire(const struct address *a, const char *maildomain, struct status *st)
{
	struct buf out;
	char *domain;

	if (!is_usable(a, st))
		return NULL;
	domain = wire_domain(a, a->domain ? a->domain : maildomain, st);
	if (domain == NULL)
		return NULL;
	buf_init(&out, MAILBOX_LOCAL_MAX + strlen("@") + strlen(domain));
	address_format(&out, a->local, domain);
	free(domain);
	if (buf_ok(&out))
		return buf_detach(&out);
	refuse(a, st, "the local part is too long");
	buf_release(&out);
	return NULL;
}

char *mailbox_configured(const char *text, const char *maildomain)
{
	struct address a;
	struct status st;
	char *wire = address_parse(&a, text) ? mailbox_wire(&a, maildomain, &st) : NULL;

	address_release(&a);
	return wire != NULL ? wire : alloc_copy(text);
}
