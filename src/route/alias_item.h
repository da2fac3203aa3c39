#ifndef ROUTE_ALIAS_ITEM_H
#define ROUTE_ALIAS_ITEM_H

#include <stdbool.h>

#include "mail/address.h"

/*
 * One of the things that an alias stands for, as aliases(5) writes them behind
 * the colon, parted by commas:
 *
 *	ann@example.org, Bob <bob@example.org>, "joe smith"
 *	\root                   root, but no alias of that name
 *	:include:/etc/list      whom a file names
 *	|program, "|program with, words"
 *	/var/mail/file, "/file with blanks"
 *
 * Quotes stand around all of an item or in it; a comma in quotes, comments or
 * angle brackets is none.
 */
enum alias_kind {
	ALIAS_ADDRESS,
	ALIAS_INCLUDE,
	ALIAS_COMMAND,
	ALIAS_FILE,
	ALIAS_UNKNOWN,          /* another `:word:`, as Exim has them */
};

struct alias_item {
	enum alias_kind kind;
	char *text;             /* as it stands; of ALIAS_INCLUDE the path */
	struct address address; /* ALIAS_ADDRESS: error is set if it is none */
	bool final;             /* `\name` */
};

/* The item at *at, which moves behind it.  False at the end.  Release it if true. */
bool alias_item_next(struct alias_item *item, const char **at);
void alias_item_release(struct alias_item *item);

#endif
