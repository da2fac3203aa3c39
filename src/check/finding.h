#ifndef CHECK_FINDING_H
#define CHECK_FINDING_H

#include <stdarg.h>
#include <stddef.h>

#include "base/status.h"

/* What was found out about a set-up. */
enum severity {
	FINDING_OK,            /* looked at, and well */
	FINDING_NOTE,          /* worth knowing, but nothing is wrong */
	FINDING_WRONG,
	FINDING_SEVERITIES
};

struct finding {
	enum severity severity;
	char *where;           /* a file, "account NAME", a host; "" if it is in the text */
	char *what;
	char *remedy;          /* what to do next; "" if it is in the text */
};

struct findings {
	struct finding *v;
	size_t len, cap;
};

void findings_init(struct findings *f);
void findings_release(struct findings *f);

/* "ok", "note", "wrong". */
const char *finding_word(enum severity severity);

/* One more; `what` is a format.  What was found already, in any place, is not told again. */
void findings_add(struct findings *f, enum severity severity, const char *where, const char *remedy,
                  const char *what, ...) __attribute__((format(printf, 5, 6)));
void findings_vadd(struct findings *f, enum severity severity, const char *where, const char *remedy,
                   const char *what, va_list ap) __attribute__((format(printf, 5, 0)));
/* What failed, with the failure's own remedy. */
void findings_add_status(struct findings *f, const char *where, const struct status *st);

size_t findings_count(const struct findings *f, enum severity severity);

#endif
