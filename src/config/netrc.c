#include "config/netrc.h"

#include <string.h>

#include "base/str.h"

enum { WORD_MAX = 4096 };

struct reader {
	const char *at, *end;
	struct buf word;
};

/* What has been read of one entry. */
struct entry {
	bool started, host_matches, login_matches, has_password;
	struct buf *password;
};

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end && str_is_space(*r->at))
		r->at++;
}

static void skip_line(struct reader *r)
{
	while (r->at < r->end && *r->at != '\n')
		r->at++;
}

static void read_quoted(struct reader *r)
{
	for (r->at++; r->at < r->end && *r->at != '"'; r->at++) {
		if (*r->at == '\\' && r->at + 1 < r->end)
			r->at++;
		buf_putc(&r->word, *r->at);
	}
	if (r->at < r->end)
		r->at++;
}

/* The next word into r->word; false at the end. */
static bool next_word(struct reader *r)
{
	skip_blanks(r);
	buf_reset(&r->word);
	if (r->at == r->end)
		return false;
	if (*r->at == '"') {
		read_quoted(r);
		return true;
	}
	for (; r->at < r->end && !str_is_space(*r->at); r->at++)
		buf_putc(&r->word, *r->at);
	return true;
}

static bool next_keyword(struct reader *r)
{
	for (skip_blanks(r); r->at < r->end && *r->at == '#'; skip_blanks(r))
		skip_line(r);
	return next_word(r);
}

/* A macro goes to the first empty line. */
static void skip_macro(struct reader *r)
{
	skip_line(r);
	while (r->at < r->end) {
		const char *line = ++r->at;

		skip_line(r);
		if (r->at == line || (r->at == line + 1 && *line == '\r'))
			return;
	}
}

static void start(struct entry *e, bool host_matches)
{
	buf_wipe(e->password);
	e->started = true;
	e->host_matches = host_matches;
	e->login_matches = false;
	e->has_password = false;
}

static bool is_complete(const struct entry *e, const char *login)
{
	return e->started && e->host_matches && e->has_password && (login == NULL || e->login_matches);
}

/* Whole, and without a NUL in it. */
static bool word_has_length_of(const struct reader *r, const char *what)
{
	return buf_ok(&r->word) && strlen(what) == r->word.len;
}

static bool word_is(const struct reader *r, const char *what)
{
	return word_has_length_of(r, what) && memcmp(r->word.data, what, r->word.len) == 0;
}

static bool word_is_host(const struct reader *r, const char *host)
{
	return word_has_length_of(r, host) && str_iequaln(r->word.data, host, r->word.len);
}

static void take_login(struct reader *r, struct entry *e, const char *login)
{
	if (next_word(r))
		e->login_matches = login != NULL && word_is(r, login);
}

static void take_password(struct reader *r, struct entry *e)
{
	if (!next_word(r))
		return;
	buf_wipe(e->password);
	buf_add(e->password, r->word.data, r->word.len);
	e->has_password = buf_ok(&r->word) && buf_ok(e->password);
}

/* One keyword with its value.  False when a new entry starts and the one before is the one we want. */
static bool take(struct reader *r, struct entry *e, const char *host, const char *login)
{
	bool machine = word_is(r, "machine");

	if (machine || word_is(r, "default")) {
		if (is_complete(e, login))
			return false;
		start(e, !machine || (next_word(r) && word_is_host(r, host)));
	} else if (word_is(r, "login")) {
		take_login(r, e, login);
	} else if (word_is(r, "password")) {
		take_password(r, e);
	} else if (word_is(r, "account")) {
		next_word(r);
	} else if (word_is(r, "macdef")) {
		skip_macro(r);
	}
	return true;
}

bool netrc_find(const char *text, size_t n, const char *host, const char *login, struct buf *password)
{
	struct reader r = { .at = text, .end = text + n };
	struct entry e = { .password = password };
	bool found;

	buf_init(&r.word, WORD_MAX);
	while (next_keyword(&r) && take(&r, &e, host, login))
		;
	found = is_complete(&e, login);
	if (!found)
		buf_wipe(password);
	buf_wipe(&r.word);
	return found;
}
