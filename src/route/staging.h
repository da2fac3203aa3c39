#ifndef ROUTE_STAGING_H
#define ROUTE_STAGING_H

#include "config/settings.h"
#include "mail/field.h"

/*
 * `redirect` and `allow_to`: a system that is only tried out writes to nobody
 * whom it should not.
 *
 * This is the last that happens to a recipient, behind aliases and completion,
 * so nothing leads past it; and it happens to all mail, notifications too, whose
 * recipient is whoever the test pretended to be.
 *
 *	                what allow_to names     everybody else
 *	redirect        (nothing is named)      redirected
 *	allow_to        passes                  held
 *	both            passes                  redirected
 */
enum staging { STAGING_PASSES, STAGING_REDIRECTED, STAGING_HELD };

/* What becomes of mail to an address in wire form. */
enum staging staging_of(const struct settings *s, const char *address);

/* `redirect` in wire form, for the caller to free; NULL without one. */
char *staging_redirect(const struct settings *s);

/*
 * Whoever is redirected is so in To, Cc and their Resent- forms as well, where
 * else an answer to all would reach them after all.  Names and comments stay; what
 * a field was before goes into an X-Original-To at the header's end.
 */
void staging_header(const struct settings *s, struct header *h);

#endif
