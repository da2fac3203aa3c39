#ifndef CMD_PAINT_H
#define CMD_PAINT_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Colour for those who read at a terminal.  Plain in a pipe, with NO_COLOR set
 * (no-color.org), and on a terminal that is "dumb" or has no TERM:
 * what others read is always the same octets.
 */
/* Whether a person reads it, so that it should line up. */
bool paint_is_read(FILE *out);

enum paint { PAINT_NONE, PAINT_GOOD, PAINT_NOTE, PAINT_BAD, PAINT_LABEL };

void paint(FILE *out, enum paint p, const char *text);

/* The same in a column of so many characters. */
void paint_column(FILE *out, enum paint p, int width, const char *text);

#endif
