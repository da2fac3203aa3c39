#ifndef IMPORT_PLAN_H
#define IMPORT_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/strv.h"
#include "config/settings.h"

/*
 * A configuration that is being made from another program's.  What is put into
 * it goes through the table of settings first, so what comes out of it can be
 * loaded: a value that mailchute would refuse becomes a comment that says why.
 * Pure.
 */
struct plan_line {
	const struct setting *row;
	char *value;
};

/* The global keys, or those of an account. */
struct plan_part {
	enum setting_scope scope;
	struct settings settings;      /* what the lines come to */
	struct account account;
	struct plan_line *v;
	size_t len, cap;
};

struct plan {
	struct plan_part global;
	struct plan_part **accounts;
	size_t len, cap;
	char *default_account;         /* the one that `default` is another name of; NULL: none */
	struct strv left;              /* what is not carried over, and why */
	struct strv differs;           /* what will not be as it was */

	/* What is being carried over, for those two; borrowed. */
	const char *file, *key;
	unsigned line;                 /* 0: not a line, but the whole file */
};

void plan_init(struct plan *p);
void plan_release(struct plan *p);             /* wipes the passwords */

void plan_at(struct plan *p, const char *file, unsigned line, const char *key);

/* Begin an account, by this name if it can be had.  It lives as long as the plan. */
struct plan_part *plan_account(struct plan *p, const char *name);
struct plan_part *plan_find(const struct plan *p, const char *name);    /* NULL: there is none */
void plan_drop(struct plan *p, size_t i);      /* the i-th of them */

/* Say all that `from` says, which may be another plan's. */
void plan_copy(struct plan *p, struct plan_part *to, const struct plan_part *from);

/*
 * Say `key value`, instead of what was said of the key before (in addition,
 * where lines of a key add up).  An empty value takes the key back.  False if
 * mailchute would refuse it; that is then among what is left.
 */
bool plan_set(struct plan *p, struct plan_part *part, const char *key, const char *value);
void plan_unset(struct plan_part *part, const char *key);
const char *plan_get(const struct plan_part *part, const char *key);    /* NULL: not said */

/* Note, with the place, that something stays behind, or will be another way.  Never with a secret in it. */
void plan_left(struct plan *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void plan_differs(struct plan *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Settle what must go together, last of all.  False if there is no server to send mail to. */
bool plan_finish(struct plan *p);

/* The file, notes first.  `made_from` is named at the top.  The caller wipes it. */
void plan_write(const struct plan *p, const char *made_from, struct buf *out);

#endif
