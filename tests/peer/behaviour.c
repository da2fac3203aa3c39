#include "behaviour.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "expand.h"

static const char *const stages[STAGE_COUNT] = {
	[STAGE_GREETING] = "greeting", [STAGE_EHLO] = "ehlo",       [STAGE_EHLO_TLS] = "ehlo-tls",
	[STAGE_HELO] = "helo",         [STAGE_STARTTLS] = "starttls", [STAGE_TLS] = "tls",
	[STAGE_AUTH] = "auth",         [STAGE_AUTH_STEP] = "auth-step", [STAGE_AUTH_END] = "auth-end",
	[STAGE_MAIL] = "mail",         [STAGE_RCPT] = "rcpt",       [STAGE_DATA] = "data",
	[STAGE_BODY] = "body",         [STAGE_BDAT] = "bdat",       [STAGE_DOT] = "dot",
	[STAGE_RSET] = "rset",         [STAGE_NOOP] = "noop",       [STAGE_QUIT] = "quit",
};

static const char *const acts[] = {
	[ACT_REPLY] = "reply", [ACT_RAW] = "raw",         [ACT_USUAL] = "usual",
	[ACT_CLOSE] = "close", [ACT_RESET] = "reset",     [ACT_SILENCE] = "silence",
	[ACT_GARBAGE] = "garbage", [ACT_ENDLESS] = "endless",
};

static const char *const tls_modes[] = {
	[TLS_STARTTLS] = "starttls", [TLS_NOW] = "now", [TLS_OFF] = "off",
};
static const char *const client_certificates[] = {
	[CLIENT_NONE] = "none", [CLIENT_ASK] = "ask", [CLIENT_REQUIRE] = "require",
};

void behaviour_init(struct behaviour *b)
{
	static const char *const usual[] = {
		"PIPELINING", "SIZE 209715200", "8BITMIME", "ENHANCEDSTATUSCODES",
	};

	*b = (struct behaviour){
		.listen = alloc_copy("127.0.0.1"),
		.certificate = alloc_copy("good"),
		.user = alloc_copy("alice"),
		.password = alloc_copy("open sesame"),
	};
	for (size_t i = 0; i < COUNT_OF(usual); i++)
		strv_add(&b->offer, usual[i]);
}

void behaviour_release(struct behaviour *b)
{
	struct strv *lists[] = { &b->offer,    &b->offer_clear, &b->offer_tls, &b->withhold,
		                 &b->auth, &b->auth_clear,  &b->ntlm };
	char *strings[] = { b->listen, b->certificate, b->priorities, b->user, b->password, b->token };

	for (size_t i = 0; i < COUNT_OF(lists); i++)
		strv_release(lists[i]);
	for (size_t i = 0; i < COUNT_OF(strings); i++)
		free(strings[i]);
	for (size_t i = 0; i < b->len; i++)
		free(b->actions[i].text);
	free(b->actions);
	*b = (struct behaviour){ 0 };
}

/* The word at *text, copied; *text moves to what follows it. */
static char *next_word(const char **text)
{
	size_t n = strcspn(*text, " \t");
	char *word = alloc_copyn(*text, n);

	*text += n;
	*text += strspn(*text, " \t");
	return word;
}

static int word_index(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(word, words[i]) == 0)
			return (int)i;
	}
	return -1;
}

static void set_string(char **where, const char *value)
{
	free(*where);
	*where = alloc_copy(value);
}

static struct action *add_action(struct behaviour *b)
{
	if (b->len == b->cap) {
		b->cap = b->cap * 2 + 8;
		b->actions = alloc_array(b->actions, b->cap, sizeof *b->actions);
	}
	return &b->actions[b->len++];
}

/* "STAGE [N] ACTION [TEXT]" */
static bool parse_at(struct behaviour *b, const char *value)
{
	char *stage = next_word(&value), *act;
	int stage_no = word_index(stage, stages, COUNT_OF(stages)), act_no;
	size_t number = 0;
	struct buf text;

	if (isdigit((unsigned char)*value)) {
		char *n = next_word(&value);

		number = strtoul(n, NULL, 10);
		free(n);
	}
	act = next_word(&value);
	act_no = word_index(act, acts, COUNT_OF(acts));
	free(stage);
	free(act);
	if (stage_no < 0 || act_no < 0)
		return false;
	buf_init(&text, SIZE_MAX / 2);
	expand_to(&text, value);
	*add_action(b) = (struct action){
		.stage = (enum stage)stage_no, .number = number, .act = (enum act)act_no, .len = text.len,
	};
	b->actions[b->len - 1].text = buf_detach(&text);
	return true;
}

