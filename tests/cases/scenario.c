#include "scenario.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../peer/expand.h"
#include "base/alloc.h"
#include "base/str.h"

/* ---- a file's items ---- */

static struct item *add_item(struct scenario *s)
{
	if (s->len == s->cap) {
		s->cap = s->cap * 2 + 8;
		s->v = alloc_array(s->v, s->cap, sizeof *s->v);
	}
	s->v[s->len] = (struct item){ 0 };
	return &s->v[s->len++];
}

static void release_item(struct item *i)
{
	free(i->key);
	free(i->value);
	strv_release(&i->block);
}

static void release_scenario(struct scenario *s)
{
	for (size_t i = 0; i < s->len; i++)
		release_item(&s->v[i]);
	free(s->v);
	strv_release(&s->names);
	strv_release(&s->values);
}

static void start_item(struct scenario *s, const char *text, unsigned line)
{
	size_t n = strcspn(text, " ");
	struct item *i = add_item(s);

	i->key = alloc_copyn(text, n);
	i->value = alloc_copy(text + n + strspn(text + n, " "));
	i->line = line;
}

/* Blank lines within a block belong to it; those behind it do not. */
static bool parse(struct scenario *s, FILE *f, struct buf *why)
{
	char *text = NULL;
	size_t cap = 0, blanks = 0;

	for (unsigned line = 1; getline(&text, &cap, f) > 0; line++) {
		text[strcspn(text, "\n")] = '\0';
		if (text[0] == '\0') {
			blanks++;
		} else if (text[0] == '\t' && s->len > 0) {
			for (; blanks > 0; blanks--)
				strv_add(&s->v[s->len - 1].block, "");
			strv_add(&s->v[s->len - 1].block, text + 1);
		} else if (text[0] == ' ' || text[0] == '\t') {
			buf_printf(why, "line %u: a block begins with a tab below a key", line);
		} else {
			blanks = 0;
			if (text[0] != '#')
				start_item(s, text, line);
		}
		if (s->len > 0 && s->v[s->len - 1].block.len == 0)
			blanks = 0;
	}
	free(text);
	return why->len == 0;
}

/* ---- variants ---- */

/* One word without its quotes; *text moves behind it. */
static char *next_word(const char **text)
{
	struct buf word;
	char quote = '\0';
	const char *t = *text;

	buf_init(&word, SIZE_MAX / 2);
	for (; *t != '\0' && (quote != '\0' || *t != ' '); t++) {
		if (quote == '\0' && (*t == '\'' || *t == '"'))
			quote = *t;
		else if (*t == quote)
			quote = '\0';
		else
			buf_putc(&word, *t);
	}
	*text = t + strspn(t, " ");
	return buf_detach(&word);
}

static void split_words(struct strv *out, const char *text)
{
	text += strspn(text, " ");
	while (*text != '\0')
		strv_take(out, next_word(&text));
}

static struct scenario *add_variant(struct scenario_list *l)
{
	if (l->len == l->cap) {
		l->cap = l->cap * 2 + 8;
		l->v = alloc_array(l->v, l->cap, sizeof *l->v);
	}
	l->v[l->len] = (struct scenario){ 0 };
	return &l->v[l->len++];
}

static void copy_strv(struct strv *to, const struct strv *from)
{
	for (size_t i = 0; i < from->len; i++)
		strv_add(to, from->v[i]);
}

static void copy_items(struct scenario *to, const struct scenario *from)
{
	for (size_t i = 0; i < from->len; i++) {
		struct item *item = add_item(to);

		item->key = alloc_copy(from->v[i].key);
		item->value = alloc_copy(from->v[i].value);
		item->line = from->v[i].line;
		copy_strv(&item->block, &from->v[i].block);
	}
}

/* Of every variant so far one for each row of the table. */
static bool multiply(struct scenario_list *l, const struct item *table, struct buf *why)
{
	struct scenario_list more = { 0 };
	struct strv names = { 0 };

	strv_split(&names, table->value, " ");
	for (size_t i = 0; i < l->len; i++) {
		for (size_t row = 0; row < table->block.len; row++) {
			struct scenario *s = add_variant(&more);
			struct strv values = { 0 };

			split_words(&values, table->block.v[row]);
			if (values.len != names.len)
				buf_printf(why, "line %u: row %zu has %zu words", table->line, row + 1,
				           values.len);
			copy_strv(&s->names, &l->v[i].names);
			copy_strv(&s->values, &l->v[i].values);
			copy_strv(&s->names, &names);
			copy_strv(&s->values, &values);
			strv_release(&values);
		}
	}
	strv_release(&names);
	scenario_list_release(l);
	*l = more;
	return why->len == 0;
}

