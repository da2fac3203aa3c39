#include "base/seccomp.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "base/str.h"

/* Linux's numbers, of linux/seccomp.h, linux/audit.h, linux/bpf_common.h and linux/sched.h. */
enum { MODE_FILTER = 2 };
enum { AT_NUMBER = 0, AT_ARCHITECTURE = 4, AT_ARGUMENT = 16 };  /* in struct seccomp_data */
enum { LOAD = 0x20, JUMP_EQUAL = 0x15, JUMP_AT_LEAST = 0x35, JUMP_ANY_BIT = 0x45, RETURN = 0x06 };
enum { X32 = 0x40000000, NEW_NAMESPACES = 0x7e020000 };
static const uint32_t allow = 0x7fff0000, refuse = 0x00050000;

enum { X86_64, AARCH64, MACHINES };

static const struct {
	const char *name;        /* a big-endian one is called otherwise */
	uint32_t    audit;
} machines[MACHINES] = {
	[X86_64] = { "x86_64", 0xc000003e },
	[AARCH64] = { "aarch64", 0xc00000b7 },
};

/* A call's number on each; -1 where there is no such call. */
struct call {
	const char *name;
	int nr[MACHINES];
};

static const struct call calls[] = {
	/* other processes' memory, and what spies on all of them */
	{ "ptrace", { 101, 117 } },
	{ "process_vm_readv", { 310, 270 } },
	{ "process_vm_writev", { 311, 271 } },
	{ "process_madvise", { 440, 440 } },
	{ "pidfd_getfd", { 438, 438 } },
	{ "kcmp", { 312, 272 } },
	{ "perf_event_open", { 298, 241 } },
	{ "bpf", { 321, 280 } },
	{ "userfaultfd", { 323, 282 } },
	/* programs, callers */
	{ "execve", { 59, 221 } },
	{ "execveat", { 322, 281 } },
	{ "listen", { 50, 201 } },
	{ "accept", { 43, 202 } },
	{ "accept4", { 288, 242 } },
	/* who we are, and where */
	{ "setuid", { 105, 146 } },
	{ "setgid", { 106, 144 } },
	{ "setreuid", { 113, 145 } },
	{ "setregid", { 114, 143 } },
	{ "setresuid", { 117, 147 } },
	{ "setresgid", { 119, 149 } },
	{ "setgroups", { 116, 159 } },
	{ "setfsuid", { 122, 151 } },
	{ "setfsgid", { 123, 152 } },
	{ "capset", { 126, 91 } },
	{ "personality", { 135, 92 } },
	{ "setns", { 308, 268 } },
	{ "unshare", { 272, 97 } },
	{ "chroot", { 161, 51 } },
	{ "pivot_root", { 155, 41 } },
	/* file systems */
	{ "mount", { 165, 40 } },
	{ "umount2", { 166, 39 } },
	{ "open_tree", { 428, 428 } },
	{ "move_mount", { 429, 429 } },
	{ "fsopen", { 430, 430 } },
	{ "fsconfig", { 431, 431 } },
	{ "fsmount", { 432, 432 } },
	{ "fspick", { 433, 433 } },
	{ "mount_setattr", { 442, 442 } },
	{ "open_by_handle_at", { 304, 265 } },
	{ "fanotify_init", { 300, 262 } },
	{ "mknod", { 133, -1 } },
	{ "mknodat", { 259, 33 } },
	{ "quotactl", { 179, 60 } },
	{ "quotactl_fd", { 443, 443 } },
	{ "swapon", { 167, 224 } },
	{ "swapoff", { 168, 225 } },
	{ "acct", { 163, 89 } },
	/* the machine */
	{ "init_module", { 175, 105 } },
	{ "finit_module", { 313, 273 } },
	{ "delete_module", { 176, 106 } },
	{ "kexec_load", { 246, 104 } },
	{ "kexec_file_load", { 320, 294 } },
	{ "reboot", { 169, 142 } },
	{ "iopl", { 172, -1 } },
	{ "ioperm", { 173, -1 } },
	{ "syslog", { 103, 116 } },          /* the kernel's; syslog(3) writes to a socket */
	{ "vhangup", { 153, 58 } },
	{ "sethostname", { 170, 161 } },
	{ "setdomainname", { 171, 162 } },
	{ "settimeofday", { 164, 170 } },
	{ "clock_settime", { 227, 112 } },
	{ "adjtimex", { 159, 171 } },
	{ "clock_adjtime", { 305, 266 } },
	/* a way around all of this */
	{ "io_uring_setup", { 425, 425 } },
	{ "io_uring_enter", { 426, 426 } },
	{ "io_uring_register", { 427, 427 } },
};

