#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/seccomp.h"
#include "base/str.h"
#include "unit.h"

/*
 * The filter as the kernel would run it: what comes of a call.
 */

enum { X86_64 = 0xc000003eU, AARCH64 = 0xc00000b7U, I386 = 0x40000003U };
static const uint32_t allow = 0x7fff0000, refuse = 0x00050000;

struct call {
	uint32_t nr, architecture, argument;
};

static uint32_t field(const struct call *c, uint32_t at)
{
	switch (at) {
	case 0:
		return c->nr;
	case 4:
		return c->architecture;
	case 16:
		return c->argument;
	}
	ck_abort_msg("a load from %u", at);
}

static bool meets(const struct seccomp_step *s, uint32_t loaded)
{
	switch (s->code) {
	case 0x15:
		return loaded == s->operand;
	case 0x35:
		return loaded >= s->operand;
	case 0x45:
		return (loaded & s->operand) != 0;
	}
	ck_abort_msg("code %#x", s->code);
}

static uint32_t run(const char *machine, bool keyring, const struct call *c)
{
	struct seccomp_step v[SECCOMP_STEPS_MAX];
	size_t n = seccomp_program(machine, keyring, v);
	uint32_t loaded = 0;

	for (size_t i = 0; i < n; i++) {
		if (v[i].code == 0x06)
			return v[i].operand;
		if (v[i].code == 0x20)
			loaded = field(c, v[i].operand);
		else
			i += meets(&v[i], loaded) ? v[i].met : v[i].unmet;
	}
	ck_abort_msg("%s: no end after %zu steps", machine, n);
}

#define X "x86_64"
#define A "aarch64"

static const struct {
	const char *name, *machine;
	struct call call;
	int error;               /* 0: allowed */
	bool keyring;
} rows[] = {
	{ "read", X, .call = { 0, X86_64, 0 } },
	{ "read", A, .call = { 63, AARCH64, 0 } },
	{ "openat", X, .call = { 257, X86_64, 0 } },
	{ "openat", A, .call = { 56, AARCH64, 0 } },
	{ "connect", X, .call = { 42, X86_64, 0 } },
	{ "connect", A, .call = { 203, AARCH64, 0 } },
	{ "flock", X, .call = { 73, X86_64, 0 } },
	{ "getrandom", A, .call = { 278, AARCH64, 0 } },
	{ "a call that is newer than the table", X, .call = { 999, X86_64, 0 } },

	{ "ptrace", X, .call = { 101, X86_64, 0 }, .error = EPERM },
	{ "ptrace", A, .call = { 117, AARCH64, 0 }, .error = EPERM },
	{ "execve", X, .call = { 59, X86_64, 0 }, .error = EPERM },
	{ "execve", A, .call = { 221, AARCH64, 0 }, .error = EPERM },
	{ "mount", X, .call = { 165, X86_64, 0 }, .error = EPERM },
	{ "mount", A, .call = { 40, AARCH64, 0 }, .error = EPERM },
	{ "unshare", A, .call = { 97, AARCH64, 0 }, .error = EPERM },
	{ "io_uring_setup", X, .call = { 425, X86_64, 0 }, .error = EPERM },
	{ "io_uring_setup", A, .call = { 425, AARCH64, 0 }, .error = EPERM },
	{ "listen", X, .call = { 50, X86_64, 0 }, .error = EPERM },

	{ "no call: -1", X, .call = { 0xffffffff, X86_64, 0 }, .error = EPERM },
	{ "read of x32", X, .call = { 0x40000000, X86_64, 0 }, .error = EPERM },
	{ "exit of i386", X, .call = { 1, I386, 0 }, .error = EPERM },
	{ "read of the other machine", A, .call = { 0, X86_64, 0 }, .error = EPERM },

	{ "keyctl", X, .call = { 250, X86_64, 0 }, .error = EPERM },
	{ "keyctl for Kerberos", X, .call = { 250, X86_64, 0 }, .keyring = true },
	{ "keyctl for Kerberos", A, .call = { 219, AARCH64, 0 }, .keyring = true },
	{ "ptrace for Kerberos", X, .call = { 101, X86_64, 0 }, .error = EPERM, .keyring = true },

	{ "fork", X, .call = { 56, X86_64, 0x01200011 } },
	{ "a thread", X, .call = { 56, X86_64, 0x003d0f00 } },
	{ "clone into a user namespace", X, .call = { 56, X86_64, 0x10000011 }, .error = EPERM },
	{ "clone into a network namespace", A, .call = { 220, AARCH64, 0x40000011 }, .error = EPERM },
	{ "clone3", X, .call = { 435, X86_64, 0 }, .error = ENOSYS },

	{ "a socket, AF_UNIX", X, .call = { 41, X86_64, AF_UNIX } },
	{ "a socket, AF_INET", A, .call = { 198, AARCH64, AF_INET } },
	{ "a socket, AF_INET6", X, .call = { 41, X86_64, AF_INET6 } },
	{ "a socket, AF_NETLINK", X, .call = { 41, X86_64, AF_NETLINK } },
	{ "a socket, AF_PACKET", X, .call = { 41, X86_64, AF_PACKET }, .error = EAFNOSUPPORT },
	{ "a socket, AF_VSOCK", A, .call = { 198, AARCH64, AF_VSOCK }, .error = EAFNOSUPPORT },
};

START_TEST(what_comes_of_a_call)
{
	uint32_t result = run(rows[_i].machine, rows[_i].keyring, &rows[_i].call);

	ck_assert_msg(result == (rows[_i].error == 0 ? allow : refuse | (uint32_t)rows[_i].error),
	              "%s %s: %#x", rows[_i].machine, rows[_i].name, result);
}
END_TEST

START_TEST(a_machine_without_a_table_has_no_filter)
{
	struct seccomp_step v[SECCOMP_STEPS_MAX];

	ck_assert_uint_eq(seccomp_program("riscv64", false, v), 0);
	ck_assert_uint_eq(seccomp_program("aarch64_be", false, v), 0);
	ck_assert_uint_eq(seccomp_program("i686", false, v), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/seccomp");
	TCase *tc = tcase_create("seccomp");

	tcase_add_loop_test(tc, what_comes_of_a_call, 0, (int)COUNT_OF(rows));
	tcase_add_test(tc, a_machine_without_a_table_has_no_filter);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
