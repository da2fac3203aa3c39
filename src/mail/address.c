#include "mail/address.h"

#include "base/alloc.h"
#include "base/str.h"
#include "mail/atext.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Compared by its address. */
static const char control_error[] = "a control character";

/* The text and how far it was read; of several errors the first counts. */
struct cursor {
	const char *text;
	size_t n, at;
	const char *error;
	size_t error_at;
};

static bool fail(struct cursor *p, size_t at, const char *error)
{
	if (p->error == NULL) {
		p->error = error;
		p->error_at = at;
	}
	return false;
}

static bool at_end(const struct cursor *p)
{
	return p->at >= p->n;
}

static bool next_is(const struct cursor *p, char c)
{
	return !at_end(p) && p->text[p->at] == c;
}

static bool next_is_of(const struct cursor *p, const char *set)
{
	return !at_end(p) && p->text[p->at] != '\0' && strchr(set, p->text[p->at]) != NULL;
}

/* Here and in all that follows `out` is NULL where the text is only passed over. */
static void put(struct buf *out, const char *s, size_t n)
{
	if (out != NULL)
		buf_add(out, s, n);
}

/* Octets of the line end here, if it is one that folds (blanks or nothing behind it); else 0. */
static size_t fold(const struct cursor *p)
{
	size_t i = p->at;

	if (i < p->n && p->text[i] == '\r')
		i++;
	if (i == p->n || p->text[i] != '\n')
		return 0;
	i++;
	return i == p->n || str_is_blank(p->text[i]) ? i - p->at : 0;
}

enum character { CHAR_ASCII, CHAR_UTF8, CHAR_CONTROL, CHAR_BROKEN };

/* What stands here, and in how many octets. */
static enum character classify(const struct cursor *p, size_t *octets)
{
	const char *s = p->text + p->at, *next = s;
	uint32_t cp;

	*octets = 1;
	if (!str_utf8_next(&next, p->text + p->n, &cp))
		return CHAR_BROKEN;
	*octets = (size_t)(next - s);
	if (cp < 32 || (cp >= 127 && cp < 160))
		return CHAR_CONTROL;
	return cp < 127 ? CHAR_ASCII : CHAR_UTF8;
}

/* Whether what stands here may stand in an address at all; if not, that is the error. */
static bool is_allowed(struct cursor *p, size_t *octets)
{
	switch (classify(p, octets)) {
	case CHAR_CONTROL:
		return fail(p, p->at, control_error);
	case CHAR_BROKEN:
		return fail(p, p->at, "an octet that is no UTF-8");
	default:
		return true;
	}
}

/* Something else than `expected` stands here. */
static bool unexpected(struct cursor *p, const char *expected)
{
	size_t octets;

	if (at_end(p) || str_is_blank(p->text[p->at]) || fold(p) > 0 || is_allowed(p, &octets))
		fail(p, p->at, expected);
	return false;
}

/* One character between quotes or behind a backslash. */
static void take(struct cursor *p, struct buf *out)
{
	size_t octets;

	if (out == NULL)
		classify(p, &octets);
	else
		is_allowed(p, &octets);
	put(out, p->text + p->at, octets);
	p->at += octets;
}

/* From the opening quote to behind the closing one. */
static bool quoted_string(struct cursor *p, struct buf *out)
{
	size_t open = p->at++, folded;

	while (!at_end(p) && !next_is(p, '"')) {
		if ((folded = fold(p)) > 0) {
			p->at += folded;
			continue;
		}
		if (next_is(p, '\\') && p->at + 1 < p->n)
			p->at++;
		take(p, out);
	}
	if (at_end(p))
		return fail(p, open, "a quoted string that is never closed");
	p->at++;
	return p->error == NULL;
}

/* Counts instead of calling itself: depth is in the sender's hand. */
static bool comment(struct cursor *p)
{
	size_t open = p->at, depth = 0;

	do {
		if (next_is(p, '\\'))
			p->at++;
		else if (next_is(p, ')'))
			depth--;
		else if (next_is(p, '(') && ++depth > ADDRESS_DEPTH)
			fail(p, p->at, "comments nested too deeply");
		p->at++;
	} while (depth > 0 && !at_end(p));
	if (depth > 0) {
		p->at = p->n;
		return fail(p, open, "a comment that is never closed");
	}
	return p->error == NULL;
}

