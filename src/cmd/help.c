#include "cmd/help.h"

#include <sysexits.h>

void help_list(FILE *out)
{
	size_t n;
	const struct command *table = command_table(&n);

	fputs("usage: mailchute [-C FILE] COMMAND [ARGUMENT...]\n", out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "  %-10s  %s\n", table[i].name, table[i].summary);
	fputs("Its other names are sendmail(8), mailq(1) and newaliases(1).\n", out);
}

int help_command(const struct call *call)
{
	const struct command *command;

	if (call->argc == 1) {
		help_list(stdout);
		return EX_OK;
	}
	command = command_find(call->argv[1]);
	if (command == NULL || call->argc > 2)
		return command_usage(call);
	printf("usage: mailchute [-C FILE] %s%s%s\n%s; see mailchute(1).\n", command->name,
	       *command->arguments ? " " : "", command->arguments, command->summary);
	return EX_OK;
}
