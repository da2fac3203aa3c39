#include "judge.h"

#include <gnutls/gnutls.h>
#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../peer/expand.h"
#include "../peer/strict.h"
#include "base/alloc.h"
#include "base/str.h"

enum { SHOWN_MAX = 6000 };      /* of a transcript or output, in a report */

/* Everything that came, and the scenario it is held against. */
struct evidence {
	const struct scenario *s;
	const struct outcome *o;
	struct buf *report;
	struct strv err, out, log, transcript, sent, violations, messages;
	size_t sent_at;             /* `sent` goes on from here */
};

static void differs(struct evidence *e, const struct item *i, const char *what)
{
	buf_printf(e->report, "  line %u: %s %s: %s\n", i->line, i->key, i->value, what);
}

/* ---- collecting ---- */

static void read_lines(struct strv *out, const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;

	while (f != NULL && getline(&line, &cap, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		strv_add(out, line);
	}
	free(line);
	if (f != NULL)
		fclose(f);
}

static void read_named(struct strv *out, const char *dir, const char *name)
{
	char *path = alloc_printf("%s/%s", dir, name);

	read_lines(out, path);
	free(path);
}

/* Servers in their order, so that two hosts give one story. */
static void read_server(struct evidence *e, const char *dir, unsigned server)
{
	char *path = alloc_printf("%s/s%u/transcript", dir, server);
	size_t first = e->transcript.len;

	read_lines(&e->transcript, path);
	free(path);
	for (size_t i = first; i < e->transcript.len; i++) {
		const char *line = e->transcript.v[i];

		if (str_starts(line, "C: "))
			strv_add(&e->sent, line + 3);
		else if (str_starts(line, "! "))
			strv_add(&e->violations, line + 2);
	}
	for (unsigned n = 1;; n++) {
		path = alloc_printf("%s/s%u/message.%u", dir, server, n);
		if (access(path, R_OK) < 0)
			break;
		strv_take(&e->messages, path);
	}
	free(path);
}

static void collect(struct evidence *e, const char *dir)
{
	read_named(&e->out, dir, "out");
	read_named(&e->err, dir, "err");
	read_named(&e->log, dir, "log");
	for (unsigned i = 1; i <= e->o->servers; i++)
		read_server(e, dir, i);
}

static void release(struct evidence *e)
{
	struct strv *lists[] = { &e->err, &e->out, &e->log, &e->transcript,
		                 &e->sent, &e->violations, &e->messages };

	for (size_t i = 0; i < COUNT_OF(lists); i++)
		strv_release(lists[i]);
}

/* ---- patterns ---- */

static bool matches(struct evidence *e, const char *pattern, const char *line)
{
	regex_t re;
	bool match;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
		buf_printf(e->report, "  no regular expression: %s\n", pattern);
		return false;
	}
	match = regexec(&re, line, 0, NULL, 0) == 0;
	regfree(&re);
	return match;
}

/* The first line at or behind `from` that matches; l->len if none does. */
static size_t find_line(struct evidence *e, const struct strv *l, size_t from, const char *pattern)
{
	while (from < l->len && !matches(e, pattern, l->v[from]))
		from++;
	return from;
}

/* ---- expectations, one function each ---- */

typedef void expect_function(struct evidence *e, const struct item *i, const char *value);

/* One of the line lists of the evidence, by its place in it. */
static void some_line(struct evidence *e, const struct item *i, const struct strv *l, const char *value)
{
	if (find_line(e, l, 0, value) == l->len)
		differs(e, i, "no such line");
}

static void no_line(struct evidence *e, const struct item *i, const struct strv *l, const char *value)
{
	size_t at = find_line(e, l, 0, value);

	if (at < l->len)
		differs(e, i, l->v[at]);
}

static void expect_says(struct evidence *e, const struct item *i, const char *value)
{
	some_line(e, i, &e->err, value);
}

static void expect_never_says(struct evidence *e, const struct item *i, const char *value)
{
	no_line(e, i, &e->err, value);
}

static void expect_prints(struct evidence *e, const struct item *i, const char *value)
{
	some_line(e, i, &e->out, value);
}

static void expect_logs(struct evidence *e, const struct item *i, const char *value)
{
	some_line(e, i, &e->log, value);
}

static void expect_note(struct evidence *e, const struct item *i, const char *value)
{
	some_line(e, i, &e->transcript, value);
}

static void expect_never_sent(struct evidence *e, const struct item *i, const char *value)
{
	no_line(e, i, &e->sent, value);
}

