#ifndef PEER_DIALOGUE_H
#define PEER_DIALOGUE_H

#include "talk.h"

/* One connection from its greeting to its end; fd is closed. */
void dialogue(struct peer *p, int fd);

#endif
