#ifndef BASE_IO_H
#define BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/status.h"

/* read(2) and write(2) that go on after a signal; errno tells of failure. */
ssize_t io_read(int fd, void *p, size_t n);
/* io_read for what a caller gave us, who may have made it non-blocking (Node.js does): waits all the same. */
ssize_t io_read_patiently(int fd, void *p, size_t n);
bool io_write_all(int fd, const void *p, size_t n);

/* An unlinked file in /var/tmp or /tmp, else a memfd; close-on-exec.  -1 and errno if none can be had. */
int io_tmpfile(void);

/* Read to the end, up to the ceiling of `out`: more is EFBIG.  errno tells of failure. */
bool io_read_all(int fd, struct buf *out);

/*
 * Read a whole small file into `out`, up to its ceiling: more is a failure.
 * A failure names the path and is EX_NOINPUT; the caller may know better.
 */
bool io_read_file(const char *path, struct buf *out, struct status *st);

/* The directory that an absolute path is in; the caller frees it. */
char *io_parent(const char *path);

#endif
