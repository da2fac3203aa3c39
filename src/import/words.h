#ifndef IMPORT_WORDS_H
#define IMPORT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * Words in quotes.  Each function takes the next word of [*at, end) into `out`,
 * moves *at behind it and returns false where there is none.  A quote that is
 * never closed goes to the end.
 */

/* As the shell has them: '...', "..." with \" and \\, and \ before any character. */
bool words_shell(const char **at, const char *end, struct buf *out);

/*
 * As esmtprc has them: parted by blanks, line ends and "=", '...' and "..."
 * with C's escapes; "#" begins a comment.  Counts the lines it passes.
 */
bool words_escaped(const char **at, const char *end, unsigned *line, struct buf *out);

#endif
