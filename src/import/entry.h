#ifndef IMPORT_ENTRY_H
#define IMPORT_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What a foreign file says, whatever its grammar: keys and values, each with
 * its place, and with the section it stands in where the file has sections.
 */
struct entry {
	const char *file;      /* borrowed */
	unsigned line;
	char *section;         /* "" outside of any */
	char *key, *value;     /* the value is "" where it is missing */
};

enum { ENTRIES_MAX = 10000 };

struct entries {
	struct entry *v;
	size_t len, cap;
	bool overflow;         /* there were more than ENTRIES_MAX, which are not in it */
};

void entries_init(struct entries *l);
void entries_release(struct entries *l);       /* wipes it: it may hold passwords */

/* Add copies of n octets of a key and of m of a value. */
void entries_add(struct entries *l, const char *file, unsigned line, const char *section,
                 const char *key, size_t n, const char *value, size_t m);

/* The last value of a key in a section, or NULL.  Keys are compared without regard to case. */
const char *entries_get(const struct entries *l, const char *section, const char *key);

/* A text line by line, blanks and line ends cut off both ends. */
struct lines {
	const char *at, *end;
	unsigned line;             /* of what lines_next gave last, from 1 */
	const char *text;          /* it, and how long it is */
	size_t len;
	const char *indent;        /* where the line began, before its blanks */
};

void lines_init(struct lines *l, const char *text, size_t n);
bool lines_next(struct lines *l);              /* false at the end */

#endif
