#ifndef CONFIG_DRAFT_H
#define CONFIG_DRAFT_H

#include <sys/types.h>

#include "config/config.h"

/*
 * A configuration while it is read: what stands where, so that accounts can
 * inherit and errors can name the line.
 *
 * Lines change the settings or the account they belong to at once; sections
 * keep them as well, because an account inherits the lines of its parents, not
 * the defaults behind them.
 */
struct given {
	const struct setting *row;
	char *value;
	struct origin at;
};

struct section {
	struct account account;
	struct origin at;              /* of its `account` line */
	struct given *v;
	size_t len, cap;
	size_t own;                    /* v[own...] are its own and its parents'; those before are `defaults` */
	bool parent;                   /* another account inherits from it */
};

enum draft_place { PLACE_GLOBAL, PLACE_DEFAULTS, PLACE_ACCOUNT };

enum { INCLUDE_DEPTH = 16 };

struct draft {
	struct config *config;
	bool argument;                 /* the file was named by -C: commands only from root's files */
	enum draft_place place;
	struct section global;         /* its account is not used */
	struct section defaults;
	struct section *v;             /* lines of an account go to the last */
	size_t len, cap;
	struct { dev_t dev; ino_t ino; bool commands; } open[INCLUDE_DEPTH];
	size_t depth;
};

void draft_init(struct draft *d, struct config *c);
void draft_release(struct draft *d);

/* Begin the account that all further lines belong to. */
void draft_begin(struct draft *d, const char *name, const struct origin *at);

/* One line, as a file has it.  `at` must outlive the draft. */
bool draft_line(struct draft *d, const char *key, const char *value, const struct origin *at,
                struct status *st);

/*
 * Read a file, with all that it includes.  Failures are EX_CONFIG; EX_TEMPFAIL
 * for a file that may not be read.  `by` is the line that includes it, or NULL.
 * With `absent` (may be NULL) a file that is not there is no failure: *absent
 * tells.
 */
bool draft_file(struct draft *d, const char *path, const struct origin *by, bool *absent,
                struct status *st);

/* The last line that set a key in the section; NULL if none did. */
const struct given *section_given(const struct section *s, const char *key);

#endif
