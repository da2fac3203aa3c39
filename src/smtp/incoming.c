#include "smtp/incoming.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "mail/address.h"

enum { RECIPIENTS_OCTETS_MAX = 16 * 1024 * 1024 };

void incoming_init(struct incoming *t)
{
	*t = (struct incoming){ .open = false };
	message_init(&t->message);
}

void incoming_reset(struct incoming *t)
{
	struct status st;

	if (t->started)
		parser_end(&t->parser, &st);
	message_release(&t->message);
	strv_release(&t->texts);
	strv_release(&t->recipients);
	free(t->dsn);
	incoming_init(t);
}

const char *incoming_keep(struct incoming *t, const char *text)
{
	if (text == NULL)
		return NULL;
	strv_add(&t->texts, text);
	return t->texts.v[t->texts.len - 1];
}

bool incoming_has_room(const struct incoming *t, size_t octets)
{
	return t->recipients.len < ADDRESSES_MAX && octets <= RECIPIENTS_OCTETS_MAX - t->octets;
}

void incoming_add(struct incoming *t, const char *text, const struct request_dsn *dsn)
{
	size_t n = t->recipients.len;

	if ((n & (n - 1)) == 0) /* a power of two: it is full */
		t->dsn = alloc_array(t->dsn, n > 0 ? 2 * n : 1, sizeof(*t->dsn));
	strv_add(&t->recipients, text);
	t->dsn[n] = *dsn;
	t->dsn[n].orcpt = incoming_keep(t, dsn->orcpt);
	t->octets += strlen(text);
}

bool incoming_has_recipients(const struct incoming *t)
{
	return t->recipients.len > 0 || t->request.header_recipients;
}

void incoming_start(struct incoming *t, const struct message_options *how)
{
	if (t->started)
		return;
	t->started = true;
	parser_init(&t->parser, &t->message, how);
}

bool incoming_end(struct incoming *t, struct status *st)
{
	t->started = false;
	if (!parser_end(&t->parser, st))
		return false;
	t->request.recipients = (const char *const *)t->recipients.v;
	t->request.recipients_len = t->recipients.len;
	t->request.recipients_dsn = t->dsn;
	t->message.nuls += t->request.nuls;
	t->message.lone_crs += t->request.lone_crs;
	return true;
}

size_t incoming_held(const struct incoming *t)
{
	size_t message = t->started ? parser_held(&t->parser) : message_held(&t->message);
	size_t recipient = sizeof(*t->recipients.v) + 2 * sizeof(void *) + sizeof(*t->dsn);

	return message + t->octets + t->recipients.len * recipient;
}
