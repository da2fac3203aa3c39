#ifndef ROUTE_RECIPIENTS_H
#define ROUTE_RECIPIENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "mail/envelope.h"
#include "mail/field.h"
#include "mail/request.h"
#include "route/aliases.h"

/*
 * Whom a message is for: what the command line names and, with -t, what its
 * header does.
 *
 * Every operand may be a list.  Of `header` (NULL without -t) the addresses of
 * To, Cc and Bcc count; if it has Resent- fields, those of Resent-To, Resent-Cc
 * and Resent-Bcc in the newest block instead.  So look here before Bcc is
 * dropped.
 */
struct recipients_source {
	const char *const *operands;
	size_t len;
	const struct request_dsn *dsn; /* of each operand, or NULL */
	const struct header *header;
	const char *maildomain;       /* completes bare names */
	const struct alias_use *aliases;   /* NULL: none is followed */
	/* Steps from alias to alias, see alias_sink; or NULL. */
	void (*step)(void *arg, unsigned depth, const char *name, const char *value, const char *where);
	void *arg;
};

/*
 * Add them all to the envelope, each once, or whom aliases name in their place;
 * `given` is what was asked for.  An address that cannot be used is a FAILED
 * recipient with EX_DATAERR and words that name it, and so is what an alias
 * names and cannot be used; the others go on.
 *
 * False with EX_DATAERR if an operand or an address holds a control character,
 * with EX_USAGE if there is nobody at all (a FAILED recipient is somebody), as
 * aliases_begin() if a file cannot be read.
 */
bool recipients_add(struct envelope *e, const struct recipients_source *from, struct status *st);

#endif
