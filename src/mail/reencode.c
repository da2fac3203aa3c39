#include "mail/reencode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "mail/encode.h"
#include "mail/mime.h"

enum { BLOCK = 32 * 1024, PART_HEADER_MAX = 512 * 1024 };

/* What becomes of a part. */
enum action { COPY, TO_QUOTED_PRINTABLE, TO_BASE64, BREAK_QUOTED_PRINTABLE, BREAK_BASE64, RELABEL };

struct work {
	const struct message *in;
	struct message out;
	struct mime mime;
	unsigned why;
	uint64_t at;                 /* of the body: what is before it has been written */
	uint64_t line;               /* octets of the line that is being written */
	bool forbidden, changed;
};

/* --- what to do --- */

static bool needs(const struct work *w, const struct mime_part *p)
{
	return ((w->why & REENCODE_LONG_LINES) && p->longest_line > WIRE_LINE_MAX)
	       || ((w->why & REENCODE_8BIT) && p->has_8bit);
}

static enum action choose(const struct work *w, const struct mime_part *p)
{
	if (p->is_container)
		return (w->why & REENCODE_8BIT) && p->encoding == MIME_PLAIN ? RELABEL : COPY;
	if (!needs(w, p) || p->is_sealed)
		return COPY;
	switch (p->encoding) {
	case MIME_PLAIN:
		/* An escape takes three octets, base64 four for three. */
		return p->is_text && p->escaped < p->octets / 6 ? TO_QUOTED_PRINTABLE : TO_BASE64;
	case MIME_QUOTED_PRINTABLE:
		return BREAK_QUOTED_PRINTABLE;
	case MIME_BASE64:
		return BREAK_BASE64;
	default:
		return COPY;
	}
}

/* --- writing --- */

/* Behind here the body's figures are kept right. */
static bool write_body(struct work *w, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		w->line = p[i] == '\n' ? 0 : w->line + (p[i] != '\r');
		if (w->line > w->out.longest_line)
			w->out.longest_line = w->line;
	}
	w->out.body_8bit |= !str_is_ascii(p, n);
	return message_add_body(&w->out, p, n);
}

/* The next octets of the message's body before `end`; 0 there, -1 for an error. */
static long next(struct work *w, char *block, uint64_t end)
{
	struct message_source source = { .m = w->in, .part = SOURCE_BODY, .offset = w->at };
	uint64_t left = end - w->at;
	long n = left == 0 ? 0 : message_next(&source, block, left < BLOCK ? (size_t)left : BLOCK);

	if (n > 0)
		w->at += (uint64_t)n;
	return n;
}

static bool copy_until(struct work *w, uint64_t end)
{
	char *block = alloc(BLOCK);
	long n;

	while ((n = next(w, block, end)) > 0)
		if (!write_body(w, block, (size_t)n))
			n = -1;
	free(block);
	return n == 0;
}

/* Line ends of what is base64 already mean nothing: they are made anew. */
static void rewrap_base64(struct encoder *e, struct buf *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] <= ' ' || p[i] > '~') /* RFC 2045, 6.8: whoever reads it ignores those */
			continue;
		if (e->column == 76) {
			buf_puts(out, "\r\n");
			e->column = 0;
		}
		buf_putc(out, p[i]);
		e->column++;
	}
}

/* A soft line break where a line grows too long, but not inside an =XX; what should have been one becomes one. */
static void rewrap_quoted_printable(struct encoder *e, struct buf *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (e->held_len > 0 && (e->held_len--, true))
			;
		else if (e->column >= 72 && p[i] != '\r' && p[i] != '\n') {
			buf_puts(out, "=\r\n");
			e->column = 0;
		}
		if (p[i] == '=')
			e->held_len = 2;
		if ((unsigned char)p[i] > '~') {
			buf_printf(out, "=%02X", (unsigned char)p[i]);
			e->column += 3;
			continue;
		}
		buf_putc(out, p[i]);
		e->column = p[i] == '\n' ? 0 : e->column + 1;
	}
}

static void no_end(struct encoder *e, struct buf *out)
{
	(void)e, (void)out;
}

static void end_rewrapped(struct encoder *e, struct buf *out)
{
	if (e->column > 0)
		buf_puts(out, "\r\n");
}

