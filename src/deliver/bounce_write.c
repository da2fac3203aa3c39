#include "deliver/bounce.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"
#include "deliver/outcome.h"
#include "mail/date.h"
#include "mail/msgid.h"
#include "smtp/extension.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LINE_MOST = 998,       /* RFC 5322, 2.1.1 */
	WIDTH = 72,
	NAMED_MOST = 100,      /* recipients in the text for people; programs get them all */
	NAMED_IN_LINE = 20,
	SUBJECT_MOST = 200,
	TEXT_MAX = SIZE_MAX / 2, /* it grows with the entry, which is in memory too */
};

/* --- text from outside --- */

/*
 * The gate for it: what comes through here ends no line and is UTF-8, or ASCII
 * with RFC 6533's \x{HEX} for the rest.
 */
static void put_clean(struct buf *out, const char *s, bool utf8)
{
	const char *end = s + strlen(s), *from;
	uint32_t cp;

	while (from = s, s < end) {
		if (str_has_control(s, 1) || !str_utf8_next(&s, end, &cp)) {
			buf_putc(out, '?');
			s = from + 1;
		} else if (cp >= 128 && (!utf8 || cp < 160)) {
			buf_printf(out, "\\x{%X}", (unsigned)cp);
		} else {
			buf_add(out, from, (size_t)(s - from));
		}
	}
}

/* Octets to put on a line: up to a blank within `width`, else to the next one, at most `most`. */
static size_t line_length(const char *s, size_t n, size_t width, size_t most)
{
	size_t at;

	if (n <= width)
		return n;
	for (at = width; at > 0; at--)
		if (s[at] == ' ')
			return at;
	for (at = width; at < n && at < most; at++)
		if (s[at] == ' ')
			return at;
	while (at < n && at > 1 && ((unsigned char)s[at] & 0xc0) == 0x80) /* within a character */
		at--;
	return at;
}

/* Break a line into several; a blank where it breaks gives way to CRLF and `indent`. */
static void put_wrapped(struct buf *out, const char *s, size_t n, size_t width, const char *indent)
{
	size_t margin = 0, len;

	while ((len = line_length(s, n, width - margin, LINE_MOST - margin)) < n) {
		buf_add(out, s, len);
		buf_printf(out, "\r\n%s", indent);
		len += s[len] == ' ';
		s += len;
		n -= len;
		margin = strlen(indent);
	}
	buf_add(out, s, n);
	buf_puts(out, "\r\n");
}

/* A paragraph for people; text from outside goes through put_clean on its way. */
static void put_text(struct buf *out, const char *indent, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void put_text(struct buf *out, const char *indent, const char *fmt, ...)
{
	struct buf raw, line;
	va_list ap;

	buf_init(&raw, TEXT_MAX);
	buf_init(&line, TEXT_MAX);
	va_start(ap, fmt);
	buf_vprintf(&raw, fmt, ap);
	va_end(ap);
	buf_puts(&line, indent);
	put_clean(&line, raw.data, true);
	put_wrapped(out, line.data, line.len, WIDTH, indent);
	buf_release(&line);
	buf_release(&raw);
}

/* A field of the part for programs; `type` is that of RFC 3464, 2.1.2, or NULL. */
static void put_field(struct buf *out, bool utf8, const char *name, const char *type, const char *value)
{
	struct buf line;

	buf_init(&line, TEXT_MAX);
	buf_printf(&line, "%s: ", name);
	if (type != NULL)
		buf_printf(&line, "%s; ", type);
	put_clean(&line, value, utf8);
	put_wrapped(out, line.data, line.len, WIDTH, " ");
	buf_release(&line);
}

static void put_date_field(struct buf *out, const char *name, time_t when)
{
	struct buf date;

	buf_init(&date, 64);
	date_format(&date, when);
	put_field(out, false, name, NULL, date.data);
	buf_release(&date);
}

static bool is_ascii(const char *s)
{
	return str_is_ascii(s, strlen(s));
}

/* --- for people --- */

/* What each event is called. */
static const struct wording {
	const char *subject, *one, *several, *in_line, *action;
} wordings[] = {
	[BOUNCE_FAILED] = {
		.subject = "Your message could not be delivered",
		.one = "Your message could not be delivered to the recipient named below. "
		       "It will not be tried again.",
		.several = "Your message could not be delivered to the recipients named below. "
		           "It will not be tried again for them.",
		.in_line = "could not be delivered to",
		.action = "failed",
	},
	[BOUNCE_DELAYED] = {
		.subject = "Your message is delayed",
		.one = "Your message could not be delivered yet to the recipient named below.",
		.several = "Your message could not be delivered yet to the recipients named below.",
		.in_line = "could not be delivered yet to",
		.action = "delayed",
	},
	[BOUNCE_DELIVERED] = {
		.subject = "Your message was delivered",
		.one = "Your message was delivered to the recipient named below, as you asked to be told.",
		.several = "Your message was delivered to the recipients named below, "
		           "as you asked to be told.",
		.in_line = "was delivered to",
		.action = "delivered",
	},
};

static const struct wording relayed = {
	.subject = "Your message was passed on",
	.one = "Your message was passed on to the mail server of the recipient named below. That "
	       "server sends no further notice of what becomes of it.",
	.several = "Your message was passed on to the mail server of the recipients named below. "
	           "That server sends no further notice of what becomes of it.",
	.in_line = "was passed on for",
	.action = "relayed",
};

static const struct wording *wording_of(const struct bounce_report *r)
{
	return r->event == BOUNCE_DELIVERED && r->relayed ? &relayed : &wordings[r->event];
}

static size_t count_about(const struct bounce_report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->entry->envelope.len; i++)
		n += r->about[i];
	return n;
}

