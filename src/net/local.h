#ifndef NET_LOCAL_H
#define NET_LOCAL_H

#include "base/clock.h"
#include "net/stream.h"

/*
 * Connect to a Unix socket.  Apart from dial because the program that callers
 * run needs this alone and links no resolver.  EX_TEMPFAIL with wait HOST, or
 * EX_CONFIG for a path that no socket can have.
 */
bool local_connect(const char *path, deadline until, struct stream *out, struct status *st);

#endif
