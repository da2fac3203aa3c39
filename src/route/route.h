#ifndef ROUTE_ROUTE_H
#define ROUTE_ROUTE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/status.h"
#include "config/config.h"
#include "mail/field.h"

/*
 * By which account a message goes, and from whom.
 *
 * The account is chosen by -f, else by the From field (Resent-From, if the
 * newest Resent- block has one), else it is `default`.  The envelope sender is,
 * of these the first that there is:
 *
 *   -f
 *   the account's `from`, if that is an address and not a pattern
 *   the From field's address, if that chose the account
 *   the caller's login name at `maildomain`
 *
 * What comes from the caller, the login name too, is masqueraded and rewritten
 * first (route/mapping.h); the account's `from` is the administrator's word.
 *
 * With `allow_from_override off` neither -f nor the From field is asked for the
 * sender.
 */
struct route {
	const struct account *account;
	const char *entry;             /* of its `from`, which chose it; NULL: it is `default` */
	char *sender;                  /* wire form; "" is the null sender */
};

struct route_request {
	const char *sender;            /* -f as given, maybe a bare name; "" and "<>" are the
	                                  null sender; NULL: no -f */
	const struct header *header;   /* NULL: nothing is known of it */
	uid_t uid;                     /* who calls: the real uid, not the environment's word */
};

/*
 * EX_DATAERR for a -f that is no address or holds a control character;
 * EX_CONFIG if no account is meant for this message.  Release `r` either way.
 */
bool route_choose(struct route *r, const struct config *c, const struct route_request *request,
                  struct status *st);
void route_release(struct route *r);

#endif
