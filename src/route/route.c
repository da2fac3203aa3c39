#include "route/route.h"

#include "base/alloc.h"
#include "base/str.h"
#include "mail/address.h"
#include "route/mailbox.h"
#include "route/mapping.h"

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
static char *configured_sender(const struct account *a, const char *from, const char *maildomain,
                               struct status *st)
{
	char *wire = parse_sender(from, maildomain, st);

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

/* By what a message is known: NULL where it does not say. */
struct names {
	char *given;               /* -f */
	char *author;              /* the From field's */
	bool by_author;            /* which chose the account */
};

/* An address of the caller's, as it goes into the envelope; frees it. */
static char *as_sender(const struct config *c, char *address)
{
	char *sender = address != NULL ? mapping_sender(&c->settings, address, MAPPING_ENVELOPE) : NULL;

	free(address);
	return sender;
}

static char *choose_sender(const struct config *c, const struct account *a, const struct names *n,
                           uid_t uid, struct status *st)
{
	char *from, *sender;

	if (n->given != NULL && a->allow_from_override)
		return as_sender(c, alloc_copy(n->given));
	if ((from = account_sender(a, uid)) != NULL) {
		sender = configured_sender(a, from, c->settings.maildomain, st);
		free(from);
		return sender;
	}
	if (n->by_author && a->allow_from_override)
		return as_sender(c, alloc_copy(n->author));
	return as_sender(c, login_address(uid, c->settings.maildomain, st));
}

/* By the addresses that the message will leave with. */
static void choose_account(struct route *r, const struct config *c, uid_t uid, struct names *n)
{
	/* The null sender, a notification's, tells of no account. */
	char *sender = n->given != NULL && *n->given != '\0'
	               ? mapping_sender(&c->settings, n->given, MAPPING_ENVELOPE) : NULL;
	char *author = n->author != NULL
	               ? mapping_sender(&c->settings, n->author, MAPPING_HEADER) : NULL;
	struct account_choice choice;

	choice = account_choose(c, uid, sender, author);
	r->account = choice.account;
	r->entry = choice.entry;
	n->by_author = choice.by_from_field;
	free(sender);
	free(author);
}

static bool choose(struct route *r, const struct config *c, const struct route_request *request,
                   struct names *n, struct status *st)
{
	choose_account(r, c, request->uid, n);
	if (r->account == NULL)
		return status_fail(st, EX_CONFIG,
		                   "no account is for mail from %s, and none is the default",
		                   n->given != NULL && *n->given != '\0' ? n->given
		                   : n->author != NULL ? n->author : "an unknown sender");
	r->sender = choose_sender(c, r->account, n, request->uid, st);
	return r->sender != NULL;
}

bool route_choose(struct route *r, const struct config *c, const struct route_request *request,
                  struct status *st)
{
	const char *maildomain = c->settings.maildomain;
	struct names n = { .author = header_author(request->header, maildomain) };
	bool ok;

	*r = (struct route){ 0 };
	ok = given_sender(&n.given, request->sender, maildomain, st)
	     && choose(r, c, request, &n, st);
	free(n.given);
	free(n.author);
	return ok;
}

void route_release(struct route *r)
{
	free(r->sender);
	*r = (struct route){ 0 };
}
