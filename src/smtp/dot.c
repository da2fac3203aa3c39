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
