#include "queue/watch.h"

#include "base/alloc.h"
#include "base/io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

int watch_open(const struct queue *q)
{
	char *path = alloc_printf("%s/queue", q->spool);
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd >= 0 && inotify_add_watch(fd, path, IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR) < 0) {
		close(fd);
		fd = -1;
	}
	free(path);
	return fd;
}

bool watch_read(int fd, void (*news)(void *arg, const char *id), void *arg)
{
	_Alignas(struct inotify_event) char block[16 * 1024];
	const struct inotify_event *event;
	bool all = true;
	ssize_t n;

	while ((n = io_read(fd, block, sizeof(block))) > 0)
		for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof(*event) + event->len)) {
			event = (const struct inotify_event *)(const void *)(block + at);
			if (event->mask & IN_Q_OVERFLOW)
				all = false;
			else if (event->len > 0 && event->name[0] != '.' && strlen(event->name) <= QUEUE_ID_MAX)
				news(arg, event->name);
		}
	return all;
}

bool watch_tell(struct queue_entry *e, struct status *st)
{
	flock(e->fd, LOCK_UN);
	e->claimed = false;
	return futimens(e->fd, NULL) == 0
	       || status_fail(st, EX_TEMPFAIL, "touching %s: %s", e->id, strerror(errno));
}
