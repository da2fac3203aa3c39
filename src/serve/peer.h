#ifndef SERVE_PEER_H
#define SERVE_PEER_H

#include <stdbool.h>
#include <sys/types.h>

#include "mail/request.h"

/*
 * Who is at the other end of a connection, as the kernel says: at its beginning,
 * whatever the process becomes later.
 */
struct peer {
	struct caller caller;
	gid_t  gid;
	gid_t *groups;             /* the process's, beside gid */
	size_t groups_len;
	pid_t  pid;                /* 0: not known */
	char   program[64];        /* who called sendmail, for the log; as it calls itself, so to be escaped */
};

/* False if the kernel will not say: the connection is not to be served. */
bool peer_of(struct peer *p, int fd);
void peer_release(struct peer *p);

/*
 * Whether a group has the peer in it, by the process or by the group file: a
 * process may have given up a group to get around what is said of it.
 */
bool peer_is_member(const struct peer *p, const char *group);

#endif
