#ifndef CHECK_INSPECTION_H
#define CHECK_INSPECTION_H

#include "check/finding.h"
#include "check/reader.h"
#include "config/config.h"

/*
 * A look at a set-up: a loaded configuration, what it names, and the machine
 * that it is on.  Each part adds what it finds to `findings`; none changes
 * anything, and none but inspect_servers() connects to any server or runs a
 * command.
 */
struct inspection {
	const struct config *config;
	struct reader reader;         /* who has to read and write what the configuration names */
	struct findings *findings;
};

void inspection_init(struct inspection *n, const struct config *c, struct findings *f);

/* All that can be found out on this machine. */
void inspect(struct inspection *n);

/* What keeps a user from the system's configuration, which is for the daemon alone, and whether that serves. */
void inspect_unreadable(struct findings *f, const struct status *st);

/* The parts. */
void inspect_files(struct inspection *n);      /* who may read and change them */
void inspect_spool(struct inspection *n);
void inspect_daemon(struct inspection *n);
void inspect_links(struct inspection *n);      /* that /usr/sbin/sendmail is ours */
void inspect_machine(struct inspection *n);    /* its name and its clock */
void inspect_routes(struct inspection *n);     /* aliases, senders, users */
void inspect_accounts(struct inspection *n);
void inspect_confinement(struct inspection *n);   /* of the processes that deliver */
/* Each account's hosts: name, connection, TLS, login, sender; no mail is sent. */
void inspect_servers(struct inspection *n);

/* What to do about a clock that is wrong. */
extern const char clock_remedy[];

/* Whether an earlier account says the same of server and login (`account default : NAME`). */
bool account_is_copy(const struct config *c, size_t i);

/* Findings of one account: "account NAME". */
void inspect_account_add(struct inspection *n, enum severity severity, const struct account *a,
                         const char *remedy, const char *what, ...)
	__attribute__((format(printf, 5, 6)));

#endif