/* The subject where it can be read as it stands. */
static void put_subject(struct buf *out, const struct header *h)
{
	size_t at = header_find(h, "Subject", 0);
	struct buf subject;

	if (at == h->len)
		return;
	buf_init(&subject, SUBJECT_MOST);
	field_unfold(&h->v[at], &subject);
	if (strstr(subject.data, "=?") == NULL)
		put_text(out, "    ", "Subject: %s%s", subject.data, buf_ok(&subject) ? "" : " ...");
	buf_release(&subject);
}

static void put_what(struct buf *out, const struct bounce_report *r)
{
	const struct wording *w = wording_of(r);
	struct buf date;

	put_text(out, "", "This is the mail system at %s.", r->reporter);
	buf_puts(out, "\r\n");
	put_text(out, "", "%s", count_about(r) == 1 ? w->one : w->several);
	buf_puts(out, "\r\n");
	put_subject(out, &r->entry->message.header);
	buf_init(&date, 64);
	date_format(&date, r->entry->info.arrived);
	put_text(out, "    ", "Accepted: %s", date.data);
	put_text(out, "    ", "Id: %s", r->entry->id);
	buf_release(&date);
}

static void put_delay(struct buf *out, const struct bounce_report *r)
{
	struct buf date;

	buf_init(&date, 64);
	date_format(&date, r->until);
	if (r->until != 0)
		put_text(out, "", "What to do: nothing. It will be tried again until %s.", date.data);
	else
		put_text(out, "", "What to do: nothing. It will be tried again.");
	buf_release(&date);
}

static void put_recipient(struct buf *out, const struct recipient *who, const struct outcome *o)
{
	buf_puts(out, "\r\n");
	put_text(out, "", "<%s>", who->address);
	if (strcmp(who->given, who->address) != 0)
		put_text(out, "    ", "(given as %s)", who->given);
	if (*o->words != '\0')
		put_text(out, "    ", "%s%s", o->server ? "The server said: " : "", o->words);
}

static void put_advice(struct buf *out, const char *advice)
{
	if (advice == NULL)
		return;
	buf_puts(out, "\r\n");
	put_text(out, "", "%s", advice);
}

/* What to do is said once for neighbours that need the same. */
static void put_recipients(struct buf *out, const struct bounce_report *r)
{
	const struct envelope *env = &r->entry->envelope;
	const char *advice = NULL, *before;
	size_t named = 0, n = count_about(r);

	for (size_t i = 0; i < env->len && named < NAMED_MOST; i++) {
		struct outcome o;

		if (!r->about[i])
			continue;
		o = outcome_of(r, i);
		before = advice;
		advice = r->event == BOUNCE_FAILED ? outcome_advice(o.status) : NULL;
		if (before != advice)
			put_advice(out, before);
		put_recipient(out, &env->v[i], &o);
		named++;
	}
	put_advice(out, advice);
	if (named < n) {
		buf_puts(out, "\r\n");
		put_text(out, "", "And %zu more, which the part for programs names.", n - named);
	}
}

