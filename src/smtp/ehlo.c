#include "smtp/ehlo.h"

#include "base/alloc.h"
#include "base/str.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
	MECHANISMS_MAX = 32,
	MECHANISM_LENGTH_MAX = 32, /* RFC 4422 says 20; be generous */
};

/* Decimal digits, at most `max`: a larger number is that; false if it is none. */
static bool parse_number(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (*s == '\0' || s[strspn(s, "0123456789")] != '\0')
		return false;
	for (; *s != '\0'; s++) {
		unsigned digit = (unsigned)(*s - '0');

		n = n > (max - digit) / 10 ? max : n * 10 + digit;
	}
	*out = n;
	return true;
}

static void parse_size(struct ehlo *e, const char *word)
{
	parse_number(word, UINT64_MAX, &e->max_size);
}

/* RFC 9422: NAME=VALUE, of which one matters to us. */
static void parse_limit(struct ehlo *e, const char *word)
{
	static const char name[] = "RCPTMAX=";
	uint64_t n;

	if (str_istarts(word, name) && parse_number(word + strlen(name), UINT_MAX, &n))
		e->rcpt_max = (unsigned)n;
}

/* RFC 4422, 3.1, in either case. */
static bool is_mechanism(const char *s)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-_";
	size_t n = strspn(s, allowed);

	return n > 0 && n <= MECHANISM_LENGTH_MAX && s[n] == '\0';
}

static void parse_mechanism(struct ehlo *e, const char *word)
{
	if (e->mechanisms.len < MECHANISMS_MAX && is_mechanism(word)
	    && !strv_has(&e->mechanisms, word))
		strv_add(&e->mechanisms, word);
}

static const struct keyword {
	const char *name;
	size_t offered;                                        /* where its bool is */
	void (*parameter)(struct ehlo *e, const char *word);   /* for each; or NULL */
} keywords[] = {
#define OFFERS(member) offsetof(struct ehlo, member)
	{ "PIPELINING", OFFERS(pipelining), NULL },
	{ "SIZE", OFFERS(size), parse_size },
	{ "8BITMIME", OFFERS(eightbitmime), NULL },
	{ "SMTPUTF8", OFFERS(smtputf8), NULL },
	{ "DSN", OFFERS(dsn), NULL },
	{ "ENHANCEDSTATUSCODES", OFFERS(enhancedstatuscodes), NULL },
	{ "CHUNKING", OFFERS(chunking), NULL },
	{ "BINARYMIME", OFFERS(binarymime), NULL },
	{ "STARTTLS", OFFERS(starttls), NULL },
	{ "AUTH", OFFERS(auth), parse_mechanism },
	{ "LIMITS", OFFERS(limits), parse_limit },
};

static const struct keyword *find_keyword(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(keywords); i++)
		if (str_iequal(keywords[i].name, name))
			return &keywords[i];
	return NULL;
}

/* "KEYWORD parameter ..."; the "AUTH=PLAIN" of old servers is "AUTH PLAIN". */
static void parse_line(struct ehlo *e, const char *line, size_t n)
{
	char *copy = alloc_copyn(line, n);
	const struct keyword *k;
	struct strv words;

	if (str_istarts(copy, "AUTH="))
		copy[strlen("AUTH")] = ' ';
	strv_init(&words);
	strv_split(&words, copy, " \t\r");
	k = words.len > 0 ? find_keyword(words.v[0]) : NULL;
	if (k != NULL)
		*(bool *)((char *)e + k->offered) = true;
	for (size_t i = 1; k != NULL && k->parameter != NULL && i < words.len; i++)
		k->parameter(e, words.v[i]);
	strv_release(&words);
	free(copy);
}

void ehlo_init(struct ehlo *e)
{
	*e = (struct ehlo){ 0 };
	strv_init(&e->mechanisms);
}

void ehlo_release(struct ehlo *e)
{
	strv_release(&e->mechanisms);
	ehlo_init(e);
}

void ehlo_parse(struct ehlo *e, const char *text)
{
	ehlo_release(e);
	for (text += strcspn(text, "\n"); *text == '\n';) {
		size_t n = strcspn(++text, "\n");

		parse_line(e, text, n);
		text += n;
	}
}
