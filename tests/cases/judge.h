#ifndef CASES_JUDGE_H
#define CASES_JUDGE_H

#include "play.h"

/*
 * Compare what came with what a scenario expects.  A line in `report` for each
 * difference; true if there is none.
 */
bool judge(const struct scenario *s, const char *dir, const struct outcome *o, struct buf *report);

/* What the program and the servers said, for a report. */
void judge_show(const char *dir, const struct outcome *o, struct buf *report);

#endif
