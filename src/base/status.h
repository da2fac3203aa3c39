#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <stdbool.h>
#include <sysexits.h>

/* What has to wait before another try could help. */
enum status_wait {
	WAIT_NOTHING,   /* trying again will not help: the failure is final */
	WAIT_MESSAGE,   /* this message only */
	WAIT_ACCOUNT,   /* every message of the account (login refused, no STARTTLS) */
	WAIT_HOST,      /* this host; the account's next one may do */
};

/*
 * What became of an attempt, in terms the sender understands.  The exit code,
 * the log line and the notification are all made from this.
 */
struct status {
	int  sysexit;          /* EX_OK, EX_TEMPFAIL, EX_NOUSER, ... */
	enum status_wait wait;
	int  reply;            /* the peer's SMTP code; 0 if the failure is ours */
	bool doubtful;         /* the server may have taken the message all the same (RFC 1047) */
	char text[512];        /* one line, printable, no secrets */
	const char *remedy;    /* what a person could do, for `check`: a constant; NULL if the text has it */
};

/*
 * Fill in a failure, `reply` cleared.  EX_TEMPFAIL makes the message wait,
 * every other code nothing.  Always returns false, so callers can return it.
 */
bool status_fail(struct status *st, int sysexit, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, saying what must wait. */
bool status_defer(struct status *st, enum status_wait wait, int sysexit, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Add what a person could do, a constant.  Always returns false. */
bool status_advise(struct status *st, const char *remedy);

/* Put "what we were doing: " in front of the text.  Always returns false. */
bool status_during(struct status *st, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
