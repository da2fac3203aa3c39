#include "cmd/command.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/str.h"
#include "base/strv.h"
#include "cmd/ask.h"
#include "cmd/check.h"
#include "cmd/door.h"
#include "cmd/help.h"
#include "cmd/import.h"
#include "cmd/queue.h"
#include "cmd/send.h"
#include "cmd/serve.h"
#include "cmd/serverinfo.h"
#include "cmd/test.h"
#include "cmd/verify.h"
#include "cmd/version.h"
#include "config/place.h"

/* For what mailchute(1) promises and this version cannot do yet. */
static int missing_command(const struct call *call)
{
	fprintf(stderr, "mailchute: %s is not in this version yet; `mailchute help` lists what is\n",
	        call->argv[0]);
	return EX_UNAVAILABLE;
}

static const struct command table[] = {
	{ "serve", serve_command, "", "Takes mail and delivers it, until it is told to stop" },
	{ "check", check_command, "[--online] [--json]", "Shows the configuration and what is wrong with it" },
	{ "test", test_command, "[-f SENDER] ADDRESS", "Sends a small message and shows the way it takes" },
	{ "resolve", verify_command, "ADDRESS...", "Shows how addresses resolve" },
	{ "serverinfo", serverinfo_command, "[ACCOUNT]", "Shows what a server offers, and its certificate" },
	{ "version", version_command, "", "Shows versions and the paths compiled in" },
	{ "help", help_command, "[COMMAND]", "Lists the commands, or explains one" },
	{ "queue", queue_command, "[list [--json] | flush [ID...] | show|hold|release|delete|retry ID...]",
	  "Shows and steers the mail that waits" },
	{ "send", send_command, "[--from ADDRESS] [--to LIST] [--cc LIST] [--bcc LIST] [--subject TEXT] "
	  "[--body FILE] [--attach FILE]... [-v] [ADDRESS...]", "Composes a message, with attachments, and sends it" },
	{ "login", missing_command, "", "Gets an OAuth 2.0 token (not there yet)" },
	{ "token", missing_command, "", "Prints an OAuth 2.0 token (not there yet)" },
	{ "import", import_command, "[FILE]", "Makes a configuration from another program's" },
};

const struct command *command_table(size_t *n)
{
	*n = COUNT_OF(table);
	return table;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

bool command_is_served(const char *name)
{
	static const char *const served[] = { "queue", "resolve" };

	for (size_t i = 0; i < COUNT_OF(served); i++)
		if (strcmp(name, served[i]) == 0)
			return true;
	return false;
}

int command_usage(const struct call *call)
{
	const struct command *command = command_find(call->argv[0]);

	fprintf(stderr, "mailchute: usage: mailchute [-C FILE] %s %s\n", command->name,
	        command->arguments);
	return EX_USAGE;
}

static int unknown(const char *name)
{
	const char *near = str_nearest(name, &table[0].name, COUNT_OF(table), sizeof(table[0]));
	struct buf shown;

	buf_init(&shown, 100);
	str_escape(&shown, name, strlen(name));
	if (near != NULL)
		fprintf(stderr, "mailchute: unknown command: %s; did you mean %s?\n", shown.data, near);
	else
		fprintf(stderr, "mailchute: unknown command: %s; `mailchute help` lists them\n",
		        shown.data);
	buf_release(&shown);
	return EX_USAGE;
}

/* What people type to find out. */
static const char *proper_name(const char *name)
{
	static const struct {
		const char *typed, *name;
	} names[] = {
		{ "--help", "help" },
		{ "-h", "help" },
		{ "--version", "version" },
		{ "-V", "version" },
	};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strcmp(name, names[i].typed) == 0)
			return names[i].name;
	return name;
}

/* The system's queue is the daemon's: who is not root has it ask. */
static bool ask_daemon(const struct call *call, int *code)
{
	struct strv words;
	bool asked;

	if (call->config != NULL || geteuid() == 0 || place_has_own() || !command_is_served(call->argv[0]))
		return false;
	strv_init(&words);
	for (int i = 0; i < call->argc; i++)
		strv_add(&words, call->argv[i]);
	asked = ask(DOOR_SOCKET, &words, code);
	strv_release(&words);
	return asked;
}

int command_main(int argc, char **argv)
{
	struct call call = { .argc = argc, .argv = argv };
	const struct command *command;
	int code;

	if (call.argc > 0 && strcmp(call.argv[0], "-C") == 0) {
		call.config = call.argv[1];
		call.argc -= 2;
		call.argv += 2;
	}
	if (call.argc <= 0) { /* below 0: -C lacks its FILE */
		help_list(stderr);
		return EX_USAGE;
	}
	if (ask_daemon(&call, &code))
		return code;
	command = command_find(proper_name(call.argv[0]));
	return command ? command->run(&call) : unknown(call.argv[0]);
}
