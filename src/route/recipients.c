#include "route/recipients.h"

#include "base/alloc.h"
#include "base/str.h"
#include "mail/address.h"
#include "route/mailbox.h"

#include <stdlib.h>
#include <string.h>

static bool too_many(struct status *st)
{
	return status_fail(st, EX_DATAERR, "more than %d recipients: send the message in parts",
	                   ADDRESSES_MAX);
}

/* One address as it was given, on its way to whom it means. */
struct adding {
	struct envelope *envelope;
	const struct recipients_source *from;
	char *given;
	struct status *st;
};

/* False only for what refuses the whole call. */
static bool add_unusable(struct adding *d, const struct address *a, const struct status *why)
{
	if (address_has_control(a)) {
		*d->st = *why;
		return false;
	}
	envelope_add_failed(d->envelope, a->raw, d->given, why);
	return true;
}

static void add_usable(struct envelope *e, const char *wire, const char *given,
                       const struct alias_target *t)
{
	struct recipient *r;

	if (!envelope_add(e, wire, given))
		return;
	r = &e->v[e->len - 1];
	r->sender = alloc_copy(t->sender);
	r->local = t->local;
}

static bool add_target(void *arg, const struct alias_target *t)
{
	struct adding *d = arg;
	struct status why;
	char *wire;
	bool ok = true;

	if (t->refused != NULL) {
		envelope_add_failed(d->envelope, t->text, d->given, t->refused);
	} else if ((wire = mailbox_wire(t->address, d->from->maildomain, &why)) != NULL) {
		add_usable(d->envelope, wire, d->given, t);
		free(wire);
	} else {
		ok = add_unusable(d, t->address, &why);
	}
	return ok && (d->envelope->len <= ADDRESSES_MAX || too_many(d->st));
}

static void tell_step(void *arg, unsigned depth, const char *name, const char *value,
                      const char *where)
{
	struct adding *d = arg;

	d->from->step(d->from->arg, depth, name, value, where);
}

static bool add_address(struct envelope *e, const struct address *a,
                        const struct recipients_source *from, struct status *st)
{
	struct adding d = { .envelope = e, .from = from, .st = st };
	const struct alias_sink sink = {
		.target = add_target,
		.step = from->step ? tell_step : NULL,
		.arg = &d,
	};
	bool alias = from->aliases != NULL && a->error == NULL && !address_is_null(a), ok;

	d.given = a->error != NULL || address_is_null(a) ? alloc_copy(a->raw) : address_string(a);
	if (!alias)
		ok = add_target(&d, &(struct alias_target){ .address = a });
	else
		ok = aliases_expand(from->aliases, a, &sink);
	free(d.given);
	return ok;
}

static bool add_list(struct envelope *e, const char *text, size_t n,
                     const struct recipients_source *from, struct status *st)
{
	struct address_list list;
	bool ok;

	address_list_init(&list);
	address_parse_list(&list, text, n);
	ok = !list.overflow || too_many(st);
	for (size_t i = 0; ok && i < list.len; i++)
		ok = add_address(e, &list.v[i], from, st);
	address_list_release(&list);
	return ok;
}

static void set_dsn(struct recipient *r, const struct request_dsn *dsn)
{
	r->notify = dsn->notify;
	r->orcpt = alloc_copy(dsn->orcpt);
}

static bool add_operands(struct envelope *e, const struct recipients_source *from,
                         struct status *st)
{
	bool ok = true;

	for (size_t i = 0; ok && i < from->len; i++) {
		const char *operand = from->operands[i];
		size_t n = strlen(operand), before = e->len;

		if (str_has_control(operand, n))
			return status_fail(st, EX_DATAERR, "a control character in a recipient");
		ok = add_list(e, operand, n, from, st);
		for (size_t j = before; from->dsn != NULL && j < e->len; j++)
			set_dsn(&e->v[j], &from->dsn[i]);
	}
	return ok;
}

static bool names_recipients(const struct field *f, bool resent)
{
	static const char *const plain[] = { "To", "Cc", "Bcc" };
	static const char *const again[] = { "Resent-To", "Resent-Cc", "Resent-Bcc" };

	for (size_t i = 0; i < COUNT_OF(plain); i++)
		if (field_is(f, resent ? again[i] : plain[i]))
			return true;
	return false;
}

static bool add_header(struct envelope *e, const struct recipients_source *from, struct status *st)
{
	size_t first, end;
	bool resent = header_resent(from->header, &first, &end), ok = true;

	if (!resent) {
		first = 0;
		end = from->header->len;
	}
	for (size_t i = first; ok && i < end; i++) {
		const struct field *f = &from->header->v[i];

		if (names_recipients(f, resent))
			ok = add_list(e, f->text + f->body, f->len - f->body, from, st)
			     || status_during(st, "%.*s", (int)f->name_len, f->text);
	}
	return ok;
}

bool recipients_add(struct envelope *e, const struct recipients_source *from, struct status *st)
{
	if (from->aliases != NULL && !aliases_begin(from->aliases, st))
		return false;
	if (!add_operands(e, from, st) || (from->header != NULL && !add_header(e, from, st)))
		return false;
	if (e->len > 0)
		return true;
	return status_fail(st, EX_USAGE, "%s",
	                   from->header ? "no recipients, neither as arguments nor in the header"
	                                : "no recipients; -t would take those in the header");
}
