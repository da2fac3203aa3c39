#include "compat.h"
#include "base/buf.h"

#include "base/alloc.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char empty[1];

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .data = empty, .max = max };
}

void buf_release(struct buf *b)
{
	if (b->data != empty)
		free(b->data);
	buf_init(b, b->max);
}

void buf_wipe(struct buf *b)
{
	if (b->data != empty)
		explicit_bzero(b->data, b->cap);
	buf_release(b);
}

void buf_truncate(struct buf *b, size_t len)
{
	if (len >= b->len)
		return;
	b->len = len;
	b->data[len] = '\0';
}

void buf_reset(struct buf *b)
{
	buf_truncate(b, 0);
	b->overflow = false;
}

char *buf_detach(struct buf *b)
{
	char *s = b->data == empty ? alloc(1) : b->data;

	buf_init(b, b->max);
	return s;
}

/* Make room for `n` more bytes; returns how many of them fit under the ceiling. */
static size_t reserve(struct buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 64;

	if (n > b->max - b->len) {
		n = b->max - b->len;
		b->overflow = true;
	}
	while (cap < b->len + n + 1)
		cap *= 2;
	if (cap == b->cap)
		return n;
	b->data = alloc_array(b->data == empty ? NULL : b->data, cap, 1);
	b->cap = cap;
	return n;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	n = reserve(b, n);
	if (n > 0)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void buf_putc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int want;
	size_t n;

	va_copy(again, ap);
	want = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	n = reserve(b, want < 0 ? 0 : (size_t)want);
	vsnprintf(b->data + b->len, n + 1, fmt, ap);
	b->len += n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void buf_consume(struct buf *b, size_t n)
{
	memmove(b->data, b->data + n, b->len - n);
	buf_truncate(b, b->len - n);
}

bool buf_has_control(const struct buf *b)
{
	return str_has_control(b->data, b->len);
}