static const struct {
	const char *encoding;        /* what the field will say; NULL: as it does */
	void (*add)(struct encoder *e, struct buf *out, const char *p, size_t n);
	void (*end)(struct encoder *e, struct buf *out);
} actions[] = {
	[TO_QUOTED_PRINTABLE] = { "quoted-printable", quoted_printable_add, quoted_printable_end },
	[TO_BASE64] = { "base64", base64_add, base64_end },
	[BREAK_QUOTED_PRINTABLE] = { NULL, rewrap_quoted_printable, no_end },
	[BREAK_BASE64] = { NULL, rewrap_base64, end_rewrapped },
	[RELABEL] = { "7bit", NULL, NULL },
};

static bool encode_until(struct work *w, uint64_t end, enum action action)
{
	struct encoder e = { 0 };
	struct buf out;
	char *block = alloc(BLOCK);
	long n;

	buf_init(&out, 4 * BLOCK);
	while ((n = next(w, block, end)) > 0) {
		buf_reset(&out);
		actions[action].add(&e, &out, block, (size_t)n);
		if (!write_body(w, out.data, out.len))
			n = -1;
	}
	buf_reset(&out);
	actions[action].end(&e, &out);
	if (n == 0 && !write_body(w, out.data, out.len))
		n = -1;
	buf_release(&out);
	free(block);
	return n == 0;
}

/* --- headers --- */

static void set_field(struct header *h, const char *name, const char *body)
{
	size_t at = header_find(h, name, 0);
	char *text;

	if (at == h->len) {
		header_insert(h, at, name, body);
		return;
	}
	text = alloc_printf(" %s", body);
	header_replace_body(h, at, text, strlen(text));
	free(text);
}

/* RFC 1428: a charset that nobody told is unknown, but what reads as UTF-8 is that. */
static const char *charset(const struct mime_part *p)
{
	if (!p->has_8bit)
		return "text/plain; charset=us-ascii";
	return p->is_utf8 ? "text/plain; charset=utf-8" : "text/plain; charset=unknown-8bit";
}

static void label(struct header *h, const struct mime_part *p, enum action action)
{
	if (actions[action].encoding == NULL
	    || (action == RELABEL && header_find(h, "Content-Transfer-Encoding", 0) == h->len))
		return;
	if (p->is_message && header_find(h, "MIME-Version", 0) == h->len)
		header_insert(h, h->len, "MIME-Version", "1.0");
	if (!p->has_type && p->is_text)
		set_field(h, "Content-Type", charset(p));
	set_field(h, "Content-Transfer-Encoding", actions[action].encoding);
}

/* The header of a part that stands in the body, from its first octet to the blank line's end. */
static bool read_header(struct work *w, uint64_t end, struct header *h)
{
	struct buf text;
	char *block = alloc(BLOCK);
	long n;

	buf_init(&text, PART_HEADER_MAX);
	while ((n = next(w, block, end)) > 0)
		buf_add(&text, block, (size_t)n);
	for (const char *at = text.data, *lf; (lf = strchr(at, '\n')) != NULL; at = lf + 1) {
		size_t len = (size_t)(lf + 1 - at);

		if (len == 2)
			break;
		header_add_line(h, at, len);
	}
	free(block);
	buf_release(&text);
	return n == 0;
}

static bool write_header(struct work *w, const struct mime_part *p, enum action action)
{
	struct header h;
	bool ok;

	if (p->is_top) {
		label(&w->out.header, p, action);
		return true;
	}
	header_init(&h);
	ok = copy_until(w, p->header) && read_header(w, p->body, &h);
	label(&h, p, action);
	for (size_t i = 0; ok && i < h.len; i++)
		ok = write_body(w, h.v[i].text, h.v[i].len);
	header_release(&h);
	return ok && write_body(w, "\r\n", 2);
}

/* --- a message --- */

static bool rewrite_part(struct work *w, const struct mime_part *p)
{
	enum action action = choose(w, p);

	w->forbidden |= action == COPY && !p->is_container && needs(w, p);
	if (action == COPY)
		return true;
	w->changed |= action != RELABEL;
	return write_header(w, p, action)
	       && (p->is_container || (copy_until(w, p->body) && encode_until(w, p->end, action)));
}

