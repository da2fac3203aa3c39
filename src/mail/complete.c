#include "mail/complete.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "mail/address.h"
#include "mail/date.h"
#include "mail/msgid.h"
#include "mail/rewrite.h"

enum { BODY_MAX = SIZE_MAX / 2 };

/* Field bodies */

static char *make_message_id(const struct completion *c)
{
	return msgid_field(c->id, c->domain);
}

static char *make_date(const struct completion *c)
{
	struct buf b;

	buf_init(&b, BODY_MAX);
	date_format(&b, c->now);
	return buf_detach(&b);
}

static char *make_from(const struct completion *c)
{
	bool named = c->name != NULL && *c->name != '\0';
	struct buf b;

	buf_init(&b, BODY_MAX);
	if (named) {
		address_format_name(&b, c->name);
		buf_puts(&b, " <");
	}
	if (*c->sender != '\0')
		buf_puts(&b, c->sender);
	else
		buf_printf(&b, "MAILER-DAEMON@%s", c->domain);
	if (named)
		buf_putc(&b, '>');
	return buf_detach(&b);
}

static char *make_received(const struct completion *c)
{
	char *date = make_date(c);
	char *who = c->uid == CALLER_UNKNOWN ? alloc_copy("tcp") : alloc_printf("uid %lu", (unsigned long)c->uid);
	char *body = alloc_printf("from localhost (%s)\r\n\tby %s id %s;\r\n\t%s", who, c->host, c->id, date);

	free(who);
	free(date);
	return body;
}

/* Adding */

static const struct required {
	const char *name, *resent;
	char *(*make)(const struct completion *c);
} required[] = {
	{ .name = "Message-ID", .resent = "Resent-Message-ID", .make = make_message_id },
	{ .name = "Date", .resent = "Resent-Date", .make = make_date },
	{ .name = "From", .resent = "Resent-From", .make = make_from },
};

static bool is_wanted(const struct required *r, const struct completion *c)
{
	return r->make != make_from || c->from != COMPLETE_FROM_NEVER;
}

static void insert(struct header *h, size_t at, const char *name, char *body)
{
	header_insert(h, at, name, body);
	free(body);
}

static void add_missing(struct header *h, const struct completion *c)
{
	for (size_t i = 0; i < COUNT_OF(required); i++)
		if (is_wanted(&required[i], c) && header_find(h, required[i].name, 0) == h->len)
			insert(h, h->len, required[i].name, required[i].make(c));
}

static void add_missing_resent(struct header *h, const struct completion *c)
{
	size_t first, end;

	for (size_t i = 0; i < COUNT_OF(required); i++)
		if (header_resent(h, &first, &end) && is_wanted(&required[i], c)
		    && header_find(h, required[i].resent, first) >= end)
			insert(h, first, required[i].resent, required[i].make(c));
}

/* One From, at the place of the first there was, with the envelope's sender. */
static void replace_from(struct header *h, const struct completion *c)
{
	size_t at = header_find(h, "From", 0);

	header_remove_all(h, "From");
	insert(h, at, "From", make_from(c));
}

/* Dropping */

static void remove_fields(struct header *h, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		header_remove_all(h, names[i]);
}

static void drop_private(struct header *h)
{
	static const char *const names[] = { "Bcc", "Resent-Bcc", "Return-Path", "Content-Length" };

	remove_fields(h, names, COUNT_OF(names));
}

static void hide_recipients(struct header *h)
{
	static const char *const names[] = { "To", "Cc", "Resent-To", "Resent-Cc" };

	remove_fields(h, names, COUNT_OF(names));
	header_insert(h, h->len, "To", "undisclosed-recipients:;");
}

/* Qualifying */

static bool add_domain(void *domain, const struct address *a, const char *spec, size_t n,
                       struct buf *out)
{
	if (a->domain != NULL)
		return false;
	buf_add(out, spec, n);
	buf_printf(out, "@%s", (const char *)domain);
	return true;
}

static void qualify(struct header *h, const char *domain)
{
	for (size_t i = 0; i < h->len; i++)
		if (field_has_addresses(&h->v[i]))
			header_rewrite(h, i, add_domain, (void *)domain);
}

static bool is_8bit(const struct header *h)
{
	for (size_t i = 0; i < h->len; i++)
		if (!str_is_ascii(h->v[i].text, h->v[i].len))
			return true;
	return false;
}

void message_complete(struct message *m, const struct completion *c)
{
	struct header *h = &m->header;

	add_missing_resent(h, c); /* while a block of nothing but Resent-Bcc can be seen */
	drop_private(h);
	if (c->undisclosed_recipients)
		hide_recipients(h);
	if (c->from == COMPLETE_FROM_ALWAYS && *c->sender != '\0')
		replace_from(h, c);
	add_missing(h, c);
	if (c->qualify)
		qualify(h, c->domain);
	if (c->received)
		insert(h, 0, "Received", make_received(c));
	m->header_8bit = is_8bit(h);
}

size_t header_hops(const struct header *h)
{
	size_t n = 0;

	for (size_t i = 0; i < h->len; i++)
		n += field_is(&h->v[i], "Received");
	return n;
}

static void add_capitalised(struct buf *b, const char *s)
{
	if (*s >= 'a' && *s <= 'z')
		buf_putc(b, (char)(*s++ - 'a' + 'A'));
	buf_puts(b, s);
}

char *complete_user_name(const struct passwd *pw)
{
	struct buf b;
	const char *s = pw->pw_gecos;

	if (pw->pw_uid < 1000 || s == NULL || *s == '\0' || *s == ',')
		return NULL;
	buf_init(&b, BODY_MAX);
	for (; *s != '\0' && *s != ','; s++) {
		if (*s == '&')
			add_capitalised(&b, pw->pw_name);
		else
			buf_putc(&b, *s);
	}
	return buf_detach(&b);
}
