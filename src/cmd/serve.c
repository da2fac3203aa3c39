#include "cmd/serve.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cmd/mailq.h"
#include "cmd/options.h"
#include "cmd/report.h"
#include "cmd/runq.h"
#include "cmd/spool.h"
#include "cmd/verify.h"
#include "serve/serve.h"

/*
 * What callers may ask of the daemon: `queue ...` and `resolve ...` as words of
 * mailchute, `sendmail -bp`, `-q...` and `-bv ADDRESS...` as words of sendmail.
 * Nothing that names a file: the configuration is the daemon's.
 */
static int refuse(const char *what)
{
	fprintf(stderr, "mailchute: the daemon does not do this for its callers: %s\n", what);
	return EX_USAGE;
}

static int run_command(const struct call *call)
{
	if (!command_is_served(call->argv[0]))
		return refuse(call->argv[0]);
	return command_find(call->argv[0])->run(call);
}

static int run_sendmail(const struct call *call)
{
	struct options o;
	struct status st;

	options_init(&o);
	if (!options_parse(&o, (size_t)call->argc - 1, (const char *const *)call->argv + 1, &st)) {
		report_failure("sendmail", &st);
		return st.sysexit;
	}
	o.config = call->config;
	switch (o.mode) {
	case MODE_MAILQ:
		return mailq_list(call->config, call->viewer, false);
	case MODE_RUN_QUEUE:
		return runq_options(&o, call->viewer);
	case MODE_RESOLVE:
		return verify_options(&o, call->viewer);
	default:
		return refuse("sendmail, but for -bp, -q and -bv");
	}
}

static int run_for_caller(const char *file, uid_t uid, bool is_operator, int argc, char **argv)
{
	const struct viewer viewer = { .uid = uid, .is_operator = is_operator };
	const struct call call = { .config = file, .argc = argc, .argv = argv, .viewer = &viewer };

	if (argc < 1)
		return refuse("nothing");
	return strcmp(argv[0], "sendmail") == 0 ? run_sendmail(&call) : run_command(&call);
}

int serve_command(const struct call *call)
{
	const struct serve_options options = { .file = call->config, .run = run_for_caller };
	struct status st;

	if (call->argc != 1)
		return command_usage(call);
	if (serve(&options, &st))
		return EX_OK;
	report_failure("mailchute", &st);
	return st.sysexit;
}
