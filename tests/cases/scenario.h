#ifndef CASES_SCENARIO_H
#define CASES_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/strv.h"

/*
 * A case file: wishes, one a line, "KEY VALUE", with the block of lines below
 * that are indented by a tab.  README has the keys.  `each NAME...` with a block
 * of rows makes a variant of the case for every row, several of them for every
 * combination; $NAME in the other lines is that row's value.
 */
struct item {
	char *key, *value;
	struct strv block;
	unsigned line;             /* in the file */
};

struct scenario {
	struct item *v;
	size_t len, cap;
	struct strv names, values; /* what $NAME means */
};

/* All variants of a file.  False with words in `why`. */
struct scenario_list {
	struct scenario *v;
	size_t len, cap;
};

bool scenario_load(struct scenario_list *out, const char *path, struct buf *why);
void scenario_list_release(struct scenario_list *l);

/* "STAGE=mail ACTION=close", for people; empty if there is but one variant. */
void scenario_label(const struct scenario *s, struct buf *out);

/* Give a further $NAME a meaning. */
void scenario_define(struct scenario *s, const char *name, const char *value);

/* A copy of `text` with all $NAMEs replaced that have a meaning, also within meanings; the caller frees it. */
char *scenario_text(const struct scenario *s, const char *text);

/* The item of that key at or behind `from`; s->len if there is none. */
size_t scenario_find(const struct scenario *s, const char *key, size_t from);

/* The value of the key's last item, or `otherwise`. */
const char *scenario_value(const struct scenario *s, const char *key, const char *otherwise);

/* Words parted by blanks, some in 'quotes' or "quotes"; {N*TEXT} gives N words, escapes are expanded. */
void scenario_arguments(struct strv *out, const char *text);

#endif
