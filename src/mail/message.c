#include "mail/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/str.h"
#include "mail/parser.h"

enum { READ_SIZE = 256 * 1024 };

void message_init(struct message *m)
{
	*m = (struct message){ .fd = -1 };
	header_init(&m->header);
	buf_init(&m->body, BODY_IN_MEMORY);
}

void message_release(struct message *m)
{
	header_release(&m->header);
	buf_release(&m->body);
	if (m->fd >= 0)
		close(m->fd);
	message_init(m);
}

size_t message_held(const struct message *m)
{
	enum { ALLOCATED = 2 * sizeof(void *) }; /* what an allocator keeps beside each text */
	const struct header *h = &m->header;

	return h->octets + h->len * ALLOCATED + h->cap * sizeof(*h->v) + m->body.cap;
}

/* Move what is in memory to the end of the file. */
static bool spill(struct message *m)
{
	if (m->fd < 0)
		m->fd = io_tmpfile();
	if (m->fd < 0 || !io_write_all(m->fd, m->body.data, m->body.len))
		return false;
	buf_reset(&m->body);
	return true;
}

bool message_add_body(struct message *m, const char *p, size_t n)
{
	while (n > 0) {
		size_t space = m->body.max - m->body.len, part = n < space ? n : space;

		buf_add(&m->body, p, part);
		m->body_octets += part;
		p += part;
		n -= part;
		if (n > 0 && !spill(m))
			return false;
	}
	return true;
}

bool message_read(struct message *m, int fd, const struct message_options *o, struct status *st)
{
	char *block = alloc(READ_SIZE);
	struct parser parser;
	ssize_t n;
	int error;
	bool ok;

	parser_init(&parser, m, o);
	while ((n = io_read_patiently(fd, block, READ_SIZE)) > 0) {
		parser_feed(&parser, block, (size_t)n);
		if (parser.done && isatty(fd))
			break;
	}
	error = errno;
	ok = parser_end(&parser, st);
	free(block);
	return n >= 0 ? ok : status_fail(st, EX_IOERR, "reading the message: %s", strerror(error));
}

/* The header at the start of `text` into m; its length with the blank line, 0 if it is not all there. */
static size_t take_header(struct message *m, const char *text, size_t n)
{
	const char *at = text, *end = text + n, *lf;

	while ((lf = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		size_t len = (size_t)(lf + 1 - at);

		if (len == 2 && *at == '\r')
			return (size_t)(lf + 1 - text);
		if (!header_add_line(&m->header, at, len))
			return 0;
		at = lf + 1;
	}
	return 0;
}

static bool read_header(struct message *m, uint64_t octets)
{
	size_t n = octets < READ_SIZE ? (size_t)octets : READ_SIZE, got = 0, taken;
	struct buf text;
	char *block = alloc(READ_SIZE);
	ssize_t some;

	buf_init(&text, HEADER_MAX + READ_SIZE);
	do {
		header_release(&m->header);
		some = pread(m->fd, block, n, (off_t)(m->fd_at + got));
		if (some > 0)
			buf_add(&text, block, (size_t)some);
		got += some > 0 ? (size_t)some : 0;
		n = octets - got < READ_SIZE ? (size_t)(octets - got) : READ_SIZE;
		taken = take_header(m, text.data, text.len);
	} while (taken == 0 && some > 0 && buf_ok(&text));
	m->header_8bit = !str_is_ascii(text.data, taken);
	m->fd_at += taken;
	m->body_octets = octets - taken;
	errno = some < 0 ? errno : 0;
	buf_release(&text);
	free(block);
	return taken > 0;
}

bool message_open(struct message *m, int fd, uint64_t at, uint64_t octets)
{
	message_release(m);
	m->fd = fd;
	m->fd_at = at;
	return read_header(m, octets);
}

uint64_t message_octets(const struct message *m)
{
	return m->header.octets + 2 + m->body_octets;
}

void message_start(struct message_source *s, const struct message *m)
{
	*s = (struct message_source){ .m = m };
}

/* Up to n octets of `text` from the source's offset on. */
static size_t copy_part(struct message_source *s, const char *text, size_t len, char *out, size_t n)
{
	size_t left = len - (size_t)s->offset, part = n < left ? n : left;

	memcpy(out, text + s->offset, part);
	s->offset += part;
	return part;
}

static size_t next_of_header(struct message_source *s, char *out, size_t n)
{
	const struct header *h = &s->m->header;
	size_t done = 0;

	while (s->field < h->len && done < n) {
		const struct field *f = &h->v[s->field];

		done += copy_part(s, f->text, f->len, out + done, n - done);
		if (s->offset == f->len) {
			s->field++;
			s->offset = 0;
		}
	}
	if (s->field == h->len)
		s->part = SOURCE_BLANK_LINE;
	return done;
}

static size_t next_of_blank_line(struct message_source *s, char *out, size_t n)
{
	size_t done = copy_part(s, "\r\n", 2, out, n);

	if (s->offset == 2) {
		s->part = SOURCE_BODY;
		s->offset = 0;
	}
	return done;
}

static ssize_t read_file(int fd, void *out, size_t n, uint64_t at)
{
	ssize_t got = pread(fd, out, n, (off_t)at);

	if (got == 0)
		errno = EIO; /* someone cut it short */
	return got > 0 ? got : -1;
}

static long next_of_body(struct message_source *s, char *out, size_t n)
{
	const struct message *m = s->m;
	uint64_t in_file = m->body_octets - m->body.len, left = m->body_octets - s->offset;
	ssize_t got;

	if (s->offset < in_file) {
		left = in_file - s->offset;
		got = read_file(m->fd, out, n < left ? n : (size_t)left, m->fd_at + s->offset);
	} else {
		got = n < left ? (ssize_t)n : (ssize_t)left;
		memcpy(out, m->body.data + (s->offset - in_file), (size_t)got);
	}
	s->offset += got > 0 ? (uint64_t)got : 0;
	return got;
}

long message_next(struct message_source *s, void *out, size_t n)
{
	char *to = out;
	size_t done = 0;
	long got = 0;

	if (s->part == SOURCE_HEADER)
		done += next_of_header(s, to, n);
	if (s->part == SOURCE_BLANK_LINE)
		done += next_of_blank_line(s, to + done, n - done);
	if (s->part == SOURCE_BODY && done < n)
		got = next_of_body(s, to + done, n - done);
	if (got > 0)
		done += (size_t)got;
	return done > 0 || got == 0 ? (long)done : got;
}

bool message_write(const struct message *m, int fd)
{
	char *block = alloc(READ_SIZE);
	struct message_source source;
	bool ok = true;
	long n = 0;

	message_start(&source, m);
	while (ok && (n = message_next(&source, block, READ_SIZE)) > 0)
		ok = io_write_all(fd, block, (size_t)n);
	free(block);
	return ok && n == 0;
}