bool scenario_load(struct scenario_list *out, const char *path, struct buf *why)
{
	struct scenario all = { 0 };
	FILE *f = fopen(path, "re");
	bool ok = f != NULL;

	*out = (struct scenario_list){ 0 };
	add_variant(out);
	if (f == NULL)
		buf_printf(why, "%s", strerror(errno));
	ok = ok && parse(&all, f, why);
	for (size_t i = 0; ok && i < all.len; i++) {
		if (strcmp(all.v[i].key, "each") == 0)
			ok = multiply(out, &all.v[i], why);
	}
	for (size_t i = 0; i < out->len; i++)
		copy_items(&out->v[i], &all);
	release_scenario(&all);
	if (f != NULL)
		fclose(f);
	return ok;
}

void scenario_list_release(struct scenario_list *l)
{
	for (size_t i = 0; i < l->len; i++)
		release_scenario(&l->v[i]);
	free(l->v);
	*l = (struct scenario_list){ 0 };
}

void scenario_label(const struct scenario *s, struct buf *out)
{
	for (size_t i = 0; i < s->names.len; i++)
		buf_printf(out, "%s%s=%s", i > 0 ? " " : "", s->names.v[i], s->values.v[i]);
}

/* ---- asking ---- */

void scenario_define(struct scenario *s, const char *name, const char *value)
{
	strv_add(&s->names, name);
	strv_add(&s->values, value);
}

static const char *meaning(const struct scenario *s, const char *name, size_t n)
{
	for (size_t i = 0; i < s->names.len; i++) {
		if (strlen(s->names.v[i]) == n && strncmp(s->names.v[i], name, n) == 0)
			return s->values.v[i];
	}
	return NULL;
}

char *scenario_text(const struct scenario *s, const char *text)
{
	struct buf out;

	buf_init(&out, SIZE_MAX / 2);
	while (*text != '\0') {
		size_t n = 0;
		const char *value = NULL;

		if (*text == '$') {
			while (isupper((unsigned char)text[1 + n]) || isdigit((unsigned char)text[1 + n]))
				n++;
			value = meaning(s, text + 1, n);
		}
		if (value != NULL) {
			char *inner = scenario_text(s, value);

			buf_puts(&out, inner);
			free(inner);
			text += n + 1;
		} else {
			buf_putc(&out, *text++);
		}
	}
	return buf_detach(&out);
}

size_t scenario_find(const struct scenario *s, const char *key, size_t from)
{
	while (from < s->len && strcmp(s->v[from].key, key) != 0)
		from++;
	return from;
}

const char *scenario_value(const struct scenario *s, const char *key, const char *otherwise)
{
	for (size_t i = s->len; i > 0; i--) {
		if (strcmp(s->v[i - 1].key, key) == 0)
			return s->v[i - 1].value;
	}
	return otherwise;
}

static void add_expanded(struct strv *out, const char *word)
{
	struct buf text;

	buf_init(&text, SIZE_MAX / 2);
	expand_to(&text, word);
	strv_add(out, text.data);
	buf_release(&text);
}

static void add_repeated(struct strv *out, const char *what, size_t times)
{
	char *one;

	for (size_t i = 1; i <= times; i++) {
		const char *number = strstr(what, "%d");

		if (number == NULL)
			one = alloc_copy(what);
		else
			one = alloc_printf("%.*s%zu%s", (int)(number - what), what, i, number + 2);
		add_expanded(out, one);
		free(one);
	}
}

void scenario_arguments(struct strv *out, const char *text)
{
	struct strv words = { 0 };

	split_words(&words, text);
	for (size_t i = 0; i < words.len; i++) {
		char *what;
		size_t times;

		if (expand_is_repeat(words.v[i], &times, &what)) {
			add_repeated(out, what, times);
			free(what);
		} else {
			add_expanded(out, words.v[i]);
		}
	}
	strv_release(&words);
}
