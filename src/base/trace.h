#ifndef BASE_TRACE_H
#define BASE_TRACE_H

/*
 * Where the dialogue goes that `-v` asks for.  Whoever calls trace_line() has
 * masked the secrets.  A NULL trace says nothing.
 */
struct trace {
	void (*line)(void *arg, char direction, const char *text);
	void  *arg;
};

enum { TRACE_SENT = '>', TRACE_RECEIVED = '<', TRACE_NOTE = '-' };

static inline void trace_line(const struct trace *t, char direction, const char *text)
{
	if (t != 0)
		t->line(t->arg, direction, text);
}

#endif
