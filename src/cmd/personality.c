#include "cmd/personality.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cmd/process.h"

static const struct personality personalities[] = {
	{ "mailq",      { "-bp" },        1 },
	{ "newaliases", { "-bi" },        1 },
	{ "runq",       { "-q" },         1 },
	{ "rmail",      { "-i", "-oee" }, 2 },
};
static const struct personality sendmail = { "sendmail", { NULL }, 0 };

const char *personality_name(const char *argv0)
{
	const char *slash;

	if (argv0 == NULL)
		return sendmail.name;
	slash = strrchr(argv0, '/');
	return slash ? slash + 1 : argv0;
}

const struct personality *personality_of(const char *argv0)
{
	const char *name = personality_name(argv0);

	for (size_t i = 0; i < COUNT_OF(personalities); i++)
		if (strcmp(name, personalities[i].name) == 0)
			return &personalities[i];
	return &sendmail;
}

bool personality_parse(const struct personality *p, struct options *out, size_t argc, const char *const *args,
                       struct status *st)
{
	options_init(out);
	return options_parse(out, p->n, p->options, st) && options_parse(out, argc, args, st);
}

int personality_usage(const struct options *o, const struct status *st)
{
	if (o->mode == MODE_DELIVER)
		process_drain(STDIN_FILENO);
	fprintf(stderr, "sendmail: %s; see sendmail(8)\n", st->text);
	return st->sysexit;
}
