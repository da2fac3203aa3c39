#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/status.h"

/*
 * A connected socket with buffers both ways and a deadline on every wait.
 * What carries the bytes is a table of functions, so that whoever needs no TLS
 * does not link it: the plain socket here, TLS in net/tls.
 *
 * All failures are EX_TEMPFAIL with wait HOST: "timed out", "connection closed
 * by the server", "connection reset by the server".  No failure loses what the
 * peer said before it: a refusal sent in the middle of our message and followed
 * by a reset can still be read after stream_write has failed.
 */
struct stream_ops {
	/* Like read(2) and write(2) on a non-blocking descriptor: -1 and EAGAIN
	   when it would wait, with *events set to what poll(2) shall wait for.
	   None of them raises SIGPIPE. */
	ssize_t (*read)(void *carrier, void *p, size_t n, short *events);
	ssize_t (*write)(void *carrier, const void *p, size_t n, short *events);
	const char *(*error)(void *carrier);   /* words for the last failure; NULL: use errno */
	void (*close)(void *carrier);          /* says goodbye if it can without waiting; frees */
};

struct stream {
	int fd;
	const struct stream_ops *ops;
	void *carrier;
	struct buf in, out;        /* both bounded */
	size_t in_at;              /* what of `in` was taken already */
	bool ended;                /* the peer will say no more: ... */
	int  ended_by;             /* ... errno, or 0 if it closed */
};

enum { STREAM_LINE_MAX = 8192 };

void stream_init(struct stream *s, int fd);    /* takes the socket, makes it non-blocking */
void stream_close(struct stream *s);           /* also twice, also after a failure */

/* From now on TLS (or whatever `ops` is) carries the bytes.  Both buffers must be empty. */
void stream_carry(struct stream *s, const struct stream_ops *ops, void *carrier);

/*
 * One line without its line end (CRLF or LF) into `line`, reset before; its
 * ceiling must be STREAM_LINE_MAX or more.  A line longer than that or with a
 * NUL in it is EX_PROTOCOL with wait HOST.
 */
bool stream_read_line(struct stream *s, struct buf *line, deadline until, struct status *st);

/* Exactly n octets. */
bool stream_read(struct stream *s, void *p, size_t n, deadline until, struct status *st);

/*
 * Into the buffer, flushing when it is large.  Whenever that must wait, it
 * takes in what the peer says, so that two pipelining ends never block each other.
 */
bool stream_write(struct stream *s, const void *p, size_t n, deadline until, struct status *st);
bool stream_flush(struct stream *s, deadline until, struct status *st);

/* Octets that were read but not taken: text behind a STARTTLS reply. */
bool stream_has_input(const struct stream *s);
/* Whether the peer has said something (or hung up), without waiting. */
bool stream_can_read(struct stream *s);

/* Wait for poll(2)'s events on the socket, no longer than until the deadline; for carriers. */
bool stream_wait(const struct stream *s, short events, deadline until, struct status *st);

#endif
