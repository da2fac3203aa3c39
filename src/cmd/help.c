#include "cmd/help.h"

#include <string.h>
#include <sysexits.h>

#include "cmd/completion.h"

void help_list(FILE *out)
{
	size_t n;
	const struct command *table = command_table(&n);

	fputs("usage: mailchute [-C FILE] COMMAND [ARGUMENT...]\n", out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "  %-10s  %s\n", table[i].name, table[i].summary);
	fputs("Its other names are sendmail(8), mailq(1) and newaliases(1).\n", out);
}

/* `help --completion SHELL`, for those who build packages. */
static int print_completion(const struct call *call)
{
	struct buf out;
	bool known;

	buf_init(&out, 1 << 20);
	known = call->argc == 3 && completion_write(call->argv[2], &out);
	if (known)
		fputs(out.data, stdout);
	else
		fputs("mailchute: usage: mailchute help --completion bash|zsh|fish\n", stderr);
	buf_release(&out);
	return known ? EX_OK : EX_USAGE;
}

int help_command(const struct call *call)
{
	const struct command *command;

	if (call->argc == 1) {
		help_list(stdout);
		return EX_OK;
	}
	if (strcmp(call->argv[1], "--completion") == 0)
		return print_completion(call);
	command = command_find(call->argv[1]);
	if (command == NULL || call->argc > 2)
		return command_usage(call);
	printf("usage: mailchute [-C FILE] %s%s%s\n%s; see mailchute(1).\n", command->name,
	       *command->arguments ? " " : "", command->arguments, command->summary);
	return EX_OK;
}
