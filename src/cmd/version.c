#include "cmd/version.h"

#include <stdio.h>
#include <sysexits.h>

#include "net/tls.h"
#include "smtp/sasl.h"

int version_print(void)
{
	puts("mailchute " VERSION);
	printf("libraries: GnuTLS %s, GNU SASL %s\n", tls_library(), sasl_library());
	puts("configuration: " SYSCONFDIR "/mailchute.conf");
	return EX_OK;
}

int version_command(const struct call *call)
{
	return call->argc > 1 ? command_usage(call) : version_print();
}
