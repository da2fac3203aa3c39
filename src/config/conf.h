#ifndef CONFIG_CONF_H
#define CONFIG_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/status.h"

/*
 * The grammar of mailchute.conf(5), which is msmtp's.  Pure: text in, lines out.
 *
 * A line is a key and, behind blanks, a value to the end of the line.  Blanks
 * around both are dropped, then one pair of double quotes around the value.
 * There are no escapes in quotes.  Lines that are empty or whose first
 * character is `#` are skipped; a `#` behind that is part of the value, as
 * passwords have them.
 */
struct conf {
	const char *at, *end;
	unsigned line;             /* of what conf_next gave last */
};

struct conf_line {
	char *key, *value;         /* the value is "" where it is missing */
};

void conf_init(struct conf *c, const char *text, size_t n);

/*
 * The next line that says something; release it.  False at the end, and at a
 * line that cannot be (a NUL or another control character but TAB in it), then
 * with what is wrong in *error.
 */
bool conf_next(struct conf *c, struct conf_line *out, const char **error);
void conf_line_release(struct conf_line *l);       /* wipes it: it may be a password */

/*
 * `value` with each ${NAME} replaced by what `lookup` gives for it; a lookup
 * that gives NULL is a failure.  `$${` stands for a plain `${`; any other `$`
 * is itself.
 */
typedef const char *conf_lookup(const char *name);
bool conf_expand(const char *value, conf_lookup *lookup, struct buf *out, struct status *st);

/* The same value as a line of a file would have it: quoted if it must be; `$${` unless `verbatim`. */
void conf_quote(const char *value, bool verbatim, struct buf *out);

#endif
