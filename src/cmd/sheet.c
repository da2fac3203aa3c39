#include "cmd/sheet.h"

#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

enum { LABEL_WIDTH = 14, VALUE_MAX = 8192 };

static void print(const char *label, enum paint p, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

static void print(const char *label, enum paint p, const char *fmt, va_list ap)
{
	struct buf text, shown;

	buf_init(&text, VALUE_MAX);
	buf_init(&shown, 4 * VALUE_MAX);
	buf_vprintf(&text, fmt, ap);
	str_escape(&shown, text.data, text.len);
	paint_column(stdout, *label != '\0' ? PAINT_LABEL : PAINT_NONE, LABEL_WIDTH, label);
	paint(stdout, p, shown.data);
	putchar('\n');
	buf_release(&text);
	buf_release(&shown);
}

void sheet_row(const char *label, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print(label, PAINT_NONE, fmt, ap);
	va_end(ap);
}

void sheet_painted(const char *label, enum paint p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print(label, p, fmt, ap);
	va_end(ap);
}
