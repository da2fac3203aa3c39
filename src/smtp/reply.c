#include "smtp/reply.h"

#include "base/str.h"

#include <string.h>

enum {
	REPLY_MAX = 64 * 1024,
	REPLY_LINES_MAX = 512,
};

static bool in(char c, char lo, char hi)
{
	return lo <= c && c <= hi;
}

bool reply_parse_line(const char *line, struct reply_line *out)
{
	if (!in(line[0], '2', '5') || !in(line[1], '0', '5') || !in(line[2], '0', '9'))
		return false;
	if (line[3] != ' ' && line[3] != '-' && line[3] != '\0')
		return false;

	out->code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
	out->last = line[3] != '-';
	out->text = line[3] == '\0' ? "" : line + 4;
	return true;
}

void reply_init(struct reply *r)
{
	r->code = 0;
	buf_init(&r->text, REPLY_MAX);
}

void reply_release(struct reply *r)
{
	r->code = 0;
	buf_release(&r->text);
}

static bool no_reply(struct status *st, const char *what, const struct buf *line)
{
	struct buf shown;

	buf_init(&shown, 100);
	str_escape(&shown, line->data, line->len);
	status_defer(st, WAIT_HOST, EX_PROTOCOL, "the server sent %s: \"%s\"", what, shown.data);
	buf_release(&shown);
	return status_advise(st, "correct `host` and `port`: that is no mail server");
}

/* Text without the blanks around it, on a line of its own. */
static void add_text(struct reply *r, const char *text, bool first)
{
	size_t n;

	text += strspn(text, " \t");
	for (n = strlen(text); n > 0 && strchr(" \t", text[n - 1]) != NULL; n--)
		;
	if (!first)
		buf_putc(&r->text, '\n');
	buf_add(&r->text, text, n);
}

static bool read_lines(struct reply *r, struct buf *line, struct stream *s, deadline until,
                       struct status *st)
{
	struct reply_line got = { .last = false };

	for (int n = 0; !got.last; n++) {
		if (!stream_read_line(s, line, until, st))
			return false;
		if (!reply_parse_line(line->data, &got))
			return no_reply(st, "no SMTP reply", line);
		if (n > 0 && got.code != r->code)
			return no_reply(st, "a reply whose code changes", line);
		r->code = got.code;
		add_text(r, got.text, n == 0);
		if (n >= REPLY_LINES_MAX || !buf_ok(&r->text))
			return no_reply(st, "a reply that does not end", line);
	}
	return true;
}

bool reply_read(struct reply *r, struct stream *s, deadline until, struct status *st)
{
	struct buf line;
	bool ok;

	r->code = 0;
	buf_reset(&r->text);
	buf_init(&line, STREAM_LINE_MAX);
	ok = read_lines(r, &line, s, until, st);
	buf_wipe(&line); /* a challenge may be as good as a secret */
	return ok;
}

size_t reply_enhanced_code(const char *line)
{
	size_t n = 0;

	for (int part = 0; part < 3; part++) {
		size_t digits = strspn(line + n, "0123456789");

		if (digits == 0 || digits > 3 || (part == 0 && (digits > 1 || strchr("245", *line) == NULL)))
			return 0;
		n += digits;
		if (part < 2 && line[n++] != '.')
			return 0;
	}
	return line[n] == ' ' || line[n] == '\0' ? n : 0;
}

size_t reply_enhanced(const char *line)
{
	size_t n = reply_enhanced_code(line);

	return n > 0 && line[n] == ' ' ? n + 1 : 0;
}

static bool is_reply(const char *s)
{
	return strchr("245", *s) != NULL && strspn(s, "0123456789") == 3 && (s[3] == ' ' || s[3] == '\0');
}

const char *reply_find(const char *text)
{
	const char *colon;

	for (;; text = colon + 2) {
		if (is_reply(text))
			return text;
		if ((colon = strstr(text, ": ")) == NULL)
			return NULL;
	}
}

void reply_print(const struct reply *r, struct buf *out)
{
	const char *text = r->text.data;
	size_t enhanced = reply_enhanced(text);

	buf_printf(out, "%03d", r->code);
	for (const char *line = text, *end; ; line = end + 1) {
		end = line + strcspn(line, "\n");
		/* Servers repeat it on each line. */
		if (line != text && enhanced > 0 && strncmp(line, text, enhanced) == 0)
			line += enhanced;
		if (line < end)
			buf_putc(out, ' ');
		str_escape(out, line, (size_t)(end - line));
		if (*end == '\0')
			break;
	}
}

bool reply_fail(const struct reply *r, int final, struct status *st)
{
	struct buf words;

	buf_init(&words, sizeof(st->text));
	reply_print(r, &words);
	if (r->code >= 500)
		status_fail(st, final, "%s", words.data);
	else if (r->code >= 400)
		status_fail(st, EX_TEMPFAIL, "%s", words.data);
	else
		status_defer(st, WAIT_HOST, EX_PROTOCOL, "unexpected reply: %s", words.data);
	st->reply = r->code;
	buf_release(&words);
	return false;
}