/* CFWS of RFC 5322: blanks, folding and comments. */
static bool skip_blanks(struct cursor *p)
{
	size_t folded;

	while (!at_end(p)) {
		if (str_is_blank(p->text[p->at]))
			p->at++;
		else if ((folded = fold(p)) > 0)
			p->at += folded;
		else if (!next_is(p, '('))
			break;
		else if (!comment(p))
			return false;
	}
	return true;
}

/* What may stand in a literal.  RFC 5322's dtext has the comma too, but no literal has one. */
static bool is_dtext(char c)
{
	return c > ' ' && c < 127 && strchr("[]\\,", c) == NULL;
}

static bool domain_literal(struct cursor *p, struct buf *out)
{
	size_t folded;

	p->at++;
	put(out, "[", 1);
	while (!next_is(p, ']')) {
		if ((folded = fold(p)) > 0 || next_is_of(p, " \t")) {
			p->at += folded > 0 ? folded : 1;
			continue;
		}
		if (next_is(p, '\\'))
			p->at++;
		if (at_end(p) || !is_dtext(p->text[p->at]))
			return unexpected(p, "a ] expected");
		put(out, p->text + p->at++, 1);
	}
	p->at++;
	put(out, "]", 1);
	return true;
}

/* A run of atext and UTF-8 (RFC 6532); false, without an error, if it is empty. */
static bool atom(struct cursor *p, struct buf *out)
{
	size_t from = p->at, octets;

	while (!at_end(p)) {
		enum character what = classify(p, &octets);

		if (what != CHAR_UTF8 && (what != CHAR_ASCII || !is_atext(p->text[p->at])))
			break;
		p->at += octets;
	}
	put(out, p->text + from, p->at - from);
	return p->at > from;
}

/* RFC 821, 4.1.2: outside quotes too a backslash makes any character an ordinary one. */
static bool quoted_pair(struct cursor *p, struct buf *out)
{
	if (!next_is(p, '\\') || p->at + 1 >= p->n)
		return false;
	p->at++;
	take(p, out);
	return true;
}

/* A part of a local part. */
static bool word(struct cursor *p, struct buf *out)
{
	bool any = false;

	if (next_is(p, '"'))
		return quoted_string(p, out);
	while (atom(p, out) || quoted_pair(p, out))
		any = true;
	return any && p->error == NULL;
}

/*
 * Words and dots with blanks around the dots.  RFC 5322 wants one dot between
 * two words; mailboxes with more are out there (and go quoted on the wire).
 */
static bool local_part(struct cursor *p, struct buf *out)
{
	size_t end = p->at;
	bool after_word = false, any = false;

	for (;;) {
		if (next_is(p, '.')) {
			put(out, p->text + p->at++, 1);
			after_word = false;
		} else if (!after_word && word(p, out)) {
			after_word = any = true;
		} else {
			break;
		}
		end = p->at;
		if (!skip_blanks(p))
			return false;
	}
	if (p->error != NULL)
		return false;
	if (!any)
		return unexpected(p, "a local part expected");
	p->at = end;
	return true;
}

/* Labels with blanks around the dots, or a literal.  The dot of an absolute name is dropped. */
static bool domain(struct cursor *p, struct buf *out)
{
	size_t end;

	if (next_is(p, '['))
		return domain_literal(p, out);
	if (!atom(p, out))
		return unexpected(p, "a domain expected");
	while (end = p->at, skip_blanks(p) && next_is(p, '.')) {
		p->at++;
		if (!skip_blanks(p))
			break;
		if (at_end(p) || next_is_of(p, ",;>"))
			return true;
		put(out, ".", 1);
		if (!atom(p, out))
			return unexpected(p, "a label of the domain expected");
	}
	if (p->error == NULL)
		p->at = end;
	return p->error == NULL;
}

static bool addr_spec(struct cursor *p, struct address *a)
{
	struct buf local, host;
	bool ok;

	buf_init(&local, p->n);
	buf_init(&host, p->n);
	a->start = p->at;
	ok = local_part(p, &local);
	a->end = p->at;
	ok = ok && skip_blanks(p);
	if (ok && next_is(p, '@')) {
		p->at++;
		ok = skip_blanks(p) && domain(p, &host);
		a->end = p->at;
	}
	if (ok) {
		a->local = buf_detach(&local);
		a->domain = host.len > 0 ? buf_detach(&host) : NULL;
	}
	buf_release(&local);
	buf_release(&host);
	return ok;
}

