#include "cmd/paint.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool paint_is_read(FILE *out)
{
	return isatty(fileno(out));
}

static bool is_coloured(FILE *out)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	return (none == NULL || *none == '\0') && term != NULL && *term != '\0' && strcmp(term, "dumb") != 0
	       && paint_is_read(out);
}

void paint_column(FILE *out, enum paint p, int width, const char *text)
{
	static const char *const codes[] = {
		[PAINT_GOOD] = "32",
		[PAINT_NOTE] = "33",
		[PAINT_BAD] = "1;31",
		[PAINT_LABEL] = "1",
	};

	if (p != PAINT_NONE && is_coloured(out))
		fprintf(out, "\033[%sm%s\033[0m%*s", codes[p], text,
		        width > (int)strlen(text) ? width - (int)strlen(text) : 0, "");
	else
		fprintf(out, "%-*s", width, text);
}

void paint(FILE *out, enum paint p, const char *text)
{
	paint_column(out, p, 0, text);
}