/* `sent` lines must come in this order; others may stand between. */
static void expect_sent_like(struct evidence *e, const struct item *i, const char *value)
{
	size_t at = find_line(e, &e->sent, e->sent_at, value);

	if (at == e->sent.len)
		differs(e, i, "not sent (in this order)");
	else
		e->sent_at = at + 1;
}

static void expect_sent(struct evidence *e, const struct item *i, const char *value)
{
	size_t at = e->sent_at;

	while (at < e->sent.len && strcmp(e->sent.v[at], value) != 0)
		at++;
	if (at == e->sent.len)
		differs(e, i, "not sent (in this order)");
	else
		e->sent_at = at + 1;
}

/* `dialogue`: the client's lines, all of them; "~ PATTERN" stands for one that matches. */
static void expect_dialogue(struct evidence *e, const struct item *i, const char *value)
{
	size_t most = i->block.len > e->sent.len ? i->block.len : e->sent.len;

	(void)value;
	for (size_t k = 0; k < most; k++) {
		char *want = scenario_text(e->s, k < i->block.len ? i->block.v[k] : "");
		const char *got = k < e->sent.len ? e->sent.v[k] : "(nothing)";
		bool same = str_starts(want, "~ ") ? matches(e, want + 2, got) : strcmp(want, got) == 0;

		if (!same)
			buf_printf(e->report, "  line %u: dialogue: expected '%s', came '%s'\n", i->line,
			           want, got);
		free(want);
	}
}

static void expect_times(struct evidence *e, const struct item *i, const char *value)
{
	char *pattern;
	size_t want = strtoul(value, &pattern, 10), n = 0;

	pattern += strspn(pattern, " ");
	for (size_t k = 0; k < e->sent.len; k++)
		n += matches(e, pattern, e->sent.v[k]);
	if (n != want)
		buf_printf(e->report, "  line %u: %s %s: sent %zu times\n", i->line, i->key, i->value, n);
}

static void expect_within(struct evidence *e, const struct item *i, const char *value)
{
	if (e->o->seconds > strtod(value, NULL))
		buf_printf(e->report, "  line %u: took %.1f seconds, not %s\n", i->line, e->o->seconds, value);
}

static void expect_memory(struct evidence *e, const struct item *i, const char *value)
{
	if (e->o->rss_kb > strtol(value, NULL, 10) * 1024)
		buf_printf(e->report, "  line %u: %ld kB of memory, not %s MB\n", i->line, e->o->rss_kb, value);
}

/* ---- the message ---- */

/* Octets of a literal held against a file as they come. */
struct compare {
	FILE *f;
	bool same;
};

static void compare_piece(void *arg, const char *p, size_t n)
{
	struct compare *c = arg;

	for (size_t i = 0; i < n && c->same; i++)
		c->same = getc_unlocked(c->f) == (unsigned char)p[i];
}

static bool read_line(FILE *f, struct buf *line)
{
	int c = 0;

	buf_reset(line);
	while (c != '\n' && (c = getc(f)) != EOF)
		buf_putc(line, (char)c);
	return line->len > 0;
}

/* Whether the next line of the message is this one; the file stands behind it then. */
static bool line_matches(struct evidence *e, FILE *f, const char *want)
{
	struct compare c = { f, true };
	struct buf line;
	bool same;

	if (!str_starts(want, "~ ")) {
		expand(want, compare_piece, &c);
		compare_piece(&c, "\r\n", 2);
		return c.same;
	}
	buf_init(&line, SIZE_MAX / 2);
	same = read_line(f, &line) && line.len >= 2 && line.data[line.len - 2] == '\r';
	if (same) {
		buf_truncate(&line, line.len - 2);
		same = matches(e, want + 2, line.data);
	}
	buf_release(&line);
	return same;
}

/* "..." stands for any lines before the one that is wanted next. */
static bool skip_to(struct evidence *e, FILE *f, const char *want)
{
	struct buf line;
	bool found = false;

	buf_init(&line, SIZE_MAX / 2);
	do {
		long at = ftell(f);

		found = line_matches(e, f, want);
		if (!found)
			fseek(f, at, SEEK_SET);
	} while (!found && read_line(f, &line));
	buf_release(&line);
	return found;
}