static void put_for_people(struct buf *out, const struct bounce_report *r)
{
	put_what(out, r);
	put_recipients(out, r);
	if (r->event == BOUNCE_DELAYED) {
		buf_puts(out, "\r\n");
		put_delay(out, r);
	}
	buf_puts(out, "\r\n");
	put_text(out, "", "What follows says the same to programs, and returns what you sent or its header.");
}

/* --- for programs: RFC 3464, RFC 6533 --- */

/* The type of an address: "utf-8" wants the part to be message/global-delivery-status. */
static const char *address_type(const char *address)
{
	return is_ascii(address) ? "rfc822" : "utf-8";
}

/* "rfc822;ann+40x" as "rfc822; ann@x"; what RFC 6533 writes otherwise stays as it is. */
static char *decoded_orcpt(const char *orcpt)
{
	const char *address = strchr(orcpt, ';');
	char *plain, *text;

	if (address == NULL)
		return NULL;
	plain = str_istarts(orcpt, "utf-8;") ? NULL : xtext_parse(address + 1, strlen(address + 1));
	text = alloc_printf("%.*s; %s", (int)(address - orcpt), orcpt, plain ? plain : address + 1);
	free(plain);
	return text;
}

/*
 * As ORCPT names it to servers, with its type: what the caller said there or, if
 * that is a mailbox, wrote as the recipient.  The caller frees it.
 */
static char *original_recipient(const struct recipient *who)
{
	bool mailbox = strchr(who->given, '@') != NULL && strpbrk(who->given, " \t<>") == NULL;
	const char *address = mailbox ? who->given : who->address;
	char *said = who->orcpt != NULL ? decoded_orcpt(who->orcpt) : NULL;

	return said != NULL ? said : alloc_printf("%s; %s", address_type(address), address);
}

static bool recipient_needs_utf8(const struct recipient *who)
{
	char *original = original_recipient(who);
	bool needs = !is_ascii(who->address) || !is_ascii(original);

	free(original);
	return needs;
}

static bool needs_utf8(const struct bounce_report *r)
{
	const struct envelope *env = &r->entry->envelope;

	for (size_t i = 0; i < env->len; i++)
		if (r->about[i] && recipient_needs_utf8(&env->v[i]))
			return true;
	return false;
}

static void put_status(struct buf *out, const struct bounce_report *r, size_t i, bool utf8)
{
	const struct recipient *who = &r->entry->envelope.v[i];
	char *original = original_recipient(who);
	struct outcome o = outcome_of(r, i);

	buf_puts(out, "\r\n");
	put_field(out, utf8, "Original-Recipient", NULL, original);
	put_field(out, utf8, "Final-Recipient", address_type(who->address), who->address);
	put_field(out, utf8, "Action", NULL, wording_of(r)->action);
	put_field(out, utf8, "Status", NULL, o.status);
	if (o.server && r->remote != NULL)
		put_field(out, utf8, "Remote-MTA", "dns", r->remote);
	if (*o.words != '\0')
		put_field(out, utf8, "Diagnostic-Code", o.server ? "smtp" : "x-mailchute", o.words);
	put_date_field(out, "Last-Attempt-Date", r->now);
	if (r->event == BOUNCE_DELAYED && r->until != 0)
		put_date_field(out, "Will-Retry-Until", r->until);
	free(original);
}

static void put_for_programs(struct buf *out, const struct bounce_report *r, bool utf8)
{
	if (r->entry->envelope.envid != NULL)
		put_field(out, utf8, "Original-Envelope-Id", NULL, r->entry->envelope.envid);
	put_field(out, utf8, "Reporting-MTA", "dns", r->reporter);
	put_date_field(out, "Arrival-Date", r->entry->info.arrived);
	for (size_t i = 0; i < r->entry->envelope.len; i++)
		if (r->about[i])
			put_status(out, r, i, utf8);
}

/* --- the original --- */

/* The lines of a field, over-long ones folded. */
static void put_original_field(struct buf *out, const struct field *f)
{
	const char *s = f->text, *end = f->text + f->len, *lf;

	for (; s < end && (lf = memchr(s, '\n', (size_t)(end - s))) != NULL; s = lf + 1)
		put_wrapped(out, s, (size_t)(lf - s) - (lf > s && lf[-1] == '\r'), LINE_MOST, " ");
}

