#ifndef ROUTE_ALIASES_H
#define ROUTE_ALIASES_H

#include <stdbool.h>

#include "base/status.h"
#include "base/strv.h"
#include "config/config.h"
#include "mail/address.h"

/*
 * Whom an address means, by aliases(5): alias_file.h and alias_item.h have the
 * grammar.
 *
 * Looked up are names without a domain, at `localhost` and at this machine's
 * name; at `maildomain`, too, but there `default:` and `*` do not count, which
 * would swallow the mail of others who live there.  What an alias names is
 * looked up again, as often as there are aliases.
 *
 * - A name that is its own alias's is meant itself: `ann: ann, ann@example.org`.
 * - A longer loop ends where it comes back, and is a complaint.
 * - Where there is `owner-NAME`, mail that goes by NAME has it as its sender: the
 *   one address that it stands for, else `owner-NAME@maildomain`.
 * - Programs and files get no mail, unless there is an account `local` that is LMTP
 *   or a maildir (account_local): then the alias's own name goes there.
 *
 * The object remembers the files that it read, and reads one again when it has
 * changed.
 */
struct aliases;

struct aliases *aliases_new(void);
void aliases_free(struct aliases *a);           /* NULL is allowed */

/* How they are to be used for a message. */
struct alias_use {
	struct aliases *aliases;
	const struct strv *files;       /* in order: the first that has a name counts */
	const char *maildomain;
	bool local;                     /* there is an account_local() */
};

/* One that an address means. */
struct alias_target {
	const struct address *address;  /* domain NULL: of this machine; of `local` the alias's name */
	const char *sender;             /* wire form, for mail by way of a list; or NULL */
	bool local;                     /* through the account `local` */
	const struct status *refused;   /* or nobody, and why */
	const char *text;               /* of what is refused: what stands in the file */
};

struct alias_sink {
	/* False ends it. */
	bool (*target)(void *arg, const struct alias_target *t);
	/* An alias that was found, `depth` from 0; `where` is FILE:LINE.  May be NULL. */
	void (*step)(void *arg, unsigned depth, const char *name, const char *value, const char *where);
	void *arg;
};

/*
 * Before the first address of a message: its aliases are expanded once each, so
 * one that several addresses lead to does not come out again.  False if a file
 * cannot be read: EX_CONFIG if it is not there, else EX_TEMPFAIL.
 */
bool aliases_begin(const struct alias_use *use, struct status *st);

/*
 * Hand all that `a`, which has no error, means to the sink: itself if it is no
 * alias.  False if the sink ended it.
 */
bool aliases_expand(const struct alias_use *use, const struct address *a,
                    const struct alias_sink *sink);

/* Move what is wrong with the files, as far as it was met, a line each, to `to`. */
void aliases_take_complaints(struct aliases *a, struct strv *to);

/* Look for all that is wrong with them: lines, what is in them, loops, files that cannot be read. */
void aliases_examine(const struct alias_use *use, struct strv *complaints);
/* The same for all files of a configuration, its accounts' too. */
void aliases_examine_config(const struct config *c, struct strv *complaints);

#endif
