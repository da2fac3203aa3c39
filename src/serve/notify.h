#ifndef SERVE_NOTIFY_H
#define SERVE_NOTIFY_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

/*
 * sd_notify(3) without its library: `state` ("READY=1") goes as a datagram to
 * $NOTIFY_SOCKET.  Without one, or if it cannot be reached, nothing happens.
 */
void notify(const char *state);

/* RELOADING=1 goes with the time, for Type=notify-reload. */
void notify_reloading(void);

/* "/path", or "@name" for the abstract name space, as an address; false if it is neither or too long. */
bool notify_address(const char *text, struct sockaddr_un *out, socklen_t *len);

#endif
