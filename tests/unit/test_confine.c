#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/landlock.h"
#include "base/seccomp.h"
#include "base/str.h"
#include "config/command.h"
#include "deliver/confine.h"
#include "unit.h"

/*
 * What a confined process can do, each in a child of its own.  Where the kernel
 * confines nothing, everything must work as it does without, and confine_describe
 * must say so.
 */

static char dir[UNIT_DIR_MAX];
static struct account account;

static const char *in_dir(const char *name)
{
	static char path[4][80];
	static unsigned next;
	char *p = path[next++ % COUNT_OF(path)];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

static void write_file(const char *name)
{
	int fd = open(in_dir(name), O_WRONLY | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "secret\n", 7), 7);
	close(fd);
}

static void begin(void)
{
	static const char *const variables[] = {
		"KRB5_CONFIG", "KRB5CCNAME", "KRB5_KTNAME", "KRB5_CLIENT_KTNAME", "GSS_MECH_CONFIG",
		"CREDENTIALS_DIRECTORY",
	};
	static const char *const places[] = { "spool", "spool/tmp", "spool/queue", "trust", "key", "password", "elsewhere" };

	for (size_t i = 0; i < COUNT_OF(variables); i++)
		unsetenv(variables[i]);
	unit_dir_make(dir);
	account_init(&account, "work");
	for (size_t i = 0; i < COUNT_OF(places); i++)
		ck_assert_int_eq(mkdir(in_dir(places[i]), 0700), 0);
	write_file("spool/queue/1");
	write_file("trust/ca");
	write_file("key/key");
	write_file("password/one");
	write_file("elsewhere/shadow");
	ck_assert_int_eq(symlink("../elsewhere/shadow", in_dir("trust/link")), 0);
}

static void end(void)
{
	account_release(&account);
	unit_dir_remove(dir);
}

/* `account`, anew. */
static struct account *account_with(const char *auth)
{
	account_release(&account);
	account_init(&account, "work");
	strv_release(&account.auth);
	strv_split(&account.auth, auth, " ");
	account.tls_trust_file = alloc_copy(in_dir("trust/ca"));
	account.tls_key_file = alloc_copy(in_dir("key/key"));
	account.password_file = alloc_copy(in_dir("password/one"));
	return &account;
}

/* The errno of `f` in a confined child, 0 if it succeeded. */
static int confined(const struct account *a, bool (*f)(void))
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		confine(a, in_dir("spool"));
		errno = 0;
		_exit(f() ? 0 : errno);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "killed by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

static bool can_open(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC, 0600) >= 0;
}

/* --- what it may --- */

static bool read_trust(void) { return can_open(in_dir("trust/ca"), O_RDONLY); }
static bool read_key(void) { return can_open(in_dir("key/key"), O_RDONLY); }
static bool read_passwd(void) { return can_open("/etc/passwd", O_RDONLY); }
static bool read_fips(void) { return can_open("/proc/self/status", O_RDONLY); }
static bool write_null(void) { return can_open("/dev/null", O_RDWR); }

static bool make_temporary(void)
{
	int fd = io_tmpfile();
	struct stat is;
	char c;

	return fd >= 0 && write(fd, "x", 1) == 1 && pread(fd, &c, 1, 0) == 1 && fstat(fd, &is) == 0
	       /* in a file, not in memory */
	       && (access("/var/tmp", W_OK) != 0 || fcntl(fd, F_GET_SEALS) < 0);
}

static bool queue_and_move(void)
{
	return can_open(in_dir("spool/tmp/2"), O_WRONLY | O_CREAT | O_EXCL)
	       && rename(in_dir("spool/tmp/2"), in_dir("spool/queue/2")) == 0
	       && can_open(in_dir("spool/queue/2"), O_RDWR | O_TRUNC)
	       && unlink(in_dir("spool/queue/2")) == 0 && mkdir(in_dir("spool/senders"), 0700) == 0;
}

static bool look_up_name(void)
{
	struct addrinfo *found;

	if (getaddrinfo("localhost", "25", NULL, &found) != 0)
		return false;
	freeaddrinfo(found);
	return true;
}