/* RFC 5322, 4.4: "@a,@b:" in front of the address; accepted and forgotten. */
static bool route(struct cursor *p)
{
	size_t start = p->at;

	while (next_is_of(p, "@,")) {
		if (p->text[p->at++] == '@' && !(skip_blanks(p) && domain(p, NULL)))
			return false;
		if (!skip_blanks(p))
			return false;
	}
	if (!next_is(p, ':'))
		return fail(p, start, "a local part expected");
	p->at++;
	return skip_blanks(p);
}

/* All of what should be one bracket. */
static bool brackets(struct cursor *p, char c)
{
	while (next_is(p, c)) {
		p->at++;
		if (!skip_blanks(p))
			return false;
	}
	return true;
}

static bool angle_addr(struct cursor *p, struct address *a)
{
	if (!brackets(p, '<'))
		return false;
	if (next_is(p, '>')) {
		a->local = alloc_copy("");
		a->start = a->end = p->at;
		return brackets(p, '>');
	}
	if (next_is(p, '@') && !route(p))
		return false;
	if (!addr_spec(p, a) || !skip_blanks(p))
		return false;
	return next_is(p, '>') ? brackets(p, '>') : unexpected(p, "a > expected");
}

static void mask_control(struct buf *b, char mask)
{
	for (size_t i = 0; i < b->len; i++)
		if (str_has_control(&b->data[i], 1))
			b->data[i] = mask;
}

/* The display name in text[from, to), whose quotes and comments are known to be closed. */
static char *display_name(const struct cursor *p, size_t from, size_t to)
{
	struct cursor name = { .text = p->text, .n = to, .at = from };
	struct buf out;
	size_t gap;

	buf_init(&out, 2 * (to - from));
	while (gap = name.at, skip_blanks(&name), !at_end(&name)) {
		if (name.at > gap && out.len > 0)
			buf_putc(&out, ' ');
		if (next_is(&name, '"'))
			quoted_string(&name, &out);
		else if (!quoted_pair(&name, &out))
			take(&name, &out);
	}
	mask_control(&out, ' ');
	if (out.len > 0)
		return buf_detach(&out);
	buf_release(&out);
	return NULL;
}

/* Over a quoted string, a quoted pair or an octet. */
static void pass(struct cursor *p)
{
	if (next_is(p, '"'))
		quoted_string(p, NULL);
	else
		p->at += next_is(p, '\\') && p->at + 1 < p->n ? 2 : 1;
}

/*
 * Move to what tells a display name, a group's name and a plain address from
 * each other: one of `<:,;` or the end.
 */
static bool find_delimiter(struct cursor *p)
{
	bool behind_at = false;

	while (skip_blanks(p) && !at_end(p) && !next_is_of(p, "<:,;")) {
		bool literal = behind_at && next_is(p, '['); /* IPv6 has colons */

		behind_at = next_is(p, '@');
		if (!literal)
			pass(p);
		else if (!domain_literal(p, NULL))
			return false;
	}
	return p->error == NULL;
}

/* Nothing more may stand in this entry. */
static bool entry_end(struct cursor *p, const char *expected)
{
	return skip_blanks(p) && (at_end(p) || next_is_of(p, ",;") || unexpected(p, expected));
}

