#ifndef SERVE_POLICY_H
#define SERVE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/status.h"
#include "config/settings.h"
#include "mail/message.h"
#include "mail/request.h"
#include "serve/peer.h"

/*
 * What callers may do: the lines `allow_from` and `limit`.
 *
 * USER is a login name, a uid, @GROUP, `tcp` or `*`.  For a caller the lines
 * count that name it; where there are none, those of its groups; where there are
 * none, those for `*`.  So a line for one user takes the place of what is said
 * for all.  A caller for whom no line counts may do anything.
 */

/*
 * Whether the caller may send from these addresses: the sender that it names
 * and all of From and Resent-From, bare names completed.  Before the message is
 * completed: what we add is not the caller's word.  The null sender is nobody's
 * address.  EX_NOPERM names the one that is not allowed.
 */
bool policy_may_send(const struct settings *s, const struct peer *p, const struct request *r,
                     const struct message *m, struct status *st);

/*
 * What a caller has used of its limits, each on its own, in memory: a restart
 * forgets it.  Counted over a sliding period: of the one before as much as
 * still reaches into it.
 */
struct policy {
	struct usage *v;
	size_t len, cap;
};

enum policy_verdict { POLICY_PASS, POLICY_DEFER, POLICY_HOLD, POLICY_REJECT };

struct policy_bite {
	const char *rule;           /* the line; valid as long as the settings */
	bool first;                 /* of this period: worth a line in the log and a notice */
};

void policy_release(struct policy *p);

/*
 * Count a message with so many recipients, unless that is beyond the limit.
 * `st` is EX_TEMPFAIL or EX_NOPERM then; a message that is beyond it alone is
 * rejected, since no waiting would help.
 */
enum policy_verdict policy_count(struct policy *p, const struct settings *s, const struct peer *who,
                                 size_t recipients, int64_t now, struct policy_bite *bite, struct status *st);

#endif
