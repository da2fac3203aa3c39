#include "cmd/newaliases.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cmd/report.h"
#include "config/config.h"
#include "route/aliases.h"

static const char program[] = "newaliases", usual[] = "/etc/aliases";

static void print(const char *line)
{
	struct buf shown;

	buf_init(&shown, 4096);
	str_escape(&shown, line, strlen(line));
	fprintf(stderr, "%s: %s%s\n", program, shown.data, buf_ok(&shown) ? "" : "...");
	buf_release(&shown);
}

/* Without a configuration there is nothing to say of names at maildomain. */
static void examine_usual(struct strv *complaints)
{
	struct strv files = { 0 };
	const struct alias_use use = {
		.aliases = aliases_new(),
		.files = &files,
		.maildomain = "localhost",
	};

	if (access(usual, F_OK) == 0)
		strv_add(&files, usual);
	aliases_examine(&use, complaints);
	strv_release(&files);
	aliases_free(use.aliases);
}

int newaliases_options(const struct options *o)
{
	struct strv complaints = { 0 };
	struct config c;
	struct status st;
	int code = EX_OK;

	config_init(&c);
	if (config_load(&c, o->config, &st)) {
		aliases_examine_config(&c, &complaints);
	} else if (o->config == NULL) {
		examine_usual(&complaints);
	} else {
		report_failure(program, &st);
		code = st.sysexit;
	}
	for (size_t i = 0; i < complaints.len; i++)
		print(complaints.v[i]);
	if (complaints.len > 0)
		code = EX_DATAERR;
	strv_release(&complaints);
	config_release(&c);
	return code;
}