static void came_instead(struct evidence *e, FILE *f, long at)
{
	struct buf line, shown;

	buf_init(&line, SIZE_MAX / 2);
	buf_init(&shown, 200);
	fseek(f, at, SEEK_SET);
	if (read_line(f, &line))
		str_escape(&shown, line.data, line.len);
	else
		buf_puts(&shown, "(the end)");
	buf_printf(e->report, "    came: %s\n", shown.data);
	buf_release(&line);
	buf_release(&shown);
}

static void compare_message(struct evidence *e, const struct item *i, FILE *f)
{
	bool skip = false;

	for (size_t k = 0; k < i->block.len; k++) {
		char *want = scenario_text(e->s, i->block.v[k]);
		long at = ftell(f);
		bool same = true, dots = strcmp(want, "...") == 0;

		if (!dots)
			same = skip ? skip_to(e, f, want) : line_matches(e, f, want);
		skip = dots;
		if (!same) {
			buf_printf(e->report, "  line %u: the message differs in its line %zu: %.200s\n",
			           i->line, k + 1, want);
			came_instead(e, f, at);
		}
		free(want);
		if (!same)
			return;
	}
	if (!skip && getc(f) != EOF)
		differs(e, i, "the message goes on behind its end");
}

/* `arrives [N]`: the Nth message, with CRLF behind each line of the block. */
static void expect_arrives(struct evidence *e, const struct item *i, const char *value)
{
	size_t n = *value != '\0' ? strtoul(value, NULL, 10) : 1;
	FILE *f = n >= 1 && n <= e->messages.len ? fopen(e->messages.v[n - 1], "re") : NULL;

	if (f == NULL) {
		differs(e, i, "no such message arrived");
		return;
	}
	compare_message(e, i, f);
	fclose(f);
}

/* `raw-refused~`: a server by the rules of peer/strict.h does not take the input as it is. */
static void expect_raw_refused(struct evidence *e, const struct item *i, const char *value)
{
	FILE *f = tmpfile();
	struct buf why;

	buf_init(&why, SIZE_MAX / 2);
	play_input(e->s, f);
	if (strict_takes(f, &why))
		differs(e, i, "the input is taken as it is");
	else if (!matches(e, value, why.data))
		differs(e, i, why.data);
	fclose(f);
	buf_release(&why);
}

static const struct {
	const char *key;
	expect_function *expect;
} expectations[] = {
	{ "says~", expect_says },
	{ "never-says~", expect_never_says },
	{ "prints~", expect_prints },
	{ "logs~", expect_logs },
	{ "note~", expect_note },
	{ "sent", expect_sent },
	{ "sent~", expect_sent_like },
	{ "never-sent~", expect_never_sent },
	{ "times~", expect_times },
	{ "dialogue", expect_dialogue },
	{ "arrives", expect_arrives },
	{ "raw-refused~", expect_raw_refused },
	{ "within", expect_within },
	{ "memory", expect_memory },
};

/* Keys that play and the functions below read. */
static const char *const other_keys[] = {
	"name",   "args",         "env",     "config",   "only-config", "no-config",
	"file",   "stdin",        "server",  "each",     "exit",        "closed-stdin",
	"messages", "violation~", "silent",  "secret",   "undrained",   "descriptors",
};

static bool is_other_key(const char *key)
{
	for (size_t i = 0; i < COUNT_OF(other_keys); i++) {
		if (strcmp(key, other_keys[i]) == 0)
			return true;
	}
	return false;
}

static void hold_against(struct evidence *e, const struct item *i)
{
	char *value;

	for (size_t k = 0; k < COUNT_OF(expectations); k++) {
		if (strcmp(i->key, expectations[k].key) == 0) {
			value = scenario_text(e->s, i->value);
			expectations[k].expect(e, i, value);
			free(value);
			return;
		}
	}
	if (!is_other_key(i->key))
		differs(e, i, "no such key");
}

/* ---- what every scenario expects ---- */

static bool has(const struct evidence *e, const char *key)
{
	return scenario_find(e->s, key, 0) < e->s->len;
}

static size_t number(const struct evidence *e, const char *key, size_t otherwise)
{
	char *text;
	size_t n = otherwise;

	if (has(e, key)) {
		text = scenario_text(e->s, scenario_value(e->s, key, ""));
		n = strtoul(text, NULL, 10);
		free(text);
	}
	return n;
}

