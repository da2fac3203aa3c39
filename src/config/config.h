#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/status.h"
#include "config/settings.h"

/*
 * The configuration that is in force: mailchute.conf(5).  Loaded once; read-only
 * after that.
 */
struct config {
	struct settings settings;
	struct account *v;
	size_t len, cap;
	char *path;                 /* the file it came from; NULL: MAILCHUTE_URL */
	bool system;                /* SYSCONFDIR's file, not one of the user's own */
	bool commands_allowed;      /* passwordeval may run (SPEC.md: not from -C unless root's file) */

	/* For `check`: */
	struct strv files;          /* every file that was read */
	struct strv secret_files;   /* those of them with a password in them */
	struct strv notes;          /* "FILE:LINE: key: has no effect: ..." */
};

void config_init(struct config *c);
void config_release(struct config *c);      /* wipes the secrets */

/*
 * Read the first configuration there is: `file` (-C; NULL without), then
 * MAILCHUTE_URL, then the files that SPEC.md lists; last what MAILCHUTE_<KEY>
 * sets, which replaces what a file says.  Every failure is EX_CONFIG with file,
 * line, key and reason; one that exists but may not be read is EX_TEMPFAIL
 * (EX_CONFIG if -C named it).  None at all is EX_CONFIG and three lines that
 * say how to make one: here alone a status text has line ends in it, to be
 * printed as it is.
 */
bool config_load(struct config *c, const char *file, struct status *st);

/* What is in force, in the grammar of the file; secrets as "(set)". */
void config_print(const struct config *c, FILE *out);

/*
 * The account for an envelope sender and a From address (either may be NULL):
 * by the first, else by the second, exact before pattern, else `default`.  `uid`
 * calls: %U in `from` is its login name.
 */
struct account_choice {
	const struct account *account;   /* NULL: none is for it */
	const char *entry;               /* of its `from`, which chose it; NULL: it is `default` */
	bool by_from_field;              /* the second address chose */
};
struct account_choice account_choose(const struct config *c, uid_t uid, const char *sender,
                                     const char *from_field);
/* Whether an address in wire form is the one that `from` names, or fits it if that is a pattern. */
bool account_matches(const char *from, const char *address);
const struct account *account_named(const struct config *c, const char *name);
/* `local`, for what aliases would give to programs and files: if it is LMTP or a maildir, else NULL. */
const struct account *account_local(const struct config *c);

/*
 * The first of the account's `from` that is an address, not a pattern, and its
 * `from_full_name`, as they are for this caller.  The caller's to free; NULL if
 * there is none.
 */
char *account_sender(const struct account *a, uid_t uid);
char *account_full_name(const struct account *a, uid_t uid);

/*
 * The account above `a` that takes all mail that this entry of a's `from` is
 * meant for, so that the entry never chooses it; NULL if there is none.
 */
const struct account *account_covering(const struct config *c, const struct account *a,
                                       const char *from);

/* Host and port of hosts.v[i]; the host is the caller's to free. */
void account_host(const struct account *a, size_t i, char **host, unsigned short *port);

/*
 * The account's password: password, password_file, passwordeval, then netrc
 * (~/.netrc, SYSCONFDIR/netrc).  Into `out`, which the caller wipes.  None, a
 * command that fails or takes over 30 s, a file that cannot be read: EX_CONFIG,
 * with what to do.
 */
bool secret_get(const struct config *c, const struct account *a, const char *host,
                struct buf *out, struct status *st);

/* Where password_file is, relative ones looked up; NULL if there is none or no $CREDENTIALS_DIRECTORY. */
char *secret_file(const struct account *a);
/* ~/.netrc, which is looked into if nothing else has it; NULL without a home. */
char *secret_netrc(void);

#endif
