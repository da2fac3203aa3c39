#ifndef PEER_LISTEN_H
#define PEER_LISTEN_H

#include "talk.h"

/* A socket for a behaviour's `listen`, bound and listening; the port that the kernel chose (0 on a Unix socket).
   -1 and errno. */
int listen_on(const char *address, unsigned short *port);

/* Take one connection after the other until `stop` becomes readable and nobody waits any more. */
void listen_serve(struct peer *p, int fd, int stop);

#endif
