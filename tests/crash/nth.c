/*
 * nth N PROGRAM ARGUMENT...          kill it, children and all, at its Nth system call
 * nth N=ERROR PROGRAM ARGUMENT...    let its Nth call that touches a file fail with that errno
 *
 * Exit code: the program's; 137 if it was killed; 200 if it came to its end before
 * that many calls, after whatever it did (then every N has been tried).
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KILLED = 137, TOO_FEW = 200, TRACER_FAILED = 99 };

struct plan {
	long n, seen;
	long error;          /* 0: kill */
	pid_t failing;       /* whose call fails, until it has returned */
};

static const long file_calls[] = {
	SYS_openat, SYS_write, SYS_pwrite64, SYS_fsync, SYS_fdatasync, SYS_renameat, SYS_renameat2,
	SYS_mkdirat, SYS_unlinkat, SYS_flock, SYS_ftruncate,
#ifdef SYS_open
	SYS_open, SYS_mkdir, SYS_rename, SYS_unlink,
#endif
};

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(TRACER_FAILED);
}

static bool is_file_call(long nr)
{
	for (size_t i = 0; i < sizeof(file_calls) / sizeof(file_calls[0]); i++)
		if (file_calls[i] == nr)
			return true;
	return false;
}

#ifdef __x86_64__
static void skip_call(pid_t pid)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, 0, &regs);
	regs.orig_rax = (unsigned long long)-1;
	ptrace(PTRACE_SETREGS, pid, 0, &regs);
}

static void set_result(pid_t pid, long result)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, 0, &regs);
	regs.rax = (unsigned long long)result;
	ptrace(PTRACE_SETREGS, pid, 0, &regs);
}
#else
static void skip_call(pid_t pid)
{
	(void)pid;
	fputs("nth: N=ERROR is for x86-64 only\n", stderr);
	exit(TRACER_FAILED);
}

static void set_result(pid_t pid, long result)
{
	(void)pid;
	(void)result;
}
#endif

static void at_call(struct plan *p, pid_t pid)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_EXIT && p->failing == pid) {
		set_result(pid, -p->error);
		p->failing = 0;
	}
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY || (p->error && !is_file_call((long)info.entry.nr))
	    || ++p->seen != p->n)
		return;
	if (p->error == 0)
		exit(KILLED); /* and all that we trace goes with us: PTRACE_O_EXITKILL */
	skip_call(pid);
	p->failing = pid;
}

static void start(char **argv)
{
	if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0 || raise(SIGSTOP) != 0)
		die("ptrace");
	execvp(argv[0], argv);
	die(argv[0]);
}

/* What to deliver to a tracee that stopped for `status`. */
static int signal_of(struct plan *p, pid_t pid, int status)
{
	int sig = WSTOPSIG(status);

	if (sig == (SIGTRAP | 0x80))
		at_call(p, pid);
	return sig == SIGSTOP || (sig & 0x7f) == SIGTRAP ? 0 : sig;
}

static int follow(struct plan *p, pid_t first)
{
	int status, code = TRACER_FAILED;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFSTOPPED(status))
			ptrace(PTRACE_SYSCALL, pid, 0, signal_of(p, pid, status));
		else if (pid == first)
			code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	return code;
}

int main(int argc, char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK
	                     | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
	struct plan p = { 0 };
	char *rest;
	pid_t pid;
	int status, code;

	if (argc < 3 || (p.n = strtol(argv[1], &rest, 10)) < 1) {
		fputs("usage: nth N[=ERROR] PROGRAM ARGUMENT...\n", stderr);
		return TRACER_FAILED;
	}
	if (*rest == '=')
		p.error = strtol(rest + 1, NULL, 10);
	if ((pid = fork()) < 0)
		die("fork");
	if (pid == 0)
		start(argv + 2);
	if (waitpid(pid, &status, 0) != pid || ptrace(PTRACE_SETOPTIONS, pid, 0, options) != 0
	    || ptrace(PTRACE_SYSCALL, pid, 0, 0) != 0)
		die("ptrace");
	code = follow(&p, pid);
	return p.seen < p.n ? TOO_FEW : code;
}
