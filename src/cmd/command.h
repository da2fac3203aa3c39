#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

/*
 * What `mailchute [-C FILE] COMMAND [ARGUMENT...]` calls: one function a
 * command, listed in the table of mailchute.c, as
 *
 *	int check_command(const struct call *call);
 *
 * in its own cmd/check.h.  The result is the exit code; words for the user go
 * to stderr and start with "mailchute: ", what was asked for goes to stdout.
 */
struct call {
	const char *config;     /* -C's FILE; NULL without */
	int    argc;            /* the command's name and its arguments */
	char **argv;            /* ends in a NULL */
};

#endif
