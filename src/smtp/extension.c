#include "smtp/extension.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "smtp/dsn.h"

/* xtext (RFC 3461, 4): printable ASCII but these two, which start and part things. */
static bool is_xchar(char c)
{
	return c > 32 && c < 127 && c != '+' && c != '=';
}

void xtext_print(struct buf *out, const char *text)
{
	const char *end = text + strlen(text), *from;
	uint32_t cp;

	while (from = text, text < end) {
		if (is_xchar(*text))
			buf_putc(out, *text++);
		else if ((unsigned char)*text > 127 && str_utf8_next(&text, end, &cp))
			buf_add(out, from, (size_t)(text - from));
		else
			buf_printf(out, "+%02X", (unsigned char)*text++);
	}
}

/* RFC 3461 has upper case alone; -1 for what is none. */
static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "+41"; a NUL if it is none. */
static char hex_octet(const char *p, const char *end)
{
	int high, low;

	if (end - p < 3 || *p != '+' || (high = hex_digit(p[1])) < 0 || (low = hex_digit(p[2])) < 0)
		return '\0';
	return (char)(high << 4 | low);
}

static bool decode(struct buf *out, const char *p, const char *end)
{
	const char *from;
	uint32_t cp;

	while (from = p, p < end) {
		char octet = hex_octet(p, end);

		if (octet != '\0') {
			buf_putc(out, octet);
			p += 3;
		} else if (is_xchar(*p) || ((unsigned char)*p > 127 && str_utf8_next(&p, end, &cp))) {
			p += p == from;
			buf_add(out, from, (size_t)(p - from));
		} else {
			return false;
		}
	}
	return true;
}

char *xtext_parse(const char *text, size_t n)
{
	struct buf out;

	buf_init(&out, n);
	if (decode(&out, text, text + n))
		return buf_detach(&out);
	buf_release(&out);
	return NULL;
}

/* --- XMAIL --- */

static bool take_text(struct request *r, size_t at, const char *value)
{
	*(const char **)((char *)r + at) = value;
	return true;
}

static bool take_flag(struct request *r, size_t at, const char *value)
{
	*(bool *)((char *)r + at) = true;
	return value == NULL;
}

static bool take_number(struct request *r, size_t at, const char *value)
{
	errno = 0;
	*(unsigned long *)((char *)r + at) = strtoul(value, NULL, 10);
	return *value != '\0' && value[strspn(value, "0123456789")] == '\0' && errno == 0;
}

static bool take_envid(struct request *r, size_t at, const char *value)
{
	return request_is_envid(value) && take_text(r, at, value);
}

static bool take_notify(struct request *r, size_t at, const char *value)
{
	(void)at;
	return request_notify(value, &r->notify);
}

static bool take_return(struct request *r, size_t at, const char *value)
{
	(void)at;
	return request_return(value, &r->ret);
}

static bool take_body(struct request *r, size_t at, const char *value)
{
	(void)at;
	return request_body(value, &r->body);
}

static bool take_delivery(struct request *r, size_t at, const char *value)
{
	(void)at;
	return request_delivery(value, &r->delivery);
}

static bool take_errors(struct request *r, size_t at, const char *value)
{
	(void)at;
	return request_errors(value, &r->errors);
}

#define AT(member) .at = offsetof(struct request, member)

/* Each key and its way back; what prints them is extension_print_mail(). */
static const struct key {
	const char *name;
	bool (*take)(struct request *r, size_t at, const char *value);
	size_t at;                 /* the member that it sets */
} keys[] = {
	{ "FROM", .take = take_text, AT(sender) },
	{ "NAME", .take = take_text, AT(full_name) },
	{ "TAG", .take = take_text, AT(tag) },
	{ "HEADER", .take = take_flag, AT(header_recipients) },
	{ "NOALIASES", .take = take_flag, AT(no_aliases) },
	{ "SMTPUTF8", .take = take_flag, AT(smtputf8) },
	{ "ENVID", .take = take_envid, AT(envid) },
	{ "HOPS", .take = take_number, AT(hops) },
	{ "NULS", .take = take_number, AT(nuls) },
	{ "CRS", .take = take_number, AT(lone_crs) },
	{ "NOTIFY", .take = take_notify },
	{ "RET", .take = take_return },
	{ "BODY", .take = take_body },
	{ "DELIVERY", .take = take_delivery },
	{ "ERRORS", .take = take_errors },
};