static bool connect_somewhere(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0;
}

static bool fork_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

static bool (*const allowed[])(void) = {
	read_trust, read_key, read_passwd, read_fips, write_null, make_temporary, queue_and_move,
	look_up_name, connect_somewhere, fork_child,
};

START_TEST(a_delivery_can_do_what_it_must)
{
	ck_assert_int_eq(confined(account_with("PLAIN"), allowed[_i]), 0);
}
END_TEST

/* A certificate or a password is renewed by renaming. */
START_TEST(a_file_may_be_replaced_meanwhile)
{
	struct account *a = account_with("PLAIN");
	int ends[2], status;
	char c;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		confine(a, in_dir("spool"));
		_exit(read(ends[0], &c, 1) == 1 && can_open(a->password_file, O_RDONLY) ? 0 : 1);
	}
	write_file("password/new");
	ck_assert_int_eq(rename(in_dir("password/new"), a->password_file), 0);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* --- what it may not --- */

static bool read_elsewhere(void) { return can_open(in_dir("elsewhere/shadow"), O_RDONLY); }
static bool read_through_link(void) { return can_open(in_dir("trust/link"), O_RDONLY); }
static bool list_elsewhere(void) { return can_open(in_dir("elsewhere"), O_RDONLY | O_DIRECTORY); }
static bool write_trust(void) { return can_open(in_dir("trust/ca"), O_WRONLY); }
static bool write_elsewhere(void) { return can_open(in_dir("elsewhere/new"), O_WRONLY | O_CREAT); }
static bool truncate_key(void) { return truncate(in_dir("key/key"), 0) == 0; }
static bool remove_password(void) { return unlink(in_dir("password/one")) == 0; }
static bool link_in_spool(void) { return symlink("/etc/passwd", in_dir("spool/queue/l")) == 0; }
static bool signal_parent(void) { return kill(getppid(), 0) == 0; }
static bool trace_me(void) { return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0; }
static bool mount_something(void) { return mount("none", dir, "tmpfs", 0, NULL) == 0; }
static bool leave_namespace(void) { return unshare(CLONE_NEWUSER) == 0; }
static bool use_keyring(void) { return syscall(SYS_keyctl, 0, -3, 1) >= 0; }
static bool change_personality(void) { return personality(0xffffffff) >= 0; }
static bool use_packets(void) { return socket(AF_PACKET, SOCK_RAW, 0) >= 0; }

static bool name_in_var_tmp(void)
{
	char path[] = "/var/tmp/mailchute-unit.XXXXXX";

	return mkstemp(path) >= 0 && unlink(path) == 0;
}

static bool wait_for_callers(void)
{
	return listen(socket(AF_INET, SOCK_STREAM, 0), 1) == 0;
}

enum by { LANDLOCK, SECCOMP };

static const struct {
	const char *name;
	bool (*f)(void);
	enum by by;
	int error, least;        /* which ABI of Landlock does it */
} refused[] = {
	{ "read elsewhere", read_elsewhere, LANDLOCK, EACCES, 2 },
	{ "read through a link", read_through_link, LANDLOCK, EACCES, 2 },
	{ "list elsewhere", list_elsewhere, LANDLOCK, EACCES, 2 },
	{ "write trust", write_trust, LANDLOCK, EACCES, 2 },
	{ "write elsewhere", write_elsewhere, LANDLOCK, EACCES, 2 },
	{ "truncate the key", truncate_key, LANDLOCK, EACCES, 3 },
	{ "remove the password", remove_password, LANDLOCK, EACCES, 2 },
	{ "a symbolic link in the spool", link_in_spool, LANDLOCK, EACCES, 2 },
	{ "a name in /var/tmp", name_in_var_tmp, LANDLOCK, EACCES, 2 },
	{ "signal the parent", signal_parent, LANDLOCK, EPERM, 6 },
	{ "trace", trace_me, SECCOMP, EPERM, 0 },
	{ "mount", mount_something, SECCOMP, EPERM, 0 },
	{ "unshare", leave_namespace, SECCOMP, EPERM, 0 },
	{ "key rings", use_keyring, SECCOMP, EPERM, 0 },
	{ "personality", change_personality, SECCOMP, EPERM, 0 },
	{ "packets", use_packets, SECCOMP, EAFNOSUPPORT, 0 },
	{ "wait for callers", wait_for_callers, SECCOMP, EPERM, 0 },
};

