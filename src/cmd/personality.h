#ifndef CMD_PERSONALITY_H
#define CMD_PERSONALITY_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/options.h"

/* A name of sendmail's and the options that it stands for. */
struct personality {
	const char *name;
	const char *options[2];
	size_t n;
};

/* argv[0]'s last part.  Callers may say anything there, or nothing (NULL): "sendmail" then. */
const char *personality_name(const char *argv0);

/* Never NULL: every unknown name is sendmail. */
const struct personality *personality_of(const char *argv0);

/* The options of the name, then the caller's. */
bool personality_parse(const struct personality *p, struct options *out, size_t argc, const char *const *args,
                       struct status *st);

/*
 * Says what is wrong with the options; the exit code.  Callers write first and
 * look afterwards: a message that was to be sent is read to its end.
 */
int personality_usage(const struct options *o, const struct status *st);

#endif
