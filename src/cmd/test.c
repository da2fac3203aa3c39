#include "cmd/test.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "cmd/options.h"
#include "cmd/submit.h"

/* What submit completes it to is a part of the test: no From, no Date, no Message-ID. */
static bool write_message(int fd, const char *address)
{
	char host[256] = "";
	struct buf text;
	bool ok;

	gethostname(host, sizeof(host) - 1);
	buf_init(&text, 4096);
	buf_printf(&text,
	           "To: %s\n"
	           "Subject: Test message from %s\n"
	           "Auto-Submitted: auto-generated\n"
	           "\n"
	           "mailchute on %s sent this message as a test.\n"
	           "If you can read it, mail from there arrives.\n",
	           address, host, host);
	ok = buf_ok(&text) && io_write_all(fd, text.data, text.len) && lseek(fd, 0, SEEK_SET) == 0;
	buf_release(&text);
	return ok;
}

int test_command(const struct call *call)
{
	const char *args[] = { "-v", "-i", "--", call->argc == 2 ? call->argv[1] : NULL };
	struct submission s = { .program = "mailchute", .now = true };
	struct options options;
	struct status st;

	if (call->argc != 2)
		return command_usage(call);
	options_init(&options);
	options.config = call->config;
	if (!options_parse(&options, 4, args, &st)) {
		fprintf(stderr, "mailchute: %s\n", st.text);
		return st.sysexit;
	}
	s.options = &options;
	s.input = io_tmpfile();
	if (s.input < 0 || !write_message(s.input, call->argv[1])) {
		perror("mailchute: storing the message");
		return EX_TEMPFAIL;
	}
	return submit(&s);
}
