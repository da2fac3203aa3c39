#ifndef DELIVER_CONFINE_H
#define DELIVER_CONFINE_H

#include "base/buf.h"
#include "config/config.h"

/*
 * A process that delivers talks to a server that may be hostile, and to nobody
 * else.  Before it does, it gives up what it does not need, so that a fault in
 * what reads the server's words (TLS, SASL, the resolver) opens no more than
 * the process itself had to have:
 *
 * files (base/landlock)
 *	It reads what libraries and resolver want: /etc, /usr, /run and the like,
 *	and the directories of the files that its account names (trust, client
 *	certificate, password; the directory, since the file may be replaced while
 *	the process lives).  It writes to the spool, and to files without a name in
 *	/var/tmp.  It executes nothing.
 * system calls (base/seccomp)
 *	Those that no mailer makes are refused.
 *
 * Where it connects is not limited: a name server, a KDC and the host's other
 * addresses may be anywhere, and a port says little about whom one talks to.
 *
 * No delivery may fail for this that works without it.  So what an account uses
 * that may need anything at all keeps it from being confined:
 *
 * passwordeval	starts a program: nothing is given up
 * a maildir	is somebody's directory, and there is no server: nothing, either
 * Kerberos	may keep its tickets in any file, or in a key ring of the kernel:
 *	files and key rings stay.  An account uses it if `auth` names GSSAPI, or if
 *	it is `on` and there is a sign of Kerberos: KRB5_CONFIG, KRB5CCNAME or
 *	another variable of its, /etc/krb5.conf, or the caller's cache in /tmp.
 *
 * Where the kernel cannot do it the process goes on without; `mailchute check`
 * says what is in force.
 */

/* For good.  `a` may be NULL: an account that the configuration has no more. */
void confine(const struct account *a, const char *spool);

/* "Landlock (ABI 7) confines its files, seccomp its system calls", or why not. */
void confine_describe(struct buf *out);
/* Why an account's processes keep more than others', in words; NULL: they do not. */
const char *confine_exempt(const struct account *a);

#endif
