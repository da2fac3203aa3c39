#ifndef CMD_HANDOVER_H
#define CMD_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/trace.h"
#include "mail/message.h"
#include "mail/request.h"

/*
 * A message given to the daemon, in one transaction: XMAIL, XRCPT for each
 * operand as it stands, BDAT.  What came by SMTP (`recipients_dsn` is set) goes
 * on with RCPT.  A recipient that is refused ends it: nothing was given
 * then.
 */
struct handover {
	const char *socket;
	const struct request *request;
	const struct message *message;
	const struct trace *trace;     /* NULL: silent */
	int64_t step_ms, answer_ms;    /* how long each step, and the answer to the message, may take */
};

/* -odi lets the daemon try for 30 s, and the disk of a busy machine needs its time. */
enum { HANDOVER_ANSWER_MS = 120 * 1000 };

struct answer {
	int code;                      /* of SMTP */
	int sysexit;                   /* EX_OK, or why not */
	struct buf text;               /* its lines with LF between them */
};

void answer_init(struct answer *a);
void answer_release(struct answer *a);

/*
 * True: `a` is the daemon's last word.  So it is, a temporary failure, where no
 * word came after all was sent: the daemon may have the message, and nobody else
 * must be given it at once.  False: no daemon took it, and nobody has it.
 */
bool handover(const struct handover *h, struct answer *a);

#endif
