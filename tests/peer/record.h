#ifndef PEER_RECORD_H
#define PEER_RECORD_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/*
 * What the peer saw, in a directory: `transcript`, and each message that it
 * took as `message.N` (the octets after undoing dot-stuffing or BDAT).  The
 * transcript's lines begin with
 *
 *   C: a line from the client     S: a line to it
 *   *  a note                     !  the client broke the protocol
 */
struct record {
	const char *dir;
	FILE *transcript;
	unsigned messages;
};

int record_open(struct record *r, const char *dir);     /* 0, or -1 and errno */
void record_close(struct record *r);

/* A line's octets, its line end gone; control characters are escaped. */
void record_line(struct record *r, const char *prefix, const char *p, size_t n);
/* Each line of a text. */
void record_lines(struct record *r, const char *prefix, const char *p, size_t n);
void record_note(struct record *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void record_violation(struct record *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The file for the next message, to be given back by keeping it or throwing it away. */
FILE *record_message(struct record *r);
void record_keep(struct record *r, FILE *message);
void record_drop(struct record *r, FILE *message);

#endif
