#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What `mailchute [-C FILE] COMMAND [ARGUMENT...]` calls: one function a
 * command, listed in the table of command.c, as
 *
 *	int check_command(const struct call *call);
 *
 * in its own cmd/check.h.  The result is the exit code; words for the user go
 * to stderr and start with "mailchute: ", what was asked for goes to stdout.
 */
struct viewer;
struct call {
	const char *config;     /* -C's FILE; NULL without */
	int    argc;            /* the command's name and its arguments */
	char **argv;            /* ends in a NULL */
	const struct viewer *viewer;   /* the daemon runs it for a caller: see spool.h; else NULL */
};

struct command {
	const char *name;
	int (*run)(const struct call *call);
	const char *arguments;  /* "ADDRESS...", "" if it takes none */
	const char *summary;
};

/* All commands in the order of the manual, and one of them (NULL: unknown). */
const struct command *command_table(size_t *n);
const struct command *command_find(const char *name);

/* Whether the daemon runs it for its callers, too (XRUN): it names no file and shows each what is theirs. */
bool command_is_served(const char *name);

/* Says how `call` should have been written.  Returns EX_USAGE. */
int command_usage(const struct call *call);

/* The whole of `mailchute`, from the words behind its name; the exit code. */
int command_main(int argc, char **argv);

#endif
