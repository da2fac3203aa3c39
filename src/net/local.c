#include "net/local.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FULL_BACKLOG_MS = 20 };

/* A full backlog is EAGAIN, and poll(2) cannot tell when there is room again. */
static bool connect_until(int fd, const struct sockaddr_un *sa, deadline until)
{
	int left;

	while (connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return false;
		if ((left = deadline_poll(until)) == 0) {
			errno = ETIMEDOUT;
			return false;
		}
		poll(NULL, 0, left < 0 || left > FULL_BACKLOG_MS ? FULL_BACKLOG_MS : left);
	}
	return true;
}

bool local_connect(const char *path, deadline until, struct stream *out, struct status *st)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd, error;

	if (strlen(path) >= sizeof(sa.sun_path))
		return status_fail(st, EX_CONFIG, "socket %s: the path is too long", path);
	memcpy(sa.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect_until(fd, &sa, until)) {
		stream_init(out, fd);
		return true;
	}
	error = errno;
	if (fd >= 0)
		close(fd);
	return status_defer(st, WAIT_HOST, EX_TEMPFAIL, "socket %s: %s", path, strerror(error));
}
