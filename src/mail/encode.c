#include "mail/encode.h"

enum { LINE_MAX_OCTETS = 76 };

/* --- quoted-printable --- */

bool quoted_printable_escapes(char c)
{
	return c != '\t' && (c < ' ' || c > '~' || c == '=');
}

/* One octet, plain or as =XX; a soft line break first if it does not fit in front of the "=" of one. */
static void put(struct encoder *e, struct buf *out, char c, bool escaped)
{
	size_t width = escaped ? 3 : 1;

	if (e->column + width > LINE_MAX_OCTETS - 1) {
		buf_puts(out, "=\r\n");
		e->column = 0;
	}
	if (escaped)
		buf_printf(out, "=%02X", (unsigned char)c);
	else
		buf_putc(out, c);
	e->column += width;
}

/* Rule 3: no blank ends a line. */
static void release_blank(struct encoder *e, struct buf *out, bool at_end)
{
	if (e->blank != 0)
		put(e, out, e->blank, at_end);
	e->blank = 0;
}

static void line_end(struct encoder *e, struct buf *out)
{
	release_blank(e, out, true);
	buf_puts(out, "\r\n");
	e->column = 0;
}

static void lone_cr(struct encoder *e, struct buf *out)
{
	release_blank(e, out, false);
	put(e, out, '\r', true);
}

static void take(struct encoder *e, struct buf *out, char c)
{
	if (e->cr && c == '\n') {
		e->cr = false;
		line_end(e, out);
		return;
	}
	if (e->cr)
		lone_cr(e, out);
	e->cr = c == '\r';
	if (e->cr)
		return;
	release_blank(e, out, false);
	if (c == ' ' || c == '\t')
		e->blank = c;
	else
		put(e, out, c, quoted_printable_escapes(c));
}

void quoted_printable_add(struct encoder *e, struct buf *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		take(e, out, p[i]);
}

void quoted_printable_end(struct encoder *e, struct buf *out)
{
	if (e->cr)
		lone_cr(e, out);
	release_blank(e, out, true);
	*e = (struct encoder){ 0 };
}

/* --- base64 --- */

static void put_group(struct encoder *e, struct buf *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *h = e->held;
	char group[] = {
		digits[h[0] >> 2],
		digits[(h[0] & 3) << 4 | h[1] >> 4],
		e->held_len > 1 ? digits[(h[1] & 15) << 2 | h[2] >> 6] : '=',
		e->held_len > 2 ? digits[h[2] & 63] : '=',
	};

	if (e->column == LINE_MAX_OCTETS) {
		buf_puts(out, "\r\n");
		e->column = 0;
	}
	buf_add(out, group, sizeof(group));
	e->column += sizeof(group);
	e->held_len = 0;
	e->held[1] = e->held[2] = 0;
}

void base64_add(struct encoder *e, struct buf *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		e->held[e->held_len++] = (unsigned char)p[i];
		if (e->held_len == sizeof(e->held))
			put_group(e, out);
	}
}

void base64_end(struct encoder *e, struct buf *out)
{
	if (e->held_len > 0)
		put_group(e, out);
	if (e->column > 0)
		buf_puts(out, "\r\n");
	*e = (struct encoder){ 0 };
}
