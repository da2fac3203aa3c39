#include "serve/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "config/hostport.h"

enum { INHERITED_FROM = 3, BACKLOG = 4096 };

/* --- handed over --- */

int listen_inherited(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	long n;

	if (pid == NULL || fds == NULL || strtol(pid, NULL, 10) != (long)getpid())
		return 0;
	n = strtol(fds, NULL, 10);
	return n > 0 && n <= LISTENERS_MAX ? (int)n : 0;
}

static bool is_loopback(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == 127;
	return a->ss_family == AF_INET6
	       && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
}

static bool is_usable(int fd, struct status *st)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address), size = sizeof(int);
	int listens = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || !listens
	    || getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return status_fail(st, EX_CONFIG, "descriptor %d, from LISTEN_FDS, is no listening socket", fd);
	return address.ss_family == AF_UNIX || is_loopback(&address)
	       || status_fail(st, EX_CONFIG, "descriptor %d, from LISTEN_FDS, listens not only to the loopback", fd);
}

static int family_of(int fd)
{
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(address);

	getsockname(fd, (struct sockaddr *)&address, &len);
	return address.ss_family;
}

static void add(struct listeners *l, int fd, char *path, const char *what)
{
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	l->v[l->len++] = (struct listener){ .fd = fd, .path = path, .what = alloc_copy(what) };
}

bool listen_take(struct listeners *l, struct status *st)
{
	int n = listen_inherited();

	for (int fd = INHERITED_FROM; fd < INHERITED_FROM + n; fd++) {
		if (!is_usable(fd, st))
			return false;
		add(l, fd, NULL, NULL);
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return true;
}

/* --- ours --- */

static bool failed(struct status *st, const char *what)
{
	int sysexit = errno == EADDRINUSE ? EX_TEMPFAIL : EX_CANTCREAT;

	return status_fail(st, sysexit, "%s: %s", what, strerror(errno));
}

/* Somebody answers, or at least the file is not one that was left behind. */
static bool is_free(const char *path, const struct sockaddr_un *address, struct status *st)
{
	struct stat sb;
	int fd, error;

	if (lstat(path, &sb) != 0)
		return errno == ENOENT || failed(st, path);
	if (!S_ISSOCK(sb.st_mode))
		return status_fail(st, EX_CANTCREAT, "%s is there, and no socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	error = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : errno;
	close(fd);
	if (error != ECONNREFUSED)
		return status_fail(st, EX_TEMPFAIL, "%s: another process listens there", path);
	return unlink(path) == 0 || failed(st, path);
}

/* Everybody passes through it, and only who runs us writes there. */
static void make_directory(const char *path)
{
	char *copy = alloc_copy(path);

	mkdir(dirname(copy), 0755);
	chmod(copy, 0755);
	free(copy);
}

static bool is_missing(const char *path)
{
	char *copy = alloc_copy(path);
	bool missing = access(dirname(copy), F_OK) != 0;

	free(copy);
	return missing;
}

static int bind_file(const char *path, struct status *st)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		status_fail(st, EX_CONFIG, "%s is too long for a socket's name", path);
		return -1;
	}
	strcpy(address.sun_path, path);
	if (is_missing(path))
		make_directory(path);
	if (!is_free(path, &address, st))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && chmod(path, 0666) == 0
	    && listen(fd, BACKLOG) == 0)
		return fd;
	failed(st, path);
	close(fd);
	return -1;
}

static int bind_address(const struct addrinfo *a)
{
	int one = 1, fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0
	    && bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* "127.0.0.1:PORT"; that it is the loopback was seen when the configuration was read. */
static int bind_port(const char *text, struct status *st)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *found;
	unsigned short port;
	char *host, *service;
	int fd = -1;

	if (!hostport_parse(text, &host, &port)) {
		status_fail(st, EX_CONFIG, "listen: %s", text);
		return -1;
	}
	service = alloc_printf("%hu", port);
	if (getaddrinfo(host, service, &hints, &found) == 0) {
		fd = is_loopback((struct sockaddr_storage *)(void *)found->ai_addr) ? bind_address(found) : -1;
		if (fd < 0)
			failed(st, text);
		freeaddrinfo(found);
	} else {
		status_fail(st, EX_CONFIG, "listen: %s: no such address", text);
	}
	free(service);
	free(host);
	return fd;
}

static void drop(struct listeners *l, size_t i, bool remove)
{
	close(l->v[i].fd);
	if (remove && l->v[i].path != NULL)
		unlink(l->v[i].path);
	free(l->v[i].path);
	free(l->v[i].what);
	l->v[i] = l->v[--l->len];
}

/* One that serves for the setting's value: the same, or one of its kind that was handed over. */
static bool has(const struct listeners *l, const char *what, bool is_file)
{
	for (size_t i = 0; i < l->len; i++)
		if (l->v[i].what != NULL ? strcmp(l->v[i].what, what) == 0
		                         : (family_of(l->v[i].fd) == AF_UNIX) == is_file)
			return true;
	return false;
}

static bool is_wanted(const struct listener *one, const struct settings *s)
{
	return one->what == NULL || strcmp(one->what, s->submit) == 0
	       || (s->listen != NULL && strcmp(one->what, s->listen) == 0);
}

bool listen_open(struct listeners *l, const struct settings *s, struct status *st)
{
	int fd;

	if (!has(l, s->submit, true)) {
		if ((fd = bind_file(s->submit, st)) < 0)
			return false;
		add(l, fd, alloc_copy(s->submit), s->submit);
	}
	if (s->listen != NULL && !has(l, s->listen, false)) {
		if ((fd = bind_port(s->listen, st)) < 0)
			return false;
		add(l, fd, NULL, s->listen);
	}
	for (size_t i = l->len; i-- > 0;)
		if (!is_wanted(&l->v[i], s))
			drop(l, i, true);
	return true;
}

void listen_close(struct listeners *l, bool remove)
{
	while (l->len > 0)
		drop(l, l->len - 1, remove);
}
