#include "cmd/newaliases.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cmd/report.h"
#include "config/config.h"
#include "route/aliases.h"

static const char program[] = "newaliases", usual[] = "/etc/aliases";

static void add_new(struct strv *to, const struct strv *from)
{
	for (size_t i = 0; i < from->len; i++)
		if (!strv_has(to, from->v[i]))
			strv_add(to, from->v[i]);
}

/* Those of all accounts. */
static void find_files(struct strv *files, const struct config *c)
{
	add_new(files, &c->settings.aliases);
	for (size_t i = 0; i < c->len; i++)
		add_new(files, &c->v[i].aliases);
}

static void print(const char *line)
{
	struct buf shown;

	buf_init(&shown, 4096);
	str_escape(&shown, line, strlen(line));
	fprintf(stderr, "%s: %s%s\n", program, shown.data, buf_ok(&shown) ? "" : "...");
	buf_release(&shown);
}

static int examine(const struct strv *files, const char *maildomain, bool local)
{
	const struct alias_use use = {
		.aliases = aliases_new(),
		.files = files,
		.maildomain = maildomain,
		.local = local,
	};
	struct strv complaints = { 0 };
	int code;

	aliases_examine(&use, &complaints);
	for (size_t i = 0; i < complaints.len; i++)
		print(complaints.v[i]);
	code = complaints.len > 0 ? EX_DATAERR : EX_OK;
	strv_release(&complaints);
	aliases_free(use.aliases);
	return code;
}

int newaliases_options(const struct options *o)
{
	struct strv files = { 0 };
	struct config c;
	struct status st;
	int code;

	config_init(&c);
	if (config_load(&c, o->config, &st)) {
		find_files(&files, &c);
		code = examine(&files, c.settings.maildomain, account_named(&c, "local") != NULL);
	} else if (o->config != NULL) {
		report_failure(program, &st);
		code = st.sysexit;
	} else {
		if (access(usual, F_OK) == 0)
			strv_add(&files, usual);
		code = examine(&files, "localhost", false);
	}
	strv_release(&files);
	config_release(&c);
	return code;
}