/* Whole fields, as many as fit. */
static void put_original_header(struct buf *out, const struct header *h)
{
	for (size_t i = 0; i < h->len; i++)
		if (out->len + h->v[i].len <= BOUNCE_HEADER_MOST)
			put_original_field(out, &h->v[i]);
}

static bool has_long_line(const struct buf *b)
{
	const char *s = b->data, *end = b->data + b->len, *lf;

	for (; (lf = memchr(s, '\n', (size_t)(end - s))) != NULL; s = lf + 1)
		if (lf - s > LINE_MOST + 1)
			return true;
	return end - s > LINE_MOST;
}

/* The message as it is; false, and nothing is added, if it cannot be returned so. */
static bool put_original(struct buf *out, const struct message *m)
{
	struct message_source source;
	char block[16 * 1024];
	long n;

	if (message_octets(m) > BOUNCE_MESSAGE_MOST)
		return false;
	message_start(&source, m);
	while ((n = message_next(&source, block, sizeof(block))) > 0)
		buf_add(out, block, (size_t)n);
	if (n == 0 && !has_long_line(out))
		return true;
	buf_reset(out);
	return false;
}

/* --- putting it together --- */

struct part {
	const char *type, *description;
	struct buf  text;
};

enum { FOR_PEOPLE, FOR_PROGRAMS, ORIGINAL, PARTS };

/* A header as RFC 6532 has it: not ASCII, and UTF-8 throughout. */
static bool is_global(const struct header *h)
{
	bool ascii = true, utf8 = true;

	for (size_t i = 0; i < h->len; i++) {
		ascii = ascii && str_is_ascii(h->v[i].text, h->v[i].len);
		utf8 = utf8 && str_is_utf8(h->v[i].text, h->v[i].len);
	}
	return !ascii && utf8;
}

static const char *original_type(bool whole, bool utf8)
{
	if (whole)
		return utf8 ? "message/global" : "message/rfc822";
	return utf8 ? "message/global-headers" : "text/rfc822-headers";
}

static void make_parts(struct part parts[PARTS], const struct bounce_report *r)
{
	bool utf8 = needs_utf8(r), whole;
	struct buf *original = &parts[ORIGINAL].text;

	for (size_t i = 0; i < PARTS; i++)
		buf_init(&parts[i].text, TEXT_MAX);
	put_for_people(&parts[FOR_PEOPLE].text, r);
	put_for_programs(&parts[FOR_PROGRAMS].text, r, utf8);
	whole = r->ret == RETURN_FULL && r->event == BOUNCE_FAILED && put_original(original, &r->entry->message);
	if (!whole)
		put_original_header(original, &r->entry->message.header);
	parts[FOR_PEOPLE].type = "text/plain; charset=utf-8";
	parts[FOR_PEOPLE].description = "Notification";
	parts[FOR_PROGRAMS].type = utf8 ? "message/global-delivery-status" : "message/delivery-status";
	parts[FOR_PROGRAMS].description = "Delivery report";
	parts[ORIGINAL].type = original_type(whole, utf8 || is_global(&r->entry->message.header));
	parts[ORIGINAL].description = whole ? "Your message" : "Header of your message";
}

/* A boundary that stands in none of them (RFC 2046, 5.1.1). */
static void choose_boundary(char *out, size_t size, const char *id, const struct part parts[PARTS])
{
	bool taken = true;

	for (unsigned n = 0; taken; n++) {
		snprintf(out, size, "=_%s.%u", id, n);
		taken = false;
		for (size_t i = 0; i < PARTS; i++)
			taken |= memmem(parts[i].text.data, parts[i].text.len, out, strlen(out)) != NULL;
	}
}

static void put_part(struct buf *out, const struct part *p, const char *boundary)
{
	bool plain = str_is_ascii(p->text.data, p->text.len);

	buf_printf(out, "--%s\r\nContent-Type: %s\r\n", boundary, p->type);
	buf_printf(out, "Content-Description: %s\r\n", p->description);
	buf_printf(out, "Content-Transfer-Encoding: %s\r\n\r\n", plain ? "7bit" : "8bit");
	buf_add(out, p->text.data, p->text.len);
	buf_puts(out, "\r\n");
}

static void add_field(struct message *m, const char *name, const char *value)
{
	struct header *h = &m->header;

	header_insert(h, h->len, name, value);
	m->header_8bit |= !is_ascii(value);
}

