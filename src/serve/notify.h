#ifndef SERVE_NOTIFY_H
#define SERVE_NOTIFY_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

/*
 * sd_notify(3) without its library.  notify_open connects to $NOTIFY_SOCKET,
 * early, since who has become another user may no longer do so; -1 if there is
 * none or it cannot be reached, and then nothing is told.
 */
int notify_open(void);

/* `state` ("READY=1"), as a datagram. */
void notify(int fd, const char *state);

/* RELOADING=1 goes with the time, for Type=notify-reload. */
void notify_reloading(int fd);

/* "/path", or "@name" for the abstract name space, as an address; false if it is neither or too long. */
bool notify_address(const char *text, struct sockaddr_un *out, socklen_t *len);

#endif
