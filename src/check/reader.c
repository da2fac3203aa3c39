#include "check/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"

void reader_find(struct reader *r, const struct config *c)
{
	const char *name = c->settings.run_as;
	const struct passwd *pw;

	*r = (struct reader){ .uid = geteuid(), .gid = getegid() };
	if (name == NULL && !c->system)
		return;
	pw = getpwnam(name != NULL ? name : "mailchute");
	r->missing = pw == NULL && name != NULL;
	if (pw == NULL)
		return;
	r->name = alloc_copy(pw->pw_name);
	r->uid = pw->pw_uid;
	r->gid = pw->pw_gid;
}

void reader_release(struct reader *r)
{
	free(r->name);
	r->name = NULL;
}

char *reader_name(uid_t uid)
{
	const struct passwd *pw = getpwuid(uid);

	return pw != NULL ? alloc_copy(pw->pw_name) : alloc_printf("uid %lu", (unsigned long)uid);
}

bool reader_is_known(const struct reader *r)
{
	return r->uid == geteuid() || geteuid() == 0;
}

/* In a child, because there is no way back. */
static _Noreturn void answer_as(const struct reader *r, const char *path, int mode)
{
	if (initgroups(r->name, r->gid) != 0 || setgid(r->gid) != 0 || setuid(r->uid) != 0)
		_exit(EPERM);
	_exit(access(path, mode) == 0 ? 0 : errno);
}

bool reader_may(const struct reader *r, const char *path, int mode)
{
	int result;
	pid_t child;

	if (r->name == NULL || r->uid == geteuid())
		return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
	child = fork();
	if (child == 0)
		answer_as(r, path, mode);
	if (child < 0 || waitpid(child, &result, 0) < 0 || !WIFEXITED(result))
		return true; /* unknown: no fault is made up */
	errno = WEXITSTATUS(result);
	return errno == 0;
}