static bool in_force(int i)
{
	return refused[i].by == SECCOMP ? seccomp_lacking() == NULL
	                                : landlock_lacking() == NULL && landlock_abi() >= refused[i].least;
}

START_TEST(and_nothing_else)
{
	int error = confined(account_with("PLAIN"), refused[_i].f);

	if (in_force(_i))
		ck_assert_msg(error == refused[_i].error, "%s: %s", refused[_i].name, strerror(error));
	else /* what is not confined is told: see describes_what_is_in_force */
		ck_assert_msg(landlock_lacking() != NULL || seccomp_lacking() != NULL
		              || landlock_abi() < refused[_i].least, "%s", refused[_i].name);
}
END_TEST

/* --- exemptions --- */

START_TEST(a_command_keeps_everything)
{
	struct account *a = account_with("PLAIN");

	a->passwordeval = alloc_copy("cat");
	ck_assert_ptr_nonnull(strstr(confine_exempt(a), "passwordeval"));
	ck_assert_int_eq(confined(a, read_elsewhere), 0);
	ck_assert_int_eq(confined(a, wait_for_callers), 0);
}
END_TEST

START_TEST(a_maildir_keeps_everything)
{
	struct account *a = account_with("");

	a->maildir = alloc_copy(in_dir("elsewhere"));
	ck_assert_ptr_nonnull(strstr(confine_exempt(a), "maildir"));
	ck_assert_int_eq(confined(a, write_elsewhere), 0);
}
END_TEST

static bool keyring_or_none(void)
{
	return use_keyring() || errno != EPERM;
}

static void has_files_and_keys(const struct account *a)
{
	ck_assert_ptr_nonnull(strstr(confine_exempt(a), "Kerberos"));
	ck_assert_int_eq(confined(a, read_elsewhere), 0);
	ck_assert_int_eq(confined(a, write_elsewhere), 0);
	if (seccomp_lacking() == NULL)
		ck_assert_int_eq(confined(a, wait_for_callers), EPERM);
}

START_TEST(kerberos_keeps_files)
{
	has_files_and_keys(account_with("GSSAPI"));
	ck_assert_int_eq(confined(account_with("GSSAPI"), keyring_or_none), 0);
	setenv("KRB5CCNAME", "DIR:/somewhere", 1);
	has_files_and_keys(account_with("ON"));
	ck_assert_ptr_null(confine_exempt(account_with("NTLM")));
}
END_TEST

START_TEST(an_account_that_is_gone_is_confined)
{
	if (landlock_lacking() == NULL)
		ck_assert_int_eq(confined(NULL, read_trust), EACCES);
	ck_assert_int_eq(confined(NULL, queue_and_move), 0);
}
END_TEST

START_TEST(describes_what_is_in_force)
{
	const char *files = landlock_lacking(), *calls = seccomp_lacking();
	struct buf out;

	buf_init(&out, 1024);
	confine_describe(&out);
	ck_assert_ptr_nonnull(strstr(out.data, files == NULL ? "Landlock (ABI " : files));
	ck_assert_ptr_nonnull(strstr(out.data, calls == NULL ? "seccomp its system calls" : calls));
	buf_release(&out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("deliver/confine");
	TCase *tc = tcase_create("confine");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_loop_test(tc, a_delivery_can_do_what_it_must, 0, (int)COUNT_OF(allowed));
	tcase_add_test(tc, a_file_may_be_replaced_meanwhile);
	tcase_add_loop_test(tc, and_nothing_else, 0, (int)COUNT_OF(refused));
	tcase_add_test(tc, a_command_keeps_everything);
	tcase_add_test(tc, a_maildir_keeps_everything);
	tcase_add_test(tc, kerberos_keeps_files);
	tcase_add_test(tc, an_account_that_is_gone_is_confined);
	tcase_add_test(tc, describes_what_is_in_force);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
