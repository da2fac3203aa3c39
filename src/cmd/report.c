#include "cmd/report.h"

#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "deliver/result.h"
#include "smtp/extension.h"
#include "smtp/reply.h"

void report_failure(const char *program, const struct status *st)
{
	fprintf(stderr, "%s: %s\n", program, st->text);
}

void report_result(const char *program, const struct envelope *e, const char *account)
{
	struct buf text;
	char *line, *rest;

	buf_init(&text, SIZE_MAX / 2);
	result_print(e, account, &text);
	for (rest = text.data; (line = strsep(&rest, "\n")) != NULL;)
		if (*line != '\0')
			fprintf(stderr, "%s: %s\n", program, line);
	buf_release(&text);
}

int report_answer(const char *program, const struct answer *a)
{
	bool kept = str_starts(a->text.data, EXTENSION_KEPT) && isatty(STDERR_FILENO);
	const char *line = a->text.data, *end;
	struct buf shown;

	if (a->sysexit == EX_OK && !kept)
		return EX_OK;
	buf_init(&shown, a->text.max);
	do {
		line += reply_enhanced(line);
		end = line + strcspn(line, "\n");
		buf_printf(&shown, "%s: ", program);
		str_escape(&shown, line, (size_t)(end - line));
		buf_putc(&shown, '\n');
		line = end + 1;
	} while (*end != '\0');
	fputs(shown.data, stderr);
	buf_release(&shown);
	return a->sysexit;
}

/* A server's words may hold what steers terminals. */
static void print_trace(void *arg, char direction, const char *text)
{
	struct buf shown;

	(void)arg;
	buf_init(&shown, 16384);
	str_escape(&shown, text, strlen(text));
	fprintf(stderr, "%c %s\n", direction, shown.data);
	buf_release(&shown);
}

const struct trace *report_trace(unsigned verbose)
{
	static const struct trace traces[] = { { .line = print_trace }, { .line = print_trace, .deep = true } };

	return verbose == 0 ? NULL : &traces[verbose > 1];
}

void report_open_log(const struct settings *s)
{
	struct log_config log = { .facility = LOG_MAIL };

	if (s != NULL) {
		log.facility = s->syslog;
		log.json = s->logformat == LOGFORMAT_JSON;
		if (s->logfile != NULL && strcmp(s->logfile, "-") != 0)
			log.file = s->logfile;
	}
	log_open(&log);
}
