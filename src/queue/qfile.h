#ifndef QUEUE_QFILE_H
#define QUEUE_QFILE_H

#include "base/buf.h"
#include "queue/queue.h"

/*
 * The format of a queue file, mailchute-queue(5).  Pure: text to struct and back.
 *
 *	mailchute-queue 1               the first QFILE_FRONT octets are rewritten
 *	attempt next=... tries=...      in place, in one write: a disk's sector
 *	last ...                        does not tear
 *	id ...                          from here on nothing changes
 *	arrived ...
 *	sender alice@example.org
 *	to W bob@example.org            but this one octet: W waiting, S sent, F failed;
 *	                                s, f: likewise, and a notification of it is owed
 *	as Bob <bob@example.org>        what the caller wrote, if that is something else
 *
 *	(the message in wire form, `size` octets)
 */
enum { QFILE_FRONT = 512, QFILE_HEAD_MAX = 64 * 1024 * 1024 };

/* The first QFILE_FRONT octets. */
void qfile_front(struct buf *out, const struct queue_entry *e);

/* Everything before the message. */
void qfile_head(struct buf *out, const struct queue_entry *e, uint64_t size);

/*
 * Read that: what stands before the message, its blank line included, to be
 * `*size` octets long.  False with words if it is no queue file; `out` was
 * initialised by queue_entry_init and is released by the caller either way.
 */
bool qfile_parse(struct queue_entry *out, const char *text, size_t n, uint64_t *size, const char **why);

char qfile_state(const struct recipient *r);

#endif
