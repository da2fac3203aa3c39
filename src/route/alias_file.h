#ifndef ROUTE_ALIAS_FILE_H
#define ROUTE_ALIAS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/status.h"
#include "base/strv.h"

/*
 * A file of aliases(5), read once and looked up by name as often as wanted, and
 * the files that it includes.
 *
 *	# a comment
 *	root: ann@example.org,
 *	      bob
 *	"joe smith": joe
 *
 * A line that starts with a blank continues the one before it, empty lines and
 * comments between them count for nothing (Postfix); so does any line behind
 * one that ends in a backslash (sendmail).  Names are compared without regard
 * to case.  The first entry of a name counts.  A line that makes no sense is a
 * complaint, "FILE:LINE: words", and costs only itself.
 *
 * Of an included file every line is a list; its entries have no name.
 */
enum { ALIAS_FILE_MAX = 256 * 1024 * 1024, ALIAS_INCLUDE_MAX = 16 * 1024 * 1024 };

/* Which run of aliases.c has been here. */
struct alias_mark {
	uint64_t seen, seen_by_owner;
	bool told;              /* that it is in a loop */
};

struct alias_entry {
	size_t name, value;     /* where they stand in the text: strings, the name in lower case */
	unsigned line;
	struct alias_mark mark;
};

struct alias_file {
	char *path;
	bool  is_list;          /* an included one */
	struct buf text;        /* what the entries point to */
	struct alias_entry *v;
	size_t len, cap;
	uint32_t *slots;        /* a hash table: index in v and one, 0 is free */
	size_t slots_len;       /* a power of two */
	struct strv complaints; /* since it was read last */
	struct stat is;         /* what was read */
	uint64_t checked;       /* the run that looked whether it changed */
	struct alias_mark mark; /* of an included file */
};

void alias_file_init(struct alias_file *f, const char *path, bool is_list);
void alias_file_release(struct alias_file *f);

/* Take n octets for the file's. */
void alias_file_parse(struct alias_file *f, const char *text, size_t n);

/*
 * Read it, unless what is there is what was read before.  EX_CONFIG if it is
 * not there, EX_TEMPFAIL if it cannot be read.
 *
 * One that is included must be a regular file that belongs to root or `owner`
 * and that not everybody can write to: else EX_CONFIG, too.
 */
bool alias_file_refresh(struct alias_file *f, uid_t owner, struct status *st);

/* The entry of that name, or NULL. */
struct alias_entry *alias_file_find(const struct alias_file *f, const char *name);

static inline const char *alias_entry_name(const struct alias_file *f, const struct alias_entry *e)
{
	return f->text.data + e->name;
}

static inline const char *alias_entry_value(const struct alias_file *f, const struct alias_entry *e)
{
	return f->text.data + e->value;
}

#endif
