#include "cmd/personality.h"

#include <string.h>

#include "base/str.h"

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
