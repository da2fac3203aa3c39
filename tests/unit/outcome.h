#ifndef TEST_OUTCOME_H
#define TEST_OUTCOME_H

#include "base/buf.h"
#include "mail/envelope.h"

/* What came of each recipient, a line for each: "waiting(message) 75 451 later". */
static inline void outcome_show(const struct envelope *e, struct buf *out)
{
	static const char *const states[] = { "waiting", "sent", "failed" };
	static const char *const waits[] = { "", "(message)", "(account)", "(host)" };

	for (size_t i = 0; i < e->len; i++) {
		const struct recipient *r = &e->v[i];

		buf_printf(out, "%s%s%s %d %s\n", states[r->state], waits[r->status.wait],
		           r->status.doubtful ? " doubtful" : "", r->status.sysexit, r->status.text);
	}
}

#endif