static void judge_exit(struct evidence *e)
{
	size_t want = number(e, "exit", 0);

	if (e->o->timed_out)
		buf_puts(e->report, "  it did not end in time\n");
	else if (WIFSIGNALED(e->o->status))
		buf_printf(e->report, "  it died of signal %d\n", WTERMSIG(e->o->status));
	else if ((size_t)WEXITSTATUS(e->o->status) != want)
		buf_printf(e->report, "  exit: expected %zu, came %d\n", want, WEXITSTATUS(e->o->status));
	if (!e->o->drained && !has(e, "undrained") && !has(e, "closed-stdin"))
		buf_puts(e->report, "  standard input was not read to its end\n");
}

/* Silence is success, and a failure has words. */
static void judge_words(struct evidence *e)
{
	if (number(e, "exit", 0) != 0) {
		if (e->err.len == 0 && !has(e, "silent"))
			buf_puts(e->report, "  a failure without a word\n");
		return;
	}
	if (e->err.len > 0 && !has(e, "says~"))
		buf_printf(e->report, "  success was not silent: %s\n", e->err.v[0]);
	if (e->out.len > 0 && !has(e, "prints~"))
		buf_printf(e->report, "  success printed: %s\n", e->out.v[0]);
}

static void judge_protocol(struct evidence *e)
{
	const char *allowed = scenario_value(e->s, "violation~", NULL);

	for (size_t i = 0; i < e->violations.len; i++) {
		if (allowed == NULL || !matches(e, allowed, e->violations.v[i]))
			buf_printf(e->report, "  protocol: %s\n", e->violations.v[i]);
	}
}

static void judge_messages(struct evidence *e)
{
	size_t want = number(e, "messages", number(e, "exit", 0) == 0 ? 1 : 0);

	if (e->messages.len != want)
		buf_printf(e->report, "  messages: expected %zu, came %zu\n", want, e->messages.len);
}

static void look_for(struct evidence *e, const char *secret, const char *form)
{
	const struct strv *places[] = { &e->err, &e->out, &e->log };

	for (size_t i = 0; i < COUNT_OF(places); i++) {
		for (size_t k = 0; k < places[i]->len; k++) {
			if (strstr(places[i]->v[k], secret) != NULL)
				buf_printf(e->report, "  a secret was shown%s: %s\n", form, places[i]->v[k]);
		}
	}
}

/* Base64 of something that ends in the secret, which may begin at any of three places in a group. */
static void look_for_base64(struct evidence *e, const char *secret)
{
	for (size_t before = 0; before < 3; before++) {
		char *text = alloc_printf("%.*s%s", (int)before, "..", secret);
		gnutls_datum_t in = { (unsigned char *)text, (unsigned)strlen(text) }, out;
		size_t skip = before == 0 ? 0 : 4;
		char *part;

		gnutls_base64_encode2(&in, &out);
		part = alloc_copyn((char *)out.data + skip, (strlen(text) / 3) * 4 - skip);
		look_for(e, part, " in base64");
		free(part);
		gnutls_free(out.data);
		free(text);
	}
}

/* `secret TEXT`; what the servers take as password is always one. */
static void judge_secrets(struct evidence *e)
{
	const char *secret = scenario_value(e->s, "secret", "open sesame");

	look_for(e, secret, "");
	look_for_base64(e, secret);
}

bool judge(const struct scenario *s, const char *dir, const struct outcome *o, struct buf *report)
{
	struct evidence e = { .s = s, .o = o, .report = report };

	collect(&e, dir);
	judge_exit(&e);
	judge_words(&e);
	judge_protocol(&e);
	judge_messages(&e);
	judge_secrets(&e);
	for (size_t i = 0; i < s->len; i++)
		hold_against(&e, &s->v[i]);
	release(&e);
	return report->len == 0;
}

/* ---- showing ---- */

static void show_file(const char *dir, const char *name, struct buf *report)
{
	struct strv lines = { 0 };
	struct buf text;

	read_named(&lines, dir, name);
	buf_init(&text, SHOWN_MAX);
	for (size_t i = 0; i < lines.len; i++) {
		buf_puts(&text, "    ");
		str_escape(&text, lines.v[i], strlen(lines.v[i]));
		buf_putc(&text, '\n');
	}
	if (text.len > 0)
		buf_printf(report, "  %s:\n%s%s", name, text.data, text.overflow ? " ...\n" : "");
	buf_release(&text);
	strv_release(&lines);
}

void judge_show(const char *dir, const struct outcome *o, struct buf *report)
{
	show_file(dir, "err", report);
	show_file(dir, "out", report);
	for (unsigned i = 1; i <= o->servers; i++) {
		char name[32];

		snprintf(name, sizeof name, "s%u/transcript", i);
		show_file(dir, name, report);
	}
}
