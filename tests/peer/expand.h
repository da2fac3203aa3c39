#ifndef PEER_EXPAND_H
#define PEER_EXPAND_H

#include "base/buf.h"

/*
 * Text as case files write it: \r \n \t \0 \e \\ and \xHH are octets, and
 * {N*TEXT} is TEXT N times over, with %d in it the count from 1.
 */
typedef void expand_sink(void *arg, const char *p, size_t n);

/* Piece by piece, so that 100 MB need no memory. */
void expand(const char *text, expand_sink *sink, void *arg);
void expand_to(struct buf *out, const char *text);

/* Whether the whole text is one {N*TEXT}; then N and TEXT, which the caller frees. */
bool expand_is_repeat(const char *text, size_t *times, char **what);

#endif
