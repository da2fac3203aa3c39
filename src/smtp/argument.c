#include "smtp/argument.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "mail/address.h"
#include "smtp/extension.h"

enum { ORCPT_MAX = 500 }; /* RFC 3461, 4.2 */

/* --- parameters --- */

static bool take_size(struct argument *a, const char *value)
{
	size_t n = strspn(value, "0123456789");

	a->size = strtoull(value, NULL, 10); /* ULLONG_MAX if it is more */
	return n > 0 && n <= 20 && value[n] == '\0'; /* RFC 1870, 4 */
}

static bool take_body(struct argument *a, const char *value)
{
	return request_body(value, &a->body);
}

static bool take_smtputf8(struct argument *a, const char *value)
{
	a->smtputf8 = true;
	return value == NULL;
}

static bool take_ret(struct argument *a, const char *value)
{
	return request_return(value, &a->ret);
}

/* xtext may hide what a command must not hold. */
static char *decode(const char *text)
{
	char *plain = xtext_parse(text, strlen(text));

	if (plain != NULL && !str_has_control(plain, strlen(plain)))
		return plain;
	free(plain);
	return NULL;
}

static bool take_envid(struct argument *a, const char *value)
{
	a->envid = decode(value);
	return a->envid != NULL && request_is_envid(a->envid);
}

static bool take_notify(struct argument *a, const char *value)
{
	return request_notify(value, &a->notify);
}

/* addr-type ";" xtext, of RFC 6533 its other forms, too. */
static bool take_orcpt(struct argument *a, const char *value)
{
	const char *address = strchr(value, ';');
	char *plain;
	bool ok = address != NULL && address > value && address[1] != '\0' && strlen(value) <= ORCPT_MAX
	          && str_is_utf8(value, strlen(value));

	if (!ok || !str_istarts(value, "utf-8;")) {
		plain = ok ? decode(address + 1) : NULL;
		ok = plain != NULL;
		free(plain);
	}
	a->orcpt = ok ? alloc_copy(value) : NULL;
	return ok;
}

enum command { MAIL = 1, RCPT = 2 };

static const struct parameter {
	const char *name;
	enum command of;
	bool alone;                /* has no value */
	bool (*take)(struct argument *a, const char *value);
} parameters[] = {
	{ "SIZE", MAIL, .take = take_size },
	{ "BODY", MAIL, .take = take_body },
	{ "SMTPUTF8", MAIL, .alone = true, .take = take_smtputf8 },
	{ "RET", MAIL, .take = take_ret },
	{ "ENVID", MAIL, .take = take_envid },
	{ "NOTIFY", RCPT, .take = take_notify },
	{ "ORCPT", RCPT, .take = take_orcpt },
};

static const struct parameter *find(enum command c, const char *name)
{
	for (size_t i = 0; i < COUNT_OF(parameters); i++)
		if (parameters[i].of == c && str_iequal(parameters[i].name, name))
			return &parameters[i];
	return NULL;
}

/* One of them, cut in two at its "=". */
static const char *take_parameter(struct argument *a, enum command c, char *word, unsigned *seen)
{
	char *value = strchr(word, '=');
	const struct parameter *p;
	unsigned bit;

	if (value != NULL)
		*value++ = '\0';
	p = find(c, word);
	if (p == NULL)
		return "555 5.5.4 unknown parameter";
	bit = 1U << (p - parameters);
	if ((*seen & bit) != 0 || (value == NULL) != p->alone || !p->take(a, value))
		return "501 5.5.4 bad parameter";
	*seen |= bit;
	return NULL;
}

static const char *take_parameters(struct argument *a, enum command c, const char *text)
{
	char *copy = alloc_copy(text), *at = copy, *word;
	const char *refusal = NULL;
	unsigned seen = 0;

	while (refusal == NULL && (word = strsep(&at, " ")) != NULL)
		if (*word != '\0')
			refusal = take_parameter(a, c, word, &seen);
	free(copy);
	return refusal;
}

/* --- the path --- */

/* Up to and with the ">" that ends it; 0 if there is none. */
static size_t path_length(const char *text)
{
	bool quoted = false;

	if (*text != '<')
		return 0;
	for (const char *s = text; *s != '\0'; s++)
		if (*s == '\\' && s[1] != '\0')
			s++;
		else if (*s == '"')
			quoted = !quoted;
		else if (*s == '>' && !quoted)
			return (size_t)(s + 1 - text);
	return 0;
}

/* NULL if it is no address. */
static char *path_address(const char *path, size_t n)
{
	char *copy = alloc_copyn(path, n), *result;
	struct address a;

	result = address_parse(&a, copy) ? address_string(&a) : NULL;
	address_release(&a);
	free(copy);
	return result;
}

static const char *parse(struct argument *out, enum command c, const char *text)
{
	static const char *const words[] = { [MAIL] = "FROM:", [RCPT] = "TO:" };
	size_t n;

	*out = (struct argument){ .address = NULL };
	if (!str_istarts(text, words[c]))
		return c == MAIL ? "501 5.5.4 MAIL FROM:<address>" : "501 5.5.4 RCPT TO:<address>";
	text += strlen(words[c]);
	text += strspn(text, " ");
	n = path_length(text);
	if (n == 0 || (text[n] != ' ' && text[n] != '\0'))
		return c == MAIL ? "501 5.1.7 the address has to stand between < and >"
		                 : "501 5.1.3 the address has to stand between < and >";
	out->address = path_address(text, n);
	if (out->address == NULL)
		return c == MAIL ? "501 5.1.7 no address" : "501 5.1.3 no address";
	return take_parameters(out, c, text + n);
}

const char *argument_mail(struct argument *out, const char *text)
{
	return parse(out, MAIL, text);
}

const char *argument_rcpt(struct argument *out, const char *text)
{
	const char *refusal = parse(out, RCPT, text);

	if (refusal == NULL && *out->address == '\0')
		refusal = "501 5.1.3 no address";
	return refusal;
}

void argument_release(struct argument *a)
{
	free(a->address);
	free(a->envid);
	free(a->orcpt);
	*a = (struct argument){ .address = NULL };
}
