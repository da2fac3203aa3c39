#include "serve/peer.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/str.h"

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

/* The first line of /proc/PID/`name`; "" if it is not to be had. */
static void read_proc(pid_t pid, const char *name, char *out, size_t size)
{
	char *path = alloc_printf("/proc/%ld/%s", (long)pid, name);
	struct status st;
	struct buf text;

	buf_init(&text, 4096);
	*out = '\0';
	if (io_read_file(path, &text, &st))
		snprintf(out, size, "%.*s", (int)strcspn(text.data, "\n"), text.data);
	buf_release(&text);
	free(path);
}

/* The fourth field of stat, behind a name that may hold anything. */
static pid_t parent_of(pid_t pid)
{
	char stat[512];
	const char *behind;
	long parent;

	read_proc(pid, "stat", stat, sizeof(stat));
	behind = strrchr(stat, ')');
	return behind != NULL && sscanf(behind, ") %*c %ld", &parent) == 1 ? (pid_t)parent : 0;
}

/* That sendmail calls is no news: whose child is it? */
static bool is_ours(const char *program)
{
	static const char *const names[] = { "sendmail", "mailq", "newaliases", "mailchute" };

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strcmp(program, names[i]) == 0)
			return true;
	return false;
}

static void find_program(struct peer *p)
{
	pid_t parent;

	read_proc(p->pid, "comm", p->program, sizeof(p->program));
	if (is_ours(p->program) && (parent = parent_of(p->pid)) > 1)
		read_proc(parent, "comm", p->program, sizeof(p->program));
}

static void find_groups(struct peer *p, int fd)
{
	socklen_t size = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0 || errno != ERANGE)
		return; /* none, or an older kernel */
	p->groups = alloc_array(NULL, size / sizeof(gid_t) + 1, sizeof(gid_t));
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, p->groups, &size) == 0)
		p->groups_len = size / sizeof(gid_t);
}

bool peer_of(struct peer *p, int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address), size = sizeof(struct ucred);
	struct ucred who;

	*p = (struct peer){ .caller = { .uid = CALLER_UNKNOWN }, .gid = (gid_t)-1 };
	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return false;
	p->caller.tcp = address.ss_family != AF_UNIX;
	if (p->caller.tcp)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0)
		return false;
	p->caller.uid = who.uid;
	p->gid = who.gid;
	p->pid = who.pid;
	find_groups(p, fd);
	find_program(p);
	return true;
}

void peer_release(struct peer *p)
{
	free(p->groups);
	p->groups = NULL;
	p->groups_len = 0;
}

static bool has_group(const struct peer *p, gid_t gid)
{
	bool has = p->gid == gid;

	for (size_t i = 0; i < p->groups_len; i++)
		has |= p->groups[i] == gid;
	return has;
}

static bool is_listed(const struct peer *p, const struct group *g)
{
	const struct passwd *pw = getpwuid(p->caller.uid);

	if (pw == NULL)
		return false;
	for (char **member = g->gr_mem; *member != NULL; member++)
		if (strcmp(*member, pw->pw_name) == 0)
			return true;
	return pw->pw_gid == g->gr_gid;
}

bool peer_is_member(const struct peer *p, const char *group)
{
	const struct group *g = p->caller.tcp ? NULL : getgrnam(group);

	return g != NULL && (has_group(p, g->gr_gid) || is_listed(p, g));
}
