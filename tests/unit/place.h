#ifndef TEST_PLACE_H
#define TEST_PLACE_H

#include <sys/un.h>

#include "unit.h"

/* A listening socket in a directory of its own. */
struct place {
	char dir[UNIT_DIR_MAX];
	struct sockaddr_un at;
	int listener;
};

static inline void place_make(struct place *p)
{
	p->at = (struct sockaddr_un){ .sun_family = AF_UNIX };
	unit_dir_make(p->dir);
	snprintf(p->at.sun_path, sizeof(p->at.sun_path), "%s/submit", p->dir);
	p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(p->listener, (struct sockaddr *)&p->at, sizeof(p->at)), 0);
	ck_assert_int_eq(listen(p->listener, 1), 0);
}

static inline void place_remove(const struct place *p)
{
	close(p->listener);
	unit_dir_remove(p->dir);
}

#endif