/* How a value is read into the field of struct behaviour that a wish names. */
struct wish;
typedef bool set_function(void *field, const struct wish *w, const char *value);

struct wish {
	const char *key;
	set_function *set;
	size_t field;
	const char *const *words;   /* of a choice; its index is the value */
	size_t n_words;
};

static bool set_text(void *field, const struct wish *w, const char *value)
{
	(void)w;
	set_string(field, value);
	return true;
}

static bool set_line(void *field, const struct wish *w, const char *value)
{
	(void)w;
	strv_add(field, value);
	return true;
}

static bool set_words(void *field, const struct wish *w, const char *value)
{
	(void)w;
	strv_split(field, value, " ");
	return true;
}

static bool set_flag(void *field, const struct wish *w, const char *value)
{
	(void)w;
	*(bool *)field = true;
	return *value == '\0';
}

static bool set_number(void *field, const struct wish *w, const char *value)
{
	char *end;

	(void)w;
	*(size_t *)field = strtoul(value, &end, 10);
	return *end == '\0';
}

static bool set_choice(void *field, const struct wish *w, const char *value)
{
	int n = word_index(value, w->words, w->n_words);

	*(int *)field = n;
	return n >= 0;
}

static bool set_user(void *field, const struct wish *w, const char *value)
{
	struct behaviour *b = field;
	size_t n = strcspn(value, " ");
	struct buf password;

	(void)w;
	free(b->user);
	b->user = alloc_copyn(value, n);
	buf_init(&password, SIZE_MAX / 2);
	expand_to(&password, value[n] != '\0' ? value + n + 1 : "");
	set_string(&b->password, password.data);
	buf_release(&password);
	return true;
}

static bool set_action(void *field, const struct wish *w, const char *value)
{
	(void)w;
	return parse_at(field, value);
}

#define FIELD(name) offsetof(struct behaviour, name)
#define WORDS(array) array, COUNT_OF(array)

static const char *const protocols[] = { [PROTOCOL_SMTP] = "smtp", [PROTOCOL_LMTP] = "lmtp" };
static const char *const line_ends[] = { [LINES_CRLF] = "crlf", [LINES_LF] = "lf" };

static const struct wish wishes[] = {
	{ "protocol", set_choice, FIELD(protocol), WORDS(protocols) },
	{ "listen", set_text, FIELD(listen), NULL, 0 },
	{ "tls", set_choice, FIELD(tls), WORDS(tls_modes) },
	{ "certificate", set_text, FIELD(certificate), NULL, 0 },
	{ "client-certificate", set_choice, FIELD(client_certificate), WORDS(client_certificates) },
	{ "priorities", set_text, FIELD(priorities), NULL, 0 },
	{ "offer", set_line, FIELD(offer), NULL, 0 },
	{ "offer-clear", set_line, FIELD(offer_clear), NULL, 0 },
	{ "offer-tls", set_line, FIELD(offer_tls), NULL, 0 },
	{ "withhold", set_words, FIELD(withhold), NULL, 0 },
	{ "auth", set_words, FIELD(auth), NULL, 0 },
	{ "auth-clear", set_words, FIELD(auth_clear), NULL, 0 },
	{ "must-auth", set_flag, FIELD(must_auth), NULL, 0 },
	{ "strict", set_flag, FIELD(strict), NULL, 0 },
	{ "user", set_user, 0, NULL, 0 },
	{ "token", set_text, FIELD(token), NULL, 0 },
	{ "ntlm", set_words, FIELD(ntlm), NULL, 0 },
	{ "lines", set_choice, FIELD(lines), WORDS(line_ends) },
	{ "pace", set_number, FIELD(pace), NULL, 0 },
	{ "socks5", set_flag, FIELD(socks5), NULL, 0 },
	{ "at", set_action, 0, NULL, 0 },
};

bool behaviour_line(struct behaviour *b, const char *line, struct buf *why)
{
	const char *value = line + strspn(line, " \t");
	const struct wish *w = wishes;
	char *key;
	bool ok;

	if (*value == '\0' || *value == '#')
		return true;
	key = next_word(&value);
	while (w < wishes + COUNT_OF(wishes) && strcmp(w->key, key) != 0)
		w++;
	ok = w < wishes + COUNT_OF(wishes) && w->set((char *)b + w->field, w, value);
	free(key);
	if (!ok)
		buf_printf(why, "no such behaviour: %s", line);
	return ok;
}