static bool mailbox(struct cursor *p, struct address *a)
{
	size_t start = p->at;

	if (!find_delimiter(p))
		return false;
	if (next_is(p, '<')) {
		a->name = display_name(p, start, p->at);
		return angle_addr(p, a) && entry_end(p, "a comma expected");
	}
	p->at = start;
	return skip_blanks(p) && addr_spec(p, a)
	       && entry_end(p, a->domain ? "a comma expected" : "an @ or a comma expected");
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Fill in `raw` from text[start, end), and where in it the error is. */
static void describe(struct address *a, const struct cursor *p, size_t start, size_t end)
{
	struct buf raw;

	a->error_column = 1;
	buf_init(&raw, end - start);
	for (size_t i = start; i < end; i++) {
		if (p->text[i] == '\r' || p->text[i] == '\n')
			continue;
		a->error_column += i < p->error_at && !is_continuation(p->text[i]);
		buf_putc(&raw, p->text[i] == '\t' ? ' ' : p->text[i]);
	}
	mask_control(&raw, '?');
	a->raw = buf_detach(&raw);
}

/*
 * An entry that starts here, good or bad; p moves to the comma behind it.  What
 * is wrong already (p->error) is its error.
 */
static void entry(struct cursor *p, struct address *a, size_t start)
{
	size_t end;

	*a = (struct address){ 0 };
	if (p->error != NULL || !mailbox(p, a)) {
		while (skip_blanks(p), !at_end(p) && !next_is_of(p, ",;"))
			pass(p);
	}
	for (end = p->at; end > start && str_is_space(p->text[end - 1]);)
		end--;
	if (p->error != NULL) {
		address_release(a);
		a->error = p->error;
		a->error_at = p->error_at;
		a->start = start;
		a->end = end;
	}
	describe(a, p, start, end);
	p->error = NULL;
}

/* "name:" starts a group, but an address with a colon behind it is a slip. */
static bool group_name(struct cursor *p)
{
	struct cursor ahead = *p;

	if (!find_delimiter(&ahead) || !next_is(&ahead, ':'))
		return false;
	if (memchr(p->text + p->at, '@', ahead.at - p->at) != NULL)
		return false;
	p->at = ahead.at + 1;
	return true;
}

/* Move to the next entry, over commas, comments and what makes a group.  False at the end. */
static bool next_entry(struct cursor *p, size_t *start)
{
	for (;;) {
		*start = p->at;
		if (!skip_blanks(p))
			return true;
		*start = p->at;
		if (at_end(p))
			return false;
		if (next_is_of(p, ",;"))
			p->at++;
		else if (!group_name(p))
			return true;
	}
}

void address_release(struct address *a)
{
	free(a->local);
	free(a->domain);
	free(a->name);
	free(a->raw);
	*a = (struct address){ 0 };
}

void address_list_init(struct address_list *l)
{
	*l = (struct address_list){ 0 };
}

void address_list_release(struct address_list *l)
{
	for (size_t i = 0; i < l->len; i++)
		address_release(&l->v[i]);
	free(l->v);
	address_list_init(l);
}

static struct address *list_grow(struct address_list *l)
{
	if (l->len == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 8;
		l->v = alloc_array(l->v, l->cap, sizeof(*l->v));
	}
	return &l->v[l->len++];
}

void address_parse_list(struct address_list *l, const char *text, size_t n)
{
	struct cursor p = { .text = text, .n = n };
	size_t start;

	while (!l->overflow && next_entry(&p, &start)) {
		if (l->len == ADDRESSES_MAX)
			l->overflow = true;
		else
			entry(&p, list_grow(l), start);
	}
}

bool address_parse(struct address *out, const char *text)
{
	struct cursor p = { .text = text, .n = strlen(text) };
	struct address_list list;

	*out = (struct address){ 0 };
	address_list_init(&list);
	address_parse_list(&list, text, p.n);
	if (list.len == 1) {
		*out = list.v[0];
		list.len = 0;
	} else {
		if (list.len > 1)
			fail(&p, list.v[1].start, "a single address expected");
		else if (!skip_blanks(&p) || !at_end(&p))
			fail(&p, p.at, "an address expected");
		else
			out->local = alloc_copy("");
		out->error = p.error;
		out->error_at = p.error_at;
		describe(out, &p, 0, p.n);
	}
	address_list_release(&list);
	return out->error == NULL;
}

bool address_is_null(const struct address *a)
{
	return a->error == NULL && a->local[0] == '\0' && a->domain == NULL;
}

bool address_has_control(const struct address *a)
{
	return a->error == control_error;
}

/* How much of a long entry address_explain shows, and how much of that before the place. */
enum { SHOWN = 80, SHOWN_BEFORE = 40 };

void address_explain(struct buf *out, const struct address *a)
{
	const char *place = a->raw, *from;
	size_t n;

	for (size_t i = 1; i < a->error_column && *place != '\0'; place++)
		i += !is_continuation(place[1]);
	from = place - a->raw > SHOWN_BEFORE ? place - SHOWN_BEFORE : a->raw;
	while (is_continuation(*from))
		from++;
	n = strnlen(from, SHOWN);
	while (n > 0 && is_continuation(from[n]))
		n--;
	buf_puts(out, from > a->raw ? "..." : "");
	str_escape(out, from, n);
	buf_printf(out, "%s: at column %zu: %s", from[n] ? "..." : "", a->error_column, a->error);
}
