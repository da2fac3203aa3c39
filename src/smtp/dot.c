#include "smtp/dot.h"

#include <string.h>

void dot_init(struct dot *d)
{
	d->state = DOT_LINE_START;
}

/* The state behind a piece that is not empty. */
static void advance(struct dot *d, char last)
{
	if (last == '\n')
		d->state = DOT_LINE_START;
	else
		d->state = last == '\r' ? DOT_AFTER_CR : DOT_IN_LINE;
}

void dot_encode(struct dot *d, struct buf *out, const char *p, size_t n)
{
	const char *end = p + n, *from = p, *line = p;

	if (n == 0)
		return;
	if (d->state == DOT_LINE_START && *p == '.')
		buf_putc(out, '.');
	/* RFC 5321, 4.5.2: a leading dot is doubled.  What stands between two goes out at once. */
	while ((line = memchr(line, '\n', (size_t)(end - line))) != NULL && ++line < end)
		if (*line == '.') {
			buf_add(out, from, (size_t)(line - from));
			buf_putc(out, '.');
			from = line;
		}
	buf_add(out, from, (size_t)(end - from));
	advance(d, end[-1]);
}

void dot_finish(struct dot *d, struct buf *out)
{
	static const char *const ends[] = {
		[DOT_LINE_START] = ".\r\n",
		[DOT_IN_LINE] = "\r\n.\r\n",
		[DOT_AFTER_CR] = "\n.\r\n",
	};

	buf_puts(out, ends[d->state]);
	dot_init(d);
}

void undot_init(struct undot *u, bool strict)
{
	*u = (struct undot){ .strict = strict };
}

/* An octet behind a dot at a line's start; how much of it was taken. */
static size_t behind_dot(struct undot *u, struct buf *out, char c)
{
	if (c == '\n' && (!u->strict || u->crs == 1)) {
		u->state = UNDOT_END;
		return 1;
	}
	if (c == '\r' && (!u->strict || u->crs == 0)) {
		u->crs++;
		return 1;
	}
	/* RFC 5321, 4.5.2: it is not alone, so it goes, and the rest of the line is text. */
	u->state = u->crs > 0 ? UNDOT_AFTER_CR : UNDOT_IN_LINE;
	for (; u->crs > 0; u->crs--)
		buf_putc(out, '\r');
	return 0;
}

/* Up to and with the next LF. */
static size_t line_text(struct undot *u, struct buf *out, const char *p, size_t n)
{
	const char *lf = memchr(p, '\n', n);
	size_t taken = lf != NULL ? (size_t)(lf + 1 - p) : n;
	bool cr = lf == p ? u->state == UNDOT_AFTER_CR : (lf != NULL ? lf[-1] : p[n - 1]) == '\r';

	buf_add(out, p, taken);
	if (lf != NULL)
		u->state = cr || !u->strict ? UNDOT_LINE_START : UNDOT_IN_LINE;
	else
		u->state = cr ? UNDOT_AFTER_CR : UNDOT_IN_LINE;
	return taken;
}

static size_t line_start(struct undot *u, char c)
{
	u->state = c == '.' ? UNDOT_DOT : UNDOT_IN_LINE;
	u->crs = 0;
	return c == '.';
}

size_t undot_decode(struct undot *u, struct buf *out, const char *p, size_t n)
{
	size_t at = 0;

	while (at < n && u->state != UNDOT_END)
		if (u->state == UNDOT_LINE_START)
			at += line_start(u, p[at]);
		else if (u->state == UNDOT_DOT)
			at += behind_dot(u, out, p[at]);
		else
			at += line_text(u, out, p + at, n - at);
	return at;
}
