#include "check/inspection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/local.h"
#include "smtp/reply.h"

enum { ANSWER_MS = 5000 };

/* --- the directory --- */

/* statfs(2) names them, but not in every libc's headers. */
static const unsigned long tmpfs = 0x01021994UL, ramfs = 0x858458F6UL;

static bool is_in_memory(const char *dir)
{
	struct statfs is;

	return statfs(dir, &is) == 0
	       && ((unsigned long)is.f_type == tmpfs || (unsigned long)is.f_type == ramfs);
}

/* The first message makes the spool; until then its place is its nearest parent's. */
static char *nearest_directory(const char *dir)
{
	char *path = alloc_copy(dir), *slash;

	while (access(path, F_OK) < 0 && (slash = strrchr(path, '/')) != NULL && slash > path)
		*slash = '\0';
	return path;
}

static const char *who(const struct inspection *n)
{
	return n->reader.name != NULL ? n->reader.name : "this user";
}

static void add(struct inspection *n, char *remedy, const char *what, const char *why)
{
	const char *spool = n->config->settings.spool;

	findings_add(n->findings, FINDING_WRONG, spool, remedy, "the spool %s%s", what, why);
	free(remedy);
}

/* Started as root, the daemon makes the last directory of the path for its user. */
static void check_missing(struct inspection *n, const char *parent)
{
	const char *spool = n->config->settings.spool;
	bool is_parent = strrchr(spool, '/') == spool + strlen(parent);

	if ((n->reader.name != NULL && is_parent) || reader_may(&n->reader, parent, W_OK | X_OK))
		return;
	add(n, n->reader.name != NULL
	       ? alloc_printf("install -d -o %s -m 700 %s", n->reader.name, spool)
	       : alloc_printf("make it, or name another with `spool`"),
	    "is not there and cannot be made: ", strerror(errno));
}

/* A root process works on a spool as its owner, whoever that is. */
static bool has_wrong_owner(const struct inspection *n, uid_t owner)
{
	return owner != n->reader.uid && (n->reader.name != NULL || n->reader.uid != 0);
}

static void check_there(struct inspection *n, const struct stat *is)
{
	const char *spool = n->config->settings.spool;
	char *owner = reader_name(is->st_uid), *why = alloc_printf("%s, not to %s", owner, who(n));

	if (!S_ISDIR(is->st_mode))
		add(n, alloc_copy("name a directory with `spool`"), "is not a directory", "");
	else if (has_wrong_owner(n, is->st_uid))
		add(n, alloc_printf("chown -R %s %s", who(n), spool), "belongs to ", why);
	else if (is->st_mode & (S_IWGRP | S_IWOTH))
		add(n, alloc_printf("chmod 700 %s", spool), "can be written to by others", "");
	else if ((is->st_mode & S_IRWXU) != S_IRWXU)
		add(n, alloc_printf("chmod 700 %s", spool), "cannot be written to: its mode forbids it", "");
	else if (!reader_may(&n->reader, spool, R_OK | W_OK | X_OK))
		add(n, alloc_copy("see to that directory and those above it"), "cannot be written to: ",
		    strerror(errno));
	free(why);
	free(owner);
}

void inspect_spool(struct inspection *n)
{
	const char *spool = n->config->settings.spool;
	char *place = nearest_directory(spool);
	struct stat is;

	if (n->config->settings.deliver == DELIVER_NOW || !reader_is_known(&n->reader))
		goto out;
	if (stat(spool, &is) == 0)
		check_there(n, &is);
	else
		check_missing(n, place);
	if (is_in_memory(place))
		findings_add(n->findings, FINDING_NOTE, "", "name a directory on a disk with `spool`",
		             "spool %s is in memory: mail that waits there is lost when the machine stops", spool);
out:
	free(place);
}

/* --- the daemon --- */

/* Who holds the lock of the spool: 0 if nobody does, -1 if that cannot be seen. */
static pid_t spool_holder(const char *spool)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char *path = alloc_printf("%s/serve.lock", spool);
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	pid_t holder = -1;

	if (fd < 0)
		holder = errno == ENOENT ? 0 : -1;
	else if (fcntl(fd, F_GETLK, &all) == 0)
		holder = all.l_type == F_UNLCK ? 0 : all.l_pid;
	if (fd >= 0)
		close(fd);
	free(path);
	return holder;
}

static void check_greeting(struct inspection *n, struct stream *s)
{
	const struct settings *settings = &n->config->settings;
	struct reply reply;
	struct status st;

	reply_init(&reply);
	if (!reply_read(&reply, s, deadline_in(ANSWER_MS), &st))
		findings_add(n->findings, FINDING_WRONG, settings->submit, "restart `mailchute serve`",
		             "who listens there does not answer: %s", st.text);
	else if (reply.code != 220)
		findings_add(n->findings, FINDING_WRONG, settings->submit, "see the daemon's log",
		             "the daemon takes no mail: %d %s", reply.code, reply.text.data);
	else if (spool_holder(settings->spool) == 0)
		findings_add(n->findings, FINDING_WRONG, settings->submit,
		             "restart `mailchute serve`, or correct `spool`",
		             "the daemon that answers there serves another spool than %s", settings->spool);
	else
		findings_add(n->findings, FINDING_OK, settings->submit, "", "a daemon answers");
	reply_release(&reply);
}

/* Where there is no daemon, callers read the configuration themselves, if they may. */
static void check_absent(struct inspection *n)
{
	const char *submit = n->config->settings.submit;
	bool expected = n->reader.name != NULL && n->config->settings.deliver != DELIVER_NOW;

	findings_add(n->findings, expected ? FINDING_WRONG : FINDING_NOTE, submit,
	             "start `mailchute serve`, and have it started at boot",
	             "no daemon runs: only users who may read the configuration can send, and nothing tries "
	             "again what waits");
}

/* Of the system's set-up, or one that names its own socket. */
void inspect_daemon(struct inspection *n)
{
	const char *submit = n->config->settings.submit;
	bool own = strcmp(submit, RUNSTATEDIR "/mailchute/submit") != 0;
	struct stream s;
	struct status st;
	struct stat is;

	if (!n->config->system && !own)
		return;
	if (stat(submit, &is) < 0 && errno == ENOENT) {
		check_absent(n);
	} else if (local_connect(submit, deadline_in(ANSWER_MS), &s, &st)) {
		check_greeting(n, &s);
		stream_close(&s);
	} else {
		findings_add(n->findings, FINDING_WRONG, submit,
		             "start `mailchute serve`: it replaces what a daemon left that ended without a word",
		             "the socket is there, but connecting fails: %s", st.text);
	}
}

void inspect_unreadable(struct findings *f, const struct status *st)
{
	static const char door[] = RUNSTATEDIR "/mailchute/submit";
	struct status why;
	struct stream s;

	if (!local_connect(door, deadline_in(ANSWER_MS), &s, &why)) {
		findings_add(f, FINDING_WRONG, door, "have root start `mailchute serve`, or make a configuration of "
		             "your own: ~/.config/mailchute/config", "%s; and no daemon sends mail for you", st->text);
		return;
	}
	stream_close(&s);
	findings_add(f, FINDING_OK, door, "", "a daemon answers, and sends your mail");
	findings_add(f, FINDING_NOTE, "", "root can check it",
	             "the configuration is for the daemon alone to read (%s)", st->text);
}
