#include "cmd/door.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "net/local.h"
#include "smtp/ehlo.h"
#include "smtp/extension.h"

enum { COMMAND_MAX = 512 * 1024, QUIT_MS = 100 };

static void show_reply(const struct door *d)
{
	struct buf line;

	buf_init(&line, COMMAND_MAX);
	reply_print(&d->reply, &line);
	trace_line(d->trace, TRACE_RECEIVED, line.data);
	buf_release(&line);
}

bool door_say(struct door *d, const struct buf *line, struct status *st)
{
	deadline until = deadline_in(d->step_ms);

	if (!buf_ok(line) || buf_has_control(line))
		return status_fail(st, EX_DATAERR, "what was given cannot be said in SMTP");
	trace_line(d->trace, TRACE_SENT, line->data);
	return stream_write(&d->stream, line->data, line->len, until, st)
	       && stream_write(&d->stream, "\r\n", 2, until, st);
}

bool door_flush(struct door *d, struct status *st)
{
	return stream_flush(&d->stream, deadline_in(d->step_ms), st);
}

bool door_hear(struct door *d, int64_t ms, struct status *st)
{
	if (!reply_read(&d->reply, &d->stream, deadline_in(ms), st))
		return false;
	show_reply(d);
	return true;
}

bool door_is_closing(const struct door *d)
{
	size_t len;

	return d->reply.code == 421 && extension_exit(d->reply.text.data, &len) == 0;
}

static bool hear_code(struct door *d, int code, struct status *st)
{
	if (!door_hear(d, d->step_ms, st))
		return false;
	return d->reply.code == code || reply_fail(&d->reply, EX_UNAVAILABLE, st);
}

static bool say_text(struct door *d, const char *text, struct status *st)
{
	struct buf line;
	bool ok;

	buf_init(&line, COMMAND_MAX);
	buf_puts(&line, text);
	ok = door_say(d, &line, st) && door_flush(d, st);
	buf_release(&line);
	return ok;
}

/* The line of the EHLO reply that offers what we need; NULL without. */
static const char *find_offer(const char *text)
{
	static const char name[] = "XMAILCHUTE";

	while ((text = strchr(text, '\n')) != NULL)
		if (str_istarts(++text, name) && strchr(" \n", text[strlen(name)]) != NULL)
			return text + strlen(name);
	return NULL;
}

static bool has_word(const char *line, const char *word)
{
	char *copy = alloc_copyn(line, strcspn(line, "\n"));
	struct strv words;
	bool has;

	strv_init(&words);
	strv_split(&words, copy, " ");
	has = strv_has(&words, word);
	strv_release(&words);
	free(copy);
	return has;
}

static bool take_offer(struct door *d, struct status *st)
{
	const char *text = d->reply.text.data, *offer = find_offer(text);
	struct ehlo ehlo;

	if (offer == NULL)
		return status_fail(st, EX_PROTOCOL, "who answers is no mailchute");
	ehlo_init(&ehlo);
	ehlo_parse(&ehlo, text);
	d->max_message = ehlo.max_size;
	d->ignore_dots = has_word(offer, "IGNOREDOTS");
	d->host = alloc_copyn(text, strcspn(text, " \n"));
	ehlo_release(&ehlo);
	return true;
}

bool door_open(struct door *d, const char *socket, int64_t step_ms, const struct trace *trace,
               struct status *st)
{
	*d = (struct door){ .stream.fd = -1, .trace = trace, .step_ms = step_ms };
	reply_init(&d->reply);
	return local_connect(socket, deadline_in(step_ms), &d->stream, st)
	       && hear_code(d, 220, st)
	       && say_text(d, "EHLO localhost", st)
	       && hear_code(d, 250, st)
	       && take_offer(d, st);
}

void door_close(struct door *d)
{
	struct status st;

	if (d->stream.ops != NULL && !d->stream.ended && d->stream.out.len == 0) {
		d->step_ms = QUIT_MS;
		say_text(d, "QUIT", &st);
	}
	if (d->stream.ops != NULL)
		stream_close(&d->stream);
	reply_release(&d->reply);
	free(d->host);
	*d = (struct door){ .stream.fd = -1 };
}
