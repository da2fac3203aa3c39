#include "route/route.h"

#include "base/alloc.h"
#include "base/str.h"
#include "mail/address.h"
#include "route/mailbox.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

/* `text` as an address in wire form, "" for the null sender; NULL with EX_DATAERR. */
static char *parse_sender(const char *text, const char *maildomain, struct status *st)
{
	struct address a;
	char *wire;

	address_parse(&a, text);
	wire = address_is_null(&a) ? alloc_copy("") : mailbox_wire(&a, maildomain, st);
	address_release(&a);
	return wire;
}

/* The first address of a field that can be used; NULL if none can. */
static char *field_address(const struct field *f, const char *maildomain)
{
	struct address_list list;
	struct status ignored;
	char *wire = NULL;

	address_list_init(&list);
	address_parse_list(&list, f->text + f->body, f->len - f->body);
	for (size_t i = 0; wire == NULL && i < list.len; i++)
		wire = mailbox_wire(&list.v[i], maildomain, &ignored);
	address_list_release(&list);
	return wire;
}

/* From whom the header says the message is; NULL if it does not. */
static char *header_author(const struct header *h, const char *maildomain)
{
	size_t first, end, at;

	if (h == NULL)
		return NULL;
	header_resent(h, &first, &end);
	at = header_find(h, "Resent-From", first);
	if (at >= end)
		at = header_find(h, "From", 0);
	return at < h->len ? field_address(&h->v[at], maildomain) : NULL;
}

static char *login_address(uid_t uid, const char *maildomain, struct status *st)
{
	const struct passwd *pw = getpwuid(uid);
	struct address a = { .raw = alloc_printf("uid%lu", (unsigned long)uid) };
	char *wire;

	a.local = alloc_copy(pw ? pw->pw_name : a.raw);
	wire = mailbox_wire(&a, maildomain, st);
	address_release(&a);
	return wire;
}

/* The account's own sender; NULL with EX_CONFIG if the configuration's word is no address. */
static char *configured_sender(const struct account *a, const char *maildomain, struct status *st)
{
	char *wire = parse_sender(account_sender(a), maildomain, st);

	if (wire == NULL) {
		status_during(st, "account %s: from", a->name);
		st->sysexit = EX_CONFIG;
	}
	return wire;
}

/* -f in wire form into *given, which stays NULL without one. */
static bool given_sender(char **given, const char *text, const char *maildomain,
                         struct status *st)
{
	if (text == NULL)
		return true;
	if (str_has_control(text, strlen(text)))
		return status_fail(st, EX_DATAERR, "the sender: a control character");
	*given = parse_sender(text, maildomain, st);
	return *given != NULL || status_during(st, "the sender");
}

/* `author` is NULL unless it chose the account. */
static char *choose_sender(const struct config *c, const struct account *a, const char *given,
                           const char *author, uid_t uid, struct status *st)
{
	if (given != NULL && a->allow_from_override)
		return alloc_copy(given);
	if (account_sender(a) != NULL)
		return configured_sender(a, c->settings.maildomain, st);
	if (author != NULL && a->allow_from_override)
		return alloc_copy(author);
	return login_address(uid, c->settings.maildomain, st);
}

static bool choose(struct route *r, const struct config *c, const struct route_request *request,
                   const char *given, struct status *st)
{
	char *author = header_author(request->header, c->settings.maildomain);
	/* The null sender, a notification's, tells of no account. */
	const char *sender = given != NULL && given[0] != '\0' ? given : NULL;
	bool by_author = false;

	r->account = account_choose(c, sender, author, &by_author);
	if (r->account == NULL)
		status_fail(st, EX_CONFIG, "no account is for mail from %s, and none is the default",
		            sender ? sender : author ? author : "an unknown sender");
	else
		r->sender = choose_sender(c, r->account, given, by_author ? author : NULL,
		                          request->uid, st);
	free(author);
	return r->sender != NULL;
}

bool route_choose(struct route *r, const struct config *c, const struct route_request *request,
                  struct status *st)
{
	char *given = NULL;
	bool ok;

	*r = (struct route){ 0 };
	ok = given_sender(&given, request->sender, c->settings.maildomain, st)
	     && choose(r, c, request, given, st);
	free(given);
	return ok;
}

void route_release(struct route *r)
{
	free(r->sender);
	*r = (struct route){ 0 };
}
