#include "base/trace.h"

#include <stdarg.h>

#include "base/buf.h"

enum { DETAIL_MAX = 4096 };

void trace_detail(const struct trace *t, const char *fmt, ...)
{
	struct buf text;
	va_list ap;

	if (t == NULL || !t->deep)
		return;
	buf_init(&text, DETAIL_MAX);
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	trace_line(t, TRACE_NOTE, text.data);
	buf_release(&text);
}
