#include "mail/parser.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

enum {
	FIELD_NAME_MAX = 998,              /* what starts longer is text (RFC 5322, 2.1.1) */
	POSTMARKS_MAX = 64 * 1024,
	PIECE = 64 * 1024,                 /* limits are asked for after each */
};

void parser_init(struct parser *p, struct message *m, const struct message_options *o)
{
	*p = (struct parser){ .message = m, .options = *o, .at_line_start = true };
	buf_init(&p->field, HEADER_MAX + 2 * PIECE); /* a piece of LFs doubles */
	buf_init(&p->postmarks, POSTMARKS_MAX);
	if (o->in_memory > 0)
		m->body.max = o->in_memory;
}

static void fail(struct parser *p, int sysexit, const char *what, const char *why)
{
	status_fail(&p->failure, sysexit, "%s%s", what, why);
	p->done = true;
}

static void add_body(struct parser *p, const char *s, size_t n)
{
	struct message *m = p->message;

	if (p->failure.sysexit != EX_OK)
		return;
	m->body_8bit = m->body_8bit || !str_is_ascii(s, n);
	if (!message_add_body(m, s, n))
		fail(p, EX_TEMPFAIL, "storing the message: ", strerror(errno));
}

static void add_body_text(struct parser *p, const char *s, size_t n)
{
	p->line_octets += n;
	add_body(p, s, n);
}

static void end_body_line(struct parser *p)
{
	struct message *m = p->message;

	if (p->line_octets > m->longest_line)
		m->longest_line = p->line_octets;
	p->line_octets = 0;
	add_body(p, "\r\n", 2);
}

/* Hand the field before the current line to the header. */
static void finish_field(struct parser *p)
{
	struct message *m = p->message;

	if (p->line == 0)
		return;
	m->header_8bit = m->header_8bit || !str_is_ascii(p->field.data, p->line);
	header_add(&m->header, p->field.data, p->line);
	buf_consume(&p->field, p->line);
	p->line = 0;
}

/* What was held back as header lines is the body's beginning. */
static void start_body(struct parser *p)
{
	finish_field(p);
	p->in_body = true;
	add_body(p, p->postmarks.data, p->postmarks.len);
	add_body_text(p, p->field.data, p->field.len);
	buf_release(&p->postmarks);
	buf_release(&p->field);
}

/* Decide what the current line is, of which FIELD_NAME_MAX octets or all are there. */
static void settle(struct parser *p)
{
	const char *line = p->field.data + p->line;
	size_t n = p->field.len - p->line, name_len, body;

	if (p->line > 0 && str_is_blank(*line)) {
		p->settled = true;
	} else if (field_parse(line, n, &name_len, &body)) {
		finish_field(p);
		buf_reset(&p->postmarks);
		p->settled = true;
	} else {
		start_body(p);
	}
}

/* Whether the current line, whole and no field, is mbox's `From ` before any field. */
static bool is_postmark(const struct parser *p)
{
	const char *line = p->field.data;

	return p->line == 0 && (str_starts(line, "From ") || str_starts(line, ">From "))
	       && p->field.len + 2 <= POSTMARKS_MAX - p->postmarks.len;
}

static void keep_postmark(struct parser *p)
{
	buf_add(&p->postmarks, p->field.data, p->field.len);
	buf_puts(&p->postmarks, "\r\n");
	buf_reset(&p->field);
}

static void add_header_text(struct parser *p, const char *s, size_t n)
{
	size_t space = FIELD_NAME_MAX - (p->field.len - p->line), first = n < space ? n : space;

	if (!p->settled) {
		buf_add(&p->field, s, first);
		if (first < space)
			return;
		settle(p);
		s += first;
		n -= first;
	}
	if (p->in_body)
		add_body_text(p, s, n);
	else
		buf_add(&p->field, s, n);
}

static void end_header_line(struct parser *p)
{
	size_t name_len, body, n = p->field.len - p->line;

	if (n == 0 && p->postmarks.len == 0) {
		start_body(p);
		return;
	}
	if (!p->settled && is_postmark(p) && !field_parse(p->field.data, n, &name_len, &body)) {
		keep_postmark(p);
		return;
	}
	if (!p->settled)
		settle(p);
	if (p->in_body) {
		end_body_line(p);
		return;
	}
	buf_puts(&p->field, "\r\n");
	p->line = p->field.len;
	p->settled = false;
}

