#ifndef CMD_PERSONALITY_H
#define CMD_PERSONALITY_H

#include <stddef.h>

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

#endif
