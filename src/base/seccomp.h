#ifndef BASE_SECCOMP_H
#define BASE_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Seccomp: a process gives up system calls, for good and for its children, too.
 * NO_NEW_PRIVS, which the caller has set, is all it asks.
 *
 * What is given up is a list of calls that no mailer makes: they trace, mount,
 * load, change identity, namespaces or the clock, start programs, wait for
 * callers, or are new and large (io_uring, bpf).  A list of what may be called
 * would hold more back, but what libc, its name service modules, GnuTLS and
 * Kerberos call changes with every version of theirs, and a call that is missing
 * from such a list costs mail.  For the same reason a refused call fails with
 * EPERM, or as on a system that lacks it, and does not kill.
 */

/* Why seccomp_enter() would do nothing, in words; NULL: it would. */
const char *seccomp_lacking(void);

/* With `keyring` the calls of the kernel's key rings are left, where Kerberos may keep its tickets. */
bool seccomp_enter(bool keyring);

/*
 * For tests: the filter for a machine as uname(2) names it, in the form that the
 * kernel takes (classic BPF: struct sock_filter).  Its length; 0 if there is none.
 */
struct seccomp_step {
	uint16_t code;
	uint8_t  met, unmet;     /* how many steps to jump over */
	uint32_t operand;
};

enum { SECCOMP_STEPS_MAX = 256 };

size_t seccomp_program(const char *machine, bool keyring, struct seccomp_step out[SECCOMP_STEPS_MAX]);

#endif