static bool set_body(struct message *m, const struct buf *body, struct status *st)
{
	m->body_8bit = !str_is_ascii(body->data, body->len);
	return message_add_body(m, body->data, body->len)
	       || status_fail(st, EX_TEMPFAIL, "storing a notification: %s", strerror(errno));
}

/* The fields of every notification. */
static void set_header(struct message *m, const char *from, const char *to, const char *subject,
                       const char *id, time_t now)
{
	const char *at = strrchr(from, '@');
	char *message_id = msgid_field(id, at != NULL ? at + 1 : "localhost");
	struct buf text;

	buf_init(&text, TEXT_MAX);
	buf_printf(&text, "Mail Delivery System <%s>", from);
	add_field(m, "From", text.data);
	buf_reset(&text);
	put_clean(&text, to, true);
	add_field(m, "To", text.data);
	add_field(m, "Subject", subject);
	buf_reset(&text);
	date_format(&text, now);
	add_field(m, "Date", text.data);
	add_field(m, "Message-ID", message_id);
	add_field(m, "Auto-Submitted", "auto-replied"); /* RFC 3834, 5 */
	add_field(m, "MIME-Version", "1.0");
	buf_release(&text);
	free(message_id);
}

bool bounce_compose(struct message *out, const struct bounce_report *r, struct status *st)
{
	struct part parts[PARTS] = { 0 };
	char boundary[128];
	struct buf body;
	bool ok;

	make_parts(parts, r);
	choose_boundary(boundary, sizeof(boundary), r->id, parts);
	set_header(out, r->from, r->entry->envelope.sender, wording_of(r)->subject, r->id, r->now);
	buf_init(&body, TEXT_MAX);
	buf_printf(&body, "multipart/report; report-type=delivery-status;\r\n\tboundary=\"%s\"", boundary);
	add_field(out, "Content-Type", body.data);
	buf_reset(&body);
	buf_puts(&body, "This is a multipart message in MIME format.\r\n\r\n");
	for (size_t i = 0; i < PARTS; i++)
		put_part(&body, &parts[i], boundary);
	buf_printf(&body, "--%s--\r\n", boundary);
	ok = set_body(out, &body, st);
	buf_release(&body);
	for (size_t i = 0; i < PARTS; i++)
		buf_release(&parts[i].text);
	return ok;
}

/* --- summaries --- */

char *bounce_line(const struct bounce_report *r)
{
	const struct envelope *env = &r->entry->envelope;
	size_t named = 0, n = count_about(r);
	struct buf out;

	buf_init(&out, TEXT_MAX);
	buf_printf(&out, "%s of ", r->entry->id);
	date_format(&out, r->entry->info.arrived);
	buf_printf(&out, " %s", wording_of(r)->in_line);
	for (size_t i = 0; i < env->len && named < NAMED_IN_LINE; i++) {
		if (!r->about[i])
			continue;
		buf_puts(&out, named++ > 0 ? "; <" : " <");
		put_clean(&out, env->v[i].address, true);
		buf_puts(&out, ">: ");
		put_clean(&out, outcome_of(r, i).words, true);
	}
	if (named < n)
		buf_printf(&out, "; and %zu more", n - named);
	return buf_detach(&out);
}

bool bounce_compose_summary(struct message *out, const struct bounce_summary *s, struct status *st)
{
	struct buf body;
	bool ok;

	set_header(out, s->from, s->to, "Your messages: more notifications", s->id, s->now);
	add_field(out, "Content-Type", "text/plain; charset=utf-8");
	buf_init(&body, TEXT_MAX);
	put_text(&body, "", "This is the mail system at %s.", s->reporter);
	buf_puts(&body, "\r\n");
	put_text(&body, "", "So many of your messages called for a notification that these were not sent "
	                    "one by one:");
	for (size_t i = 0; i < s->len; i++) {
		buf_puts(&body, "\r\n");
		put_text(&body, "    ", "%s", s->lines[i]);
	}
	if (s->more > 0) {
		buf_puts(&body, "\r\n");
		put_text(&body, "", "And %u more, which the log of the mail system names.", s->more);
	}
	ok = set_body(out, &body, st);
	if (out->body_8bit)
		add_field(out, "Content-Transfer-Encoding", "8bit");
	buf_release(&body);
	return ok;
}