static const struct call keyring_calls[] = {
	{ "add_key", { 248, 217 } },
	{ "request_key", { 249, 218 } },
	{ "keyctl", { 250, 219 } },
};

static const struct call clone_call = { "clone", { 56, 220 } }, clone3_call = { "clone3", { 435, 435 } },
	socket_call = { "socket", { 41, 198 } };

/* Mail goes by the first three; the resolver asks the kernel by the last what addresses there are. */
static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };

struct program {
	struct seccomp_step *v;
	size_t len;
	size_t machine;
};

static void add(struct program *p, uint16_t code, uint32_t operand, uint8_t met, uint8_t unmet)
{
	p->v[p->len++] = (struct seccomp_step){ .code = code, .operand = operand, .met = met, .unmet = unmet };
}

/* If it is what was loaded, the next step is done, else left out. */
static void add_if_equal(struct program *p, uint32_t operand)
{
	add(p, JUMP_EQUAL, operand, 0, 1);
}

static void add_return(struct program *p, uint32_t what)
{
	add(p, RETURN, what, 0, 0);
}

static void add_refused(struct program *p, const struct call *c, int error)
{
	if (c->nr[p->machine] < 0)
		return;
	add_if_equal(p, (uint32_t)c->nr[p->machine]);
	add_return(p, refuse | (uint32_t)error);
}

/* A 32-bit call, of i386 or x32 or ARM, would have other numbers. */
static void add_checks(struct program *p)
{
	add(p, LOAD, AT_ARCHITECTURE, 0, 0);
	add(p, JUMP_EQUAL, machines[p->machine].audit, 1, 0);
	add_return(p, refuse | EPERM);
	add(p, LOAD, AT_NUMBER, 0, 0);
	add(p, JUMP_AT_LEAST, X32, 0, 1);
	add_return(p, refuse | EPERM);
}

/* Threads and children, yes; namespaces, no.  The flags of clone3 are behind a pointer:
   libc takes the older call where there is none. */
static void add_clone(struct program *p)
{
	add_refused(p, &clone3_call, ENOSYS);
	add(p, JUMP_EQUAL, (uint32_t)clone_call.nr[p->machine], 0, 4);
	add(p, LOAD, AT_ARGUMENT, 0, 0);
	add(p, JUMP_ANY_BIT, NEW_NAMESPACES, 0, 1);
	add_return(p, refuse | EPERM);
	add_return(p, allow);
}

static void add_socket(struct program *p)
{
	add(p, JUMP_EQUAL, (uint32_t)socket_call.nr[p->machine], 0, 2 + 2 * COUNT_OF(families));
	add(p, LOAD, AT_ARGUMENT, 0, 0);
	for (size_t i = 0; i < COUNT_OF(families); i++) {
		add_if_equal(p, (uint32_t)families[i]);
		add_return(p, allow);
	}
	add_return(p, refuse | EAFNOSUPPORT);
}

/* MACHINES if we have no numbers for it. */
static size_t find_machine(const char *name)
{
	size_t i = 0;

	while (i < MACHINES && strcmp(machines[i].name, name) != 0)
		i++;
	return i;
}

size_t seccomp_program(const char *machine, bool keyring, struct seccomp_step out[SECCOMP_STEPS_MAX])
{
	struct program p = { .v = out, .machine = find_machine(machine) };

	if (p.machine == MACHINES)
		return 0;
	add_checks(&p);
	for (size_t i = 0; i < COUNT_OF(calls); i++)
		add_refused(&p, &calls[i], EPERM);
	for (size_t i = 0; !keyring && i < COUNT_OF(keyring_calls); i++)
		add_refused(&p, &keyring_calls[i], EPERM);
	add_clone(&p);
	add_socket(&p);
	add_return(&p, allow);
	return p.len;
}

/* The kernel's machine, if we are a program for it: a 32-bit one runs on it as well. */
static bool our_machine(struct utsname *u)
{
	return sizeof(void *) == 8 && uname(u) == 0 && find_machine(u->machine) < MACHINES;
}

const char *seccomp_lacking(void)
{
	struct utsname u;

	if (!our_machine(&u))
		return "there is no table of system calls for this machine";
	/* A kernel that has it looks at the filter first. */
	if (prctl(PR_SET_SECCOMP, MODE_FILTER, NULL) != 0 && errno == EFAULT)
		return NULL;
	return "the kernel has none";
}

bool seccomp_enter(bool keyring)
{
	struct seccomp_step v[SECCOMP_STEPS_MAX];
	struct {
		unsigned short len;
		struct seccomp_step *v;
	} program = { .v = v };
	struct utsname u;

	if (!our_machine(&u))
		return false;
	program.len = (unsigned short)seccomp_program(u.machine, keyring, v);
	return prctl(PR_SET_SECCOMP, MODE_FILTER, &program) == 0;
}
