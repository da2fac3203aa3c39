#ifndef SERVE_LISTEN_H
#define SERVE_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "config/settings.h"

/*
 * The sockets that callers come to: `submit`, a file that everybody may connect
 * to, and `listen`, on the loopback.  Those that systemd hands over
 * (sd_listen_fds(3)) take the place of ours of the same kind.
 */
enum { LISTENERS_MAX = 16 };

struct listeners {
	struct listener {
		int   fd;
		char *path;          /* of a file that is ours to remove; NULL */
		char *what;          /* the value of the setting that it is for; NULL: handed over */
	} v[LISTENERS_MAX];
	size_t len;
};

/* How many descriptors, from 3 on, were handed over to this process; 0 without $LISTEN_FDS. */
int listen_inherited(void);

/* Take those into `l`.  EX_CONFIG if one is no listening socket, or no loopback one. */
bool listen_take(struct listeners *l, struct status *st);

/*
 * Open what the settings ask for and `l` does not have; close what they do not
 * ask for any more.  EX_TEMPFAIL if another process answers there; a file that
 * nobody listens to any more is replaced.
 */
bool listen_open(struct listeners *l, const struct settings *s, struct status *st);

/* Close them all.  `remove`: and their files, when the daemon ends. */
void listen_close(struct listeners *l, bool remove);

#endif
