#include <unistd.h>

#include "base/str.h"
#include "cmd/command.h"
#include "cmd/mailq.h"
#include "cmd/newaliases.h"
#include "cmd/options.h"
#include "cmd/personality.h"
#include "cmd/process.h"
#include "cmd/runq.h"
#include "cmd/smtp.h"
#include "cmd/submit.h"
#include "cmd/verify.h"
#include "cmd/version.h"
#include "serve/listen.h"

static const char program[] = "sendmail";

static int deliver_stdin(const struct options *o)
{
	struct submission s = {
		.options = o,
		.program = program,
		.input = STDIN_FILENO,
		.commit = true,
	};

	return submit(&s);
}

static int show_version(const struct options *o)
{
	(void)o;
	return version_print();
}

static int run_queue_now(const struct options *o)
{
	return runq_options(o, NULL);
}

static int resolve(const struct options *o)
{
	return verify_options(o, NULL);
}

static int (*const modes[])(const struct options *o) = {
	[MODE_DELIVER] = deliver_stdin,
	[MODE_SMTP] = smtp_options,
	[MODE_MAILQ] = mailq_options,
	[MODE_NEWALIASES] = newaliases_options,
	[MODE_RESOLVE] = resolve,
	[MODE_VERSION] = show_version,
	[MODE_RUN_QUEUE] = run_queue_now,
};

static int sendmail_main(const struct personality *p, size_t argc, const char *const *args)
{
	struct options o;
	struct status st;

	if (!personality_parse(p, &o, argc, args, &st))
		return personality_usage(&o, &st);
	if (o.mode != MODE_SMTP) /* which says nothing on stderr */
		process_discard_on_signal(program);
	return modes[o.mode](&o);
}

int main(int argc, char **argv)
{
	bool is_sendmail = !str_starts(personality_name(argv[0]), "mailchute");
	int words = argc > 0 ? argc - 1 : 0;
	char **args = argv + (argc > 0);

	process_start(is_sendmail ? 0 : listen_inherited());
	if (!is_sendmail)
		return process_end(command_main(words, args));
	return process_end(sendmail_main(personality_of(argv[0]), (size_t)words,
	                                 (const char *const *)args));
}
