#include "cmd/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cmd/door.h"
#include "smtp/extension.h"

enum {
	XRUN_MAX = 512 * 1024,
	BLOCK = 8 * 1024,
	FRAME_MAX = 1024 * 1024,
	FRAME_MS = 6 * 60 * 1000,      /* a run of the queue prints nothing, and may take five minutes */
};

static bool say_words(struct door *d, const struct strv *words, struct status *st)
{
	struct buf line;
	bool ok;

	buf_init(&line, XRUN_MAX);
	buf_puts(&line, "XRUN");
	for (size_t i = 0; i < words->len; i++) {
		buf_putc(&line, ' ');
		xtext_print(&line, words->v[i]);
	}
	ok = door_say(d, &line, st) && door_flush(d, st);
	buf_release(&line);
	return ok;
}

/* "1 120": which stream, and how many octets or the exit code. */
static bool parse_frame(const char *line, int *stream, unsigned long *n)
{
	size_t digits = strspn(line + (*line != '\0'), " 0123456789");

	if (*line < '0' || *line > '2' || line[1] != ' ' || digits < 2 || digits > 8 || line[1 + digits] != '\0')
		return false;
	*stream = *line - '0';
	*n = strtoul(line + 2, NULL, 10);
	return *n <= (*stream == 0 ? 255 : FRAME_MAX);
}

static bool copy(struct door *d, FILE *to, size_t n, struct status *st)
{
	char block[BLOCK];

	while (n > 0) {
		size_t some = n < BLOCK ? n : BLOCK;

		if (!stream_read(&d->stream, block, some, deadline_in(d->step_ms), st))
			return false;
		fwrite(block, 1, some, to);
		n -= some;
	}
	return true;
}

/* What came instead of a frame. */
static bool refused(const char *line, struct status *st)
{
	struct buf shown;

	buf_init(&shown, sizeof(st->text));
	str_escape(&shown, line, strlen(line));
	status_fail(st, EX_TEMPFAIL, "the daemon answered: %s", shown.data);
	buf_release(&shown);
	return false;
}

static bool copy_frames(struct door *d, struct buf *line, int *code, struct status *st)
{
	FILE *const to[] = { NULL, stdout, stderr };
	int stream = -1;
	unsigned long n = 0;

	while (stream != 0) {
		if (!stream_read_line(&d->stream, line, deadline_in(FRAME_MS), st))
			return false;
		if (!parse_frame(line->data, &stream, &n))
			return refused(line->data, st);
		if (stream != 0 && !copy(d, to[stream], n, st))
			return false;
	}
	*code = (int)n;
	return true;
}

static int run(struct door *d, const struct strv *words)
{
	struct status st;
	struct buf line;
	int code;

	buf_init(&line, STREAM_LINE_MAX);
	if (!say_words(d, words, &st) || !copy_frames(d, &line, &code, &st)) {
		fprintf(stderr, "mailchute: %s\n", st.text);
		code = st.sysexit;
	}
	stream_close(&d->stream); /* XRUN was the last command: no QUIT */
	buf_release(&line);
	return code;
}

bool ask(const char *socket, const struct strv *words, int *code)
{
	struct door d;
	struct status st;
	bool there = door_open(&d, socket, DOOR_STEP_MS, NULL, &st);

	if (there)
		*code = run(&d, words);
	door_close(&d);
	return there;
}
