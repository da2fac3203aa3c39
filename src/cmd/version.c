#include "cmd/version.h"

#include <stdio.h>
#include <sysexits.h>

int version_print(void)
{
	puts("mailchute " VERSION);
	puts("configuration: " SYSCONFDIR "/mailchute.conf");
	return EX_OK;
}

int version_command(const struct call *call)
{
	return call->argc > 1 ? command_usage(call) : version_print();
}
