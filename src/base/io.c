#include "compat.h"
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"

ssize_t io_read(int fd, void *p, size_t n)
{
	ssize_t got;

	do
		got = read(fd, p, n);
	while (got < 0 && errno == EINTR);
	return got;
}

ssize_t io_read_patiently(int fd, void *p, size_t n)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	ssize_t got;

	while ((got = io_read(fd, p, n)) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		poll(&readable, 1, -1);
	return got;
}

bool io_write_all(int fd, const void *p, size_t n)
{
	const char *from = p;

	while (n > 0) {
		ssize_t done = write(fd, from, n);

		if (done < 0 && errno != EINTR)
			return false;
		if (done > 0) {
			from += done;
			n -= (size_t)done;
		}
	}
	return true;
}

/* O_TMPFILE where the file system has it, else a name that is gone at once. */
static int tmpfile_in(const char *dir, char *template)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	fd = mkostemp(template, O_CLOEXEC);
	if (fd >= 0)
		unlink(template);
	return fd;
}

int io_tmpfile(void)
{
	char var_tmp[] = "/var/tmp/mailchute.XXXXXX", tmp[] = "/tmp/mailchute.XXXXXX";
	int fd = tmpfile_in("/var/tmp", var_tmp);

	if (fd < 0)
		fd = tmpfile_in("/tmp", tmp);
	return fd < 0 ? memfd_create("mailchute", MFD_CLOEXEC) : fd;
}

bool io_read_all(int fd, struct buf *out)
{
	char block[8192];
	ssize_t n;

	while ((n = io_read(fd, block, sizeof(block))) > 0) {
		buf_add(out, block, (size_t)n);
		explicit_bzero(block, (size_t)n); /* it may be a secret's file */
		if (!buf_ok(out)) {
			errno = EFBIG;
			return false;
		}
	}
	return n == 0;
}

bool io_read_file(const char *path, struct buf *out, struct status *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	bool ok = fd >= 0 && io_read_all(fd, out);
	int error = errno;

	if (fd >= 0)
		close(fd);
	return ok || status_fail(st, EX_NOINPUT, "%s: %s", path, strerror(error));
}

char *io_parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	return alloc_copyn(path, slash == path ? 1 : (size_t)(slash - path));
}
