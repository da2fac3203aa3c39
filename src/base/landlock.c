#include "base/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

/* Linux's numbers, of include/uapi/linux/landlock.h. */
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
enum { ASK_VERSION = 1, PATH_BENEATH = 1, SCOPE_SIGNAL = 2 };
enum { ABI_LEAST = 2, ABI_TRUNCATE = 3, ABI_IOCTL_DEV = 5, ABI_SCOPES = 6 };

enum {
	EXECUTE = 1 << 0,
	WRITE_FILE = 1 << 1,
	READ_FILE = 1 << 2,
	READ_DIR = 1 << 3,
	REMOVE_FILE = 1 << 5,
	MAKE_DIR = 1 << 7,
	MAKE_REG = 1 << 8,
	REFER = 1 << 13,
	TRUNCATE = 1 << 14,
	IOCTL_DEV = 1 << 15,
	ALL = (1 << 16) - 1,
	OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV,
};

static const uint64_t rights[] = {
	[LANDLOCK_READ] = READ_FILE | READ_DIR,
	[LANDLOCK_CHANGE] = READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE,
	[LANDLOCK_OWN] = READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | MAKE_REG | MAKE_DIR | REMOVE_FILE | REFER,
};

struct ruleset {
	uint64_t files, net, scopes;
};

struct path_rule {
	uint64_t rights;
	int32_t  fd;
} __attribute__((packed));

static int version(void)
{
	return (int)syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
}

int landlock_abi(void)
{
	int v = version();

	return v > 0 ? v : 0;
}

const char *landlock_lacking(void)
{
	int v = version();

	if (v >= ABI_LEAST)
		return NULL;
	if (v > 0)
		return "the kernel's is of version 1, which lets no file move between directories";
	switch (errno) {
	case ENOSYS:
		return "the kernel has none";
	case EOPNOTSUPP:
		return "the kernel has it switched off (lsm=)";
	}
	return "it is refused here, as in some containers";
}

/* What this kernel can withhold. */
static uint64_t known(int abi)
{
	uint64_t all = ALL;

	if (abi < ABI_TRUNCATE)
		all &= ~(uint64_t)TRUNCATE;
	if (abi < ABI_IOCTL_DEV)
		all &= ~(uint64_t)IOCTL_DEV;
	return all;
}

int landlock_new(void)
{
	int abi = landlock_abi();
	struct ruleset all = {
		.files = known(abi),
		.scopes = abi >= ABI_SCOPES ? SCOPE_SIGNAL : 0,
	};

	/* Fields that an older kernel does not know may be there if they are zero. */
	return abi >= ABI_LEAST ? (int)syscall(CREATE_RULESET, &all, sizeof(all), 0) : -1;
}

static bool add_rule(int rules, int fd, uint64_t what)
{
	struct path_rule rule = { .rights = what & known(landlock_abi()), .fd = fd };
	struct stat is;

	if (fstat(fd, &is) != 0)
		return false;
	if (!S_ISDIR(is.st_mode))
		rule.rights &= OF_A_FILE;
	return syscall(ADD_RULE, rules, PATH_BENEATH, &rule, 0) == 0;
}

bool landlock_allow(int rules, const char *path, enum landlock_right right)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	bool ok = fd < 0 || add_rule(rules, fd, rights[right]);

	if (fd >= 0)
		close(fd);
	return ok;
}

bool landlock_enter(int rules)
{
	bool ok = syscall(RESTRICT_SELF, rules, 0) == 0;
	int error = errno;

	close(rules);
	errno = error;
	return ok;
}
