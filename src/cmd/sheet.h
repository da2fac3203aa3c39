#ifndef CMD_SHEET_H
#define CMD_SHEET_H

#include "cmd/paint.h"

/*
 * "Label:    value" on standard output, a line each, in two columns.  A row
 * without a label belongs to the one above.  What stands in a value may come from
 * a server: it is escaped.
 */
void sheet_row(const char *label, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same with the value in a colour. */
void sheet_painted(const char *label, enum paint p, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
