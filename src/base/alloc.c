#include "compat.h"
#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

_Noreturn void alloc_failed(void)
{
	static const char text[] = "mailchute: out of memory\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(EX_TEMPFAIL);
	_exit(EX_TEMPFAIL);
}

static void *must(void *p)
{
	if (p == NULL)
		alloc_failed();
	return p;
}

void *alloc(size_t n)
{
	return must(calloc(1, n ? n : 1));
}

void *alloc_array(void *old, size_t n, size_t size)
{
	return must(reallocarray(old, n ? n : 1, size));
}

char *alloc_copyn(const char *s, size_t n)
{
	char *p = must(malloc(n + 1));

	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *alloc_copy(const char *s)
{
	return s ? alloc_copyn(s, strlen(s)) : NULL;
}

char *alloc_printf(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return must(n < 0 ? NULL : s);
}

void alloc_wipe(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}
