#include "mail/envelope.h"

#include "base/alloc.h"
#include "base/str.h"
#include "mail/address.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

void envelope_init(struct envelope *e)
{
	*e = (struct envelope){ .sender = alloc_copy("") };
}

static int by_address(const void *a, const void *b)
{
	return address_compare(a, b);
}

void envelope_release(struct envelope *e)
{
	for (size_t i = 0; i < e->len; i++) {
		tdelete(e->v[i].address, &e->known, by_address);
		free(e->v[i].address);
		free(e->v[i].given);
		free(e->v[i].orcpt);
		free(e->v[i].sender);
	}
	free(e->v);
	free(e->sender);
	free(e->envid);
	*e = (struct envelope){ 0 };
}

/* Domains are A-labels here, so what is not ASCII is a local part (RFC 6531). */
static void note_smtputf8(struct envelope *e, const char *address)
{
	if (!str_is_ascii(address, strlen(address)))
		e->smtputf8 = true;
}

void envelope_set_sender(struct envelope *e, const char *sender)
{
	char *copy = alloc_copy(sender);

	free(e->sender);
	e->sender = copy;
	note_smtputf8(e, sender);
}

/* NULL if it is there already. */
static struct recipient *add(struct envelope *e, const char *address, const char *given)
{
	char *key = alloc_copy(address);
	char **node = tsearch(key, &e->known, by_address);
	const char *known = node ? *node : NULL;
	struct recipient *r;

	if (known == NULL)
		alloc_failed();
	if (known != key) {
		free(key);
		return NULL;
	}
	if (e->len == e->cap) {
		e->cap = e->cap ? e->cap * 2 : 8;
		e->v = alloc_array(e->v, e->cap, sizeof(*e->v));
	}
	r = &e->v[e->len++];
	*r = (struct recipient){ .address = key, .given = alloc_copy(given) };
	return r;
}

bool envelope_add(struct envelope *e, const char *address, const char *given)
{
	if (add(e, address, given) == NULL)
		return false;
	note_smtputf8(e, address);
	return true;
}

void envelope_add_failed(struct envelope *e, const char *address, const char *given,
                         const struct status *why)
{
	struct recipient *r = add(e, address, given);

	if (r == NULL)
		return;
	r->state = RECIPIENT_FAILED;
	r->status = *why;
}

unsigned envelope_notify(const struct envelope *e, const struct recipient *r, unsigned account)
{
	if (r->notify != 0)
		return r->notify;
	return e->notify != 0 ? e->notify : account;
}

size_t envelope_count(const struct envelope *e, enum recipient_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < e->len; i++)
		n += e->v[i].state == state;
	return n;
}
