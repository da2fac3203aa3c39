#ifndef CHECK_READER_H
#define CHECK_READER_H

#include <stdbool.h>
#include <sys/types.h>

#include "config/config.h"

/*
 * Who reads a configuration and works on its spool: whom a daemon becomes that
 * was started as root, else whoever asks.
 */
struct reader {
	char *name;            /* of the daemon's user; NULL: whoever asks */
	uid_t uid;
	gid_t gid;
	bool  missing;         /* run_as names nobody */
};

void reader_find(struct reader *r, const struct config *c);
void reader_release(struct reader *r);

/* Any user's name, "uid 1234" without one; the caller frees it. */
char *reader_name(uid_t uid);

/* False where only root could tell what the daemon's user may. */
bool reader_is_known(const struct reader *r);

/* Whether it may, access(2)'s R_OK ... in `mode`; errno says why not. */
bool reader_may(const struct reader *r, const char *path, int mode);

#endif