static void add_text(struct parser *p, const char *s, size_t n)
{
	if (p->in_body)
		add_body_text(p, s, n);
	else
		add_header_text(p, s, n);
}

/* Part of a line, without CR, LF and NUL. */
static void line_text(struct parser *p, const char *s, size_t n)
{
	if (p->at_line_start && !p->options.dots_are_text && *s == '.') {
		p->dot = true;
		p->at_line_start = false;
		s++;
		n--;
	}
	if (n == 0)
		return;
	if (p->dot && *s != '.')
		add_text(p, ".", 1);
	p->dot = false;
	p->at_line_start = false;
	add_text(p, s, n);
}

static void line_end(struct parser *p)
{
	p->crs = 0;
	if (p->dot)
		p->done = true;
	else if (p->in_body)
		end_body_line(p);
	else
		end_header_line(p);
	p->at_line_start = true;
	p->dot = false;
}

/* CRs that text follows are blanks. */
static void flush_crs(struct parser *p)
{
	static const char blanks[] = "                                ";

	p->message->lone_crs += p->crs;
	while (p->crs > 0) {
		size_t n = p->crs < sizeof(blanks) - 1 ? p->crs : sizeof(blanks) - 1;

		line_text(p, blanks, n);
		p->crs -= n;
	}
}

static size_t clean_span(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] != '\r' && s[i] != '\0')
		i++;
	return i;
}

/* Part of a line that holds CRs or NULs not at its end. */
static void unclean_text(struct parser *p, const char *s, size_t n)
{
	while (n > 0) {
		size_t span = clean_span(s, n);

		if (span > 0) {
			flush_crs(p);
			line_text(p, s, span);
		} else if (*s == '\r') {
			p->crs++;
		} else {
			p->message->nuls++;
		}
		span += span == 0;
		s += span;
		n -= span;
	}
}

/* Part of a line, as it came but for the LF. */
static void raw_text(struct parser *p, const char *s, size_t n)
{
	size_t text = n;

	while (text > 0 && s[text - 1] == '\r')
		text--;
	if (memchr(s, '\r', text) != NULL || memchr(s, '\0', text) != NULL) {
		unclean_text(p, s, n);
		return;
	}
	if (text > 0) {
		flush_crs(p);
		line_text(p, s, text);
	}
	p->crs += n - text;
}

static void fail_size(struct parser *p)
{
	status_fail(&p->failure, EX_DATAERR, "the message is larger than max_message allows (%llu octets)",
	            (unsigned long long)p->options.max_octets);
	p->done = true;
}

static void check_size(struct parser *p)
{
	const struct message *m = p->message;
	uint64_t max = p->options.max_octets;

	if (p->done)
		return;
	if (m->header.octets + p->field.len > HEADER_MAX)
		fail(p, EX_DATAERR, "the header is larger than 16 MB", "");
	else if (max > 0 && message_octets(m) + p->field.len > max)
		fail_size(p);
}

static void feed_piece(struct parser *p, const char *s, size_t n)
{
	const char *end = s + n;

	while (s < end && !p->done) {
		const char *lf = memchr(s, '\n', (size_t)(end - s));
		const char *stop = lf != NULL ? lf : end;

		raw_text(p, s, (size_t)(stop - s));
		if (lf != NULL)
			line_end(p);
		s = stop + 1;
	}
	check_size(p);
}

void parser_feed(struct parser *p, const char *bytes, size_t n)
{
	for (size_t piece; n > 0 && !p->done; bytes += piece, n -= piece) {
		piece = n < PIECE ? n : PIECE;
		feed_piece(p, bytes, piece);
	}
}

size_t parser_held(const struct parser *p)
{
	return message_held(p->message) + p->field.cap + p->postmarks.cap;
}

bool parser_end(struct parser *p, struct status *st)
{
	if (!p->done && (!p->at_line_start || p->crs > 0))
		parser_feed(p, "\n", 1);
	if (!p->in_body && p->failure.sysexit == EX_OK)
		start_body(p);
	buf_release(&p->field);
	buf_release(&p->postmarks);
	if (p->failure.sysexit != EX_OK)
		*st = p->failure;
	return p->failure.sysexit == EX_OK;
}
