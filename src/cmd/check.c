#include "cmd/check.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/str.h"
#include "cmd/finding.h"

struct options {
	bool json;
};

/* Text */

static const char *source(const struct config *c)
{
	return c->path != NULL ? c->path : "MAILCHUTE_URL";
}

static void print_finding(const struct finding *f)
{
	printf("wrong: %s%s%s\n", f->where, *f->where != '\0' ? ": " : "", f->what);
	if (*f->remedy != '\0')
		printf("       %s\n", f->remedy);
}

static void print_text(const struct config *c, const struct findings *f)
{
	if (c != NULL) {
		printf("# %s\n", source(c));
		config_print(c, stdout);
		putchar('\n');
	}
	for (size_t i = 0; i < f->notes.len; i++)
		printf("note: %s\n", f->notes.v[i]);
	for (size_t i = 0; i < f->len; i++)
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

static void json_findings(struct buf *out, const struct findings *f)
{
	buf_puts(out, "\"findings\":[");
	for (size_t i = 0; i < f->len; i++) {
		buf_puts(out, i > 0 ? ",{" : "{");
		json_member(out, "where", f->v[i].where);
		buf_putc(out, ',');
		json_member(out, "what", f->v[i].what);
		buf_putc(out, ',');
		json_member(out, "remedy", f->v[i].remedy);
		buf_putc(out, '}');
	}
	buf_puts(out, "],");
	json_list(out, "notes", &f->notes);
}

static void print_json(const struct config *c, const struct findings *f)
{
	struct buf out;

	buf_init(&out, SIZE_MAX / 2);
	buf_putc(&out, '{');
	if (c != NULL)
		json_config(&out, c);
	json_findings(&out, f);
	buf_puts(&out, "}\n");
	fputs(out.data, stdout);
	buf_release(&out);
}

/* The command */

static int refuse_online(void)
{
	fputs("mailchute: check --online is not in this version yet; check looks at everything that "
		"needs no connection\n", stderr);
	return EX_USAGE;
}

/* EX_OK, or the exit code of a refusal that has been told. */
static int parse(struct options *o, const struct call *call)
{
	for (int i = 1; i < call->argc; i++) {
		if (strcmp(call->argv[i], "--json") == 0)
			o->json = true;
		else
			return strcmp(call->argv[i], "--online") == 0 ? refuse_online() : command_usage(call);
	}
	return EX_OK;
}

int check_command(const struct call *call)
{
	struct options o = { 0 };
	int refused = parse(&o, call), result;
	struct findings f;
	struct config c;
	struct status st;
	bool loaded;

	if (refused != EX_OK)
		return refused;
	findings_init(&f);
	config_init(&c);
	loaded = config_load(&c, call->config, &st);
	if (loaded)
		findings_collect(&f, &c);
	else
		findings_add(&f, "", st.text, "");
	(o.json ? print_json : print_text)(loaded ? &c : NULL, &f);
	result = f.len > 0 ? EX_CONFIG : EX_OK;
	config_release(&c);
	findings_release(&f);
	return result;
}
