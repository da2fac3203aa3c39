#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include <stdbool.h>

/*
 * Where the dialogue goes that `-v` asks for, and with `-v -v` what it does not
 * show: addresses, certificates, what was decided and why.  Whoever calls has
 * masked the secrets.  A NULL trace says nothing.
 */
struct trace {
	void (*line)(void *arg, char direction, const char *text);
	void  *arg;
	bool   deep;            /* -v -v */
};

enum { TRACE_SENT = '>', TRACE_RECEIVED = '<', TRACE_NOTE = '-' };

static inline void trace_line(const struct trace *t, char direction, const char *text)
{
	if (t != 0)
		t->line(t->arg, direction, text);
}

/* A note for -v -v alone. */
void trace_detail(const struct trace *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