static void print_value(struct buf *line, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_printf(line, " %s=", name);
	xtext_print(line, value);
}

static void print_flag(struct buf *line, const char *name, bool set)
{
	if (set)
		buf_printf(line, " %s", name);
}

static void print_number(struct buf *line, const char *name, unsigned long n)
{
	if (n != 0)
		buf_printf(line, " %s=%lu", name, n);
}

void extension_print_mail(struct buf *line, const struct request *r)
{
	static const char *const bodies[] = { [BODY_7BIT] = "7BIT", [BODY_8BITMIME] = "8BITMIME" };
	static const char *const deliveries[] = {
		[DELIVERY_WAIT] = "i", [DELIVERY_BACKGROUND] = "b", [DELIVERY_QUEUE] = "q",
	};
	static const char *const errors[] = { [ERRORS_MAIL] = "m", [ERRORS_QUIET] = "q" };

	buf_puts(line, "XMAIL");
	print_value(line, "FROM", r->sender);
	print_value(line, "NAME", r->full_name);
	print_value(line, "TAG", r->tag);
	print_flag(line, "HEADER", r->header_recipients);
	print_flag(line, "NOALIASES", r->no_aliases);
	print_flag(line, "SMTPUTF8", r->smtputf8);
	print_number(line, "HOPS", r->hops);
	print_number(line, "NULS", r->nuls);
	print_number(line, "CRS", r->lone_crs);
	dsn_mail_parameters(line, r->ret, r->envid);
	dsn_rcpt_parameters(line, r->notify, NULL, false);
	print_value(line, "BODY", bodies[r->body]);
	print_value(line, "DELIVERY", deliveries[r->delivery]);
	print_value(line, "ERRORS", errors[r->errors]);
}

static const struct key *find_key(const char *word, size_t n)
{
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (strlen(keys[i].name) == n && str_iequaln(keys[i].name, word, n))
			return &keys[i];
	return NULL;
}

/* The value behind "KEY=": NULL where there is none, which a flag alone may lack. */
static bool take_value(struct request *r, struct strv *texts, const struct key *k, const char *text,
                       size_t n, struct status *st)
{
	char *value;

	if (n == 0)
		return k->take == take_flag ? k->take(r, k->at, NULL)
		       : status_fail(st, EX_USAGE, "%s needs a value", k->name);
	value = xtext_parse(text + 1, n - 1);
	if (value == NULL)
		return status_fail(st, EX_USAGE, "the value of %s is no xtext", k->name);
	strv_take(texts, value);
	if (str_has_control(value, strlen(value)))
		return status_fail(st, EX_DATAERR, "a control character in %s", k->name);
	return k->take(r, k->at, value)
	       || status_fail(st, EX_USAGE, "%s does not take this value", k->name);
}

static bool take_word(struct request *r, struct strv *texts, const char *word, size_t n,
                      struct status *st)
{
	size_t name = strcspn(word, "= ");
	const struct key *k = find_key(word, name);

	if (k == NULL)
		return status_fail(st, EX_USAGE, "an option that this version does not know");
	return take_value(r, texts, k, word + name, n - name, st);
}

bool extension_parse_mail(struct request *r, struct strv *texts, const char *arguments,
                          struct status *st)
{
	size_t n;

	*r = (struct request){ .sender = NULL };
	for (; *(arguments += strspn(arguments, " ")) != '\0'; arguments += n) {
		n = strcspn(arguments, " ");
		if (!take_word(r, texts, arguments, n, st))
			return false;
	}
	return true;
}

/* --- refusals --- */

void extension_print_exit(struct buf *text, int sysexit)
{
	buf_printf(text, " [EX %d]", sysexit);
}

int extension_exit(const char *text, size_t *len)
{
	static const char start[] = " [EX ";
	size_t n = strlen(text), tail = strlen(start) + strlen("67]");
	const char *at = text + n - tail;

	*len = n;
	if (n < tail || !str_starts(at, start) || text[n - 1] != ']'
	    || strspn(at + strlen(start), "0123456789") != 2)
		return 0;
	*len = n - tail;
	return atoi(at + strlen(start));
}
