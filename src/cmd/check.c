#include "cmd/check.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/str.h"
#include "check/inspection.h"
#include "cmd/paint.h"

struct options {
	bool json, online;
};

/* Text */

static const char *source(const struct config *c)
{
	return c->path != NULL ? c->path : "MAILCHUTE_URL";
}

/* What others say is in it. */
static void print_escaped(const char *text)
{
	struct buf shown;

	buf_init(&shown, SIZE_MAX / 2);
	str_escape(&shown, text, strlen(text));
	fputs(shown.data, stdout);
	buf_release(&shown);
}

static void print_finding(const struct finding *f)
{
	static const enum paint paints[FINDING_SEVERITIES] = {
		[FINDING_OK] = PAINT_GOOD,
		[FINDING_NOTE] = PAINT_NOTE,
		[FINDING_WRONG] = PAINT_BAD,
	};
	int width = paint_is_read(stdout) ? (int)strlen("wrong:") : 0;
	char word[16];

	snprintf(word, sizeof(word), "%s:", finding_word(f->severity));
	paint_column(stdout, paints[f->severity], width, word);
	putchar(' ');
	print_escaped(f->where);
	fputs(*f->where != '\0' ? ": " : "", stdout);
	print_escaped(f->what);
	if (*f->remedy != '\0') {
		fputs("\n       ", stdout);
		print_escaped(f->remedy);
	}
	putchar('\n');
}

static void print_text(const struct config *c, const struct findings *f)
{
	if (c != NULL) {
		printf("# %s\n", source(c));
		config_print(c, stdout);
		putchar('\n');
	}
	for (enum severity s = FINDING_OK; s < FINDING_SEVERITIES; s++)
		for (size_t i = 0; i < f->len; i++)
			if (f->v[i].severity == s)
				print_finding(&f->v[i]);
}

/* JSON */

static void json_member(struct buf *out, const char *name, const char *value)
{
	str_json(out, name);
	buf_putc(out, ':');
	str_json(out, value);
}

static void json_list(struct buf *out, const char *name, const struct strv *values)
{
	str_json(out, name);
	buf_puts(out, ":[");
	for (size_t i = 0; i < values->len; i++) {
		if (i > 0)
			buf_putc(out, ',');
		str_json(out, values->v[i]);
	}
	buf_putc(out, ']');
}

/* The keys that are set: a string each, a list where a key may stand more than once. */
static void json_setting(void *arg, const struct setting *row, const struct strv *values)
{
	struct buf *out = arg;

	if (out->data[out->len - 1] != '{')
		buf_putc(out, ',');
	if (row->flags & SETTING_ADDS)
		json_list(out, row->name, values);
	else
		json_member(out, row->name, values->v[0]);
}

static void json_config(struct buf *out, const struct config *c)
{
	json_member(out, "file", source(c));
	buf_puts(out, ",\"settings\":{");
	setting_each(SCOPE_GLOBAL, &c->settings, json_setting, out);
	buf_puts(out, "},\"accounts\":[");
	for (size_t i = 0; i < c->len; i++) {
		buf_puts(out, i > 0 ? ",{" : "{");
		json_member(out, "name", c->v[i].name);
		setting_each(SCOPE_ACCOUNT, &c->v[i], json_setting, out);
		buf_putc(out, '}');
	}
	buf_puts(out, "],");
}

static void json_finding(struct buf *out, const struct finding *f)
{
	buf_putc(out, '{');
	json_member(out, "severity", finding_word(f->severity));
	buf_putc(out, ',');
	json_member(out, "where", f->where);
	buf_putc(out, ',');
	json_member(out, "what", f->what);
	buf_putc(out, ',');
	json_member(out, "remedy", f->remedy);
	buf_putc(out, '}');
}

static void print_json(const struct config *c, const struct findings *f)
{
	struct buf out;

	buf_init(&out, SIZE_MAX / 2);
	buf_putc(&out, '{');
	if (c != NULL)
		json_config(&out, c);
	buf_puts(&out, "\"findings\":[");
	for (size_t i = 0; i < f->len; i++) {
		buf_puts(&out, i > 0 ? "," : "");
		json_finding(&out, &f->v[i]);
	}
	buf_puts(&out, "]}\n");
	fputs(out.data, stdout);
	buf_release(&out);
}

/* The command */

static bool parse(struct options *o, const struct call *call)
{
	for (int i = 1; i < call->argc; i++) {
		if (strcmp(call->argv[i], "--json") == 0)
			o->json = true;
		else if (strcmp(call->argv[i], "--online") == 0)
			o->online = true;
		else
			return false;
	}
	return true;
}

static void collect(struct findings *f, const struct config *c, const struct options *o)
{
	struct inspection n;

	inspection_init(&n, c, f);
	inspect(&n);
	if (o->online)
		inspect_servers(&n);
}

int check_command(const struct call *call)
{
	struct options o = { 0 };
	struct findings f;
	struct config c;
	struct status st;
	bool loaded;
	int result;

	if (!parse(&o, call))
		return command_usage(call);
	findings_init(&f);
	config_init(&c);
	loaded = config_load(&c, call->config, &st);
	if (loaded)
		collect(&f, &c, &o);
	else if (st.sysexit == EX_TEMPFAIL)
		inspect_unreadable(&f, &st);
	else
		findings_add(&f, FINDING_WRONG, "", "correct it there; mailchute.conf(5) has all keys", "%s", st.text);
	(o.json ? print_json : print_text)(loaded ? &c : NULL, &f);
	result = findings_count(&f, FINDING_WRONG) > 0 ? EX_CONFIG : EX_OK;
	config_release(&c);
	findings_release(&f);
	return result;
}
