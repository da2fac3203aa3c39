#ifndef CMD_FINDING_H
#define CMD_FINDING_H

#include "config/config.h"

/* Something that is wrong with a set-up, and what would help. */
struct finding {
	char *where;           /* a file, "account NAME"; "" if it is in the text */
	char *what;
	char *remedy;          /* "" if it is in the text */
};

struct findings {
	struct finding *v;
	size_t len, cap;
	struct strv notes;     /* worth knowing, but nothing is wrong */
};

void findings_init(struct findings *f);
void findings_release(struct findings *f);

/* One finding, where and what it is and what to do. */
void findings_add(struct findings *f, const char *where, const char *what, const char *remedy);

/*
 * Look at a loaded configuration and at the files it names: who can read the
 * secrets, what cannot be read, what contradicts itself, what has no effect
 * yet.  No command is run and nothing is connected to.
 */
void findings_collect(struct findings *f, const struct config *c);

#endif