static void copy_header(struct header *to, const struct header *from)
{
	for (size_t i = 0; i < from->len; i++)
		header_add(to, from->v[i].text, from->v[i].len);
}

/* Nothing is written where nothing needs it: RELABEL alone is no reason. */
static bool is_needed(const struct work *w)
{
	for (size_t i = 0; i < w->mime.len; i++)
		if (needs(w, &w->mime.v[i]))
			return true;
	return false;
}

static bool rewrite(struct work *w)
{
	bool ok = true;

	copy_header(&w->out.header, &w->in->header);
	for (size_t i = 0; ok && i < w->mime.len; i++)
		ok = rewrite_part(w, &w->mime.v[i]);
	return ok && copy_until(w, w->in->body_octets);
}

/* `out` is a whole message if the result is DONE, or FORBIDDEN and *changed. */
static enum reencode_result reencode_body(const struct message *m, unsigned why, struct message *out, bool *changed)
{
	struct work w = { .in = m, .why = why };
	enum reencode_result result = REENCODE_UNNEEDED;

	message_init(&w.out);
	w.out.header_8bit = m->header_8bit;
	w.out.nuls = m->nuls;
	w.out.lone_crs = m->lone_crs;
	if (!mime_scan(&w.mime, m))
		result = errno != 0 ? REENCODE_ERROR : REENCODE_FORBIDDEN;
	else if (is_needed(&w) && !rewrite(&w))
		result = REENCODE_ERROR;
	else if (w.changed || w.forbidden)
		result = w.forbidden ? REENCODE_FORBIDDEN : REENCODE_DONE;
	mime_release(&w.mime);
	*changed = w.changed && result != REENCODE_ERROR;
	*out = w.out;
	return result;
}

/* --- the header's lines --- */

/* Where a line of n octets is to be cut: at the last blank that leaves both parts something; 0: nowhere. */
static size_t fold_at(const char *line, size_t n)
{
	for (size_t i = n < WIRE_LINE_MAX ? n : WIRE_LINE_MAX; i > 1; i--)
		if ((line[i] == ' ' || line[i] == '\t') && line[i - 1] != ' ' && line[i - 1] != '\t')
			return i;
	return 0;
}

static bool fold_field(struct header *h, size_t at)
{
	const char *body = h->v[at].text + h->v[at].body, *end = h->v[at].text + h->v[at].len;
	size_t before = h->v[at].body, cut;
	bool folded = false;
	struct buf out;

	buf_init(&out, SIZE_MAX / 2);
	for (const char *p = body, *lf; p < end; p = lf + 1, before = 0) {
		lf = memchr(p, '\n', (size_t)(end - p));
		while ((size_t)(lf - 1 - p) + before > WIRE_LINE_MAX
		       && (cut = fold_at(p, WIRE_LINE_MAX - before)) > 0) {
			buf_add(&out, p, cut);
			buf_puts(&out, "\r\n");
			p += cut;
			before = 0;
			folded = true;
		}
		buf_add(&out, p, (size_t)(lf + 1 - p));
	}
	if (folded)
		header_replace_body(h, at, out.data, out.len);
	buf_release(&out);
	return folded;
}

static bool fold_header(struct header *h)
{
	bool folded = false;

	for (size_t i = 0; i < h->len; i++)
		if (h->v[i].len > WIRE_LINE_MAX)
			folded |= fold_field(h, i);
	return folded;
}

static bool body_needs(const struct message *m, unsigned why)
{
	return ((why & REENCODE_LONG_LINES) && m->longest_line > WIRE_LINE_MAX)
	       || ((why & REENCODE_8BIT) && m->body_8bit);
}

enum reencode_result message_reencode(struct message *m, unsigned why)
{
	bool folded = (why & REENCODE_LONG_LINES) && fold_header(&m->header), changed;
	enum reencode_result result = REENCODE_UNNEEDED;
	struct message out;

	if (body_needs(m, why)) {
		result = reencode_body(m, why, &out, &changed);
		message_release(changed ? m : &out);
		if (changed)
			*m = out;
	}
	return result == REENCODE_UNNEEDED && folded ? REENCODE_DONE : result;
}

bool message_reencoded(const struct message *m, unsigned why, struct message *out)
{
	bool changed = false;

	message_init(out);
	if (body_needs(m, why))
		reencode_body(m, why, out, &changed);
	return changed;
}
