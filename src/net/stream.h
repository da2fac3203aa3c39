#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/status.h"

/*
 * A connection with buffers both ways and a deadline on every wait.  What
 * carries the bytes is a table of functions, so that whoever needs no TLS does
 * not link it: a plain socket here, TLS in net/tls.
 *
 * All failures are EX_TEMPFAIL with wait HOST: "timed out", "connection closed
 * by the server", "connection reset".
 */
struct stream_ops {
	/* Like read(2) and write(2) on a non-blocking descriptor: -1 and EAGAIN
	   when it would wait, with *events set to what poll(2) shall wait for. */
	ssize_t (*read)(void *carrier, void *p, size_t n, short *events);
	ssize_t (*write)(void *carrier, const void *p, size_t n, short *events);
	const char *(*error)(void *carrier);   /* words for the last failure; NULL: use errno */
	bool (*pending)(void *carrier);        /* bytes that poll(2) cannot see */
	void (*close)(void *carrier);          /* says goodbye if it can without waiting; frees */
};

struct stream {
	int fd;
	const struct stream_ops *ops;
	void *carrier;
	struct buf in, out;
	size_t in_at;              /* what of `in` was taken already */
};

enum { STREAM_LINE_MAX = 8192 };

void stream_init(struct stream *s, int fd);    /* takes fd, makes it non-blocking */
void stream_close(struct stream *s);           /* also twice, also after a failure */

/* From now on TLS (or whatever `ops` is) carries the bytes.  The input buffer must be empty. */
void stream_carry(struct stream *s, const struct stream_ops *ops, void *carrier);

/*
 * One line without its line end (CRLF or LF) into `line`, reset before.  A line
 * longer than STREAM_LINE_MAX or with a NUL in it is EX_PROTOCOL with wait HOST.
 */
bool stream_read_line(struct stream *s, struct buf *line, deadline until, struct status *st);

/* Into the buffer, flushing when it is large.  Reads what the peer says meanwhile, so two pipelining ends never block each other. */
bool stream_write(struct stream *s, const void *p, size_t n, deadline until, struct status *st);
bool stream_flush(struct stream *s, deadline until, struct status *st);

/* Bytes that were read but not taken: text behind a STARTTLS reply. */
bool stream_has_input(const struct stream *s);
/* Whether the peer has said something (or hung up), without waiting. */
bool stream_can_read(struct stream *s);

#endif
