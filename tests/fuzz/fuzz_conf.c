#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/conf.h"
#include "config/settings.h"
#include "config/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *lookup(const char *name)
{
	return *name == 'N' ? NULL : name;
}

/* A value that a key takes can be shown, and what is shown it takes again. */
static void try_setting(const struct setting *row, void *base, const char *value)
{
	static const struct origin at = { .file = "/dir/file", .line = 1 };
	struct strv shown;
	struct status st;

	if (!setting_set(row, base, value, &at, &st))
		return;
	strv_init(&shown);
	setting_show(row, base, &shown);
	for (size_t i = 0; i < shown.len; i++)
		if (!(row->flags & SETTING_SECRET) && !setting_set(row, base, shown.v[i], &at, &st))
			abort();
	strv_release(&shown);
}

static void try_line(const struct conf_line *line, struct settings *s, struct account *a)
{
	const struct setting *global = setting_find(line->key, SCOPE_GLOBAL);
	const struct setting *account = setting_find(line->key, SCOPE_ACCOUNT);
	struct status st;
	struct buf value;

	buf_init(&value, 10000);
	if (conf_expand(line->value, lookup, &value, &st) && global != NULL)
		try_setting(global, s, value.data);
	if (account != NULL)
		try_setting(account, a, value.data);
	buf_release(&value);
}

static void try_url(const char *text)
{
	struct strv lines;
	struct status st;

	strv_init(&lines);
	url_parse(text, &lines, &st);
	strv_release(&lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct settings s;
	struct account a;
	struct conf_line line;
	const char *error;
	struct conf conf;

	memcpy(text, data, size);
	text[size] = '\0';
	settings_init(&s);
	account_init(&a, "default");
	conf_init(&conf, text, size);
	while (conf_next(&conf, &line, &error)) {
		try_line(&line, &s, &a);
		conf_line_release(&line);
	}
	try_url(text);
	account_release(&a);
	settings_release(&s);
	free(text);
	return 0;
}
