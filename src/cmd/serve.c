#include "cmd/serve.h"

#include "cmd/report.h"
#include "serve/serve.h"

int serve_command(const struct call *call)
{
	struct status st;

	if (call->argc != 1)
		return command_usage(call);
	if (serve(call->config, &st))
		return EX_OK;
	report_failure("mailchute", &st);
	return st.sysexit;
}
