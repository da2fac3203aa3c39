#ifndef SERVE_RECEIVE_H
#define SERVE_RECEIVE_H

#include <stdbool.h>

#include "serve/accept.h"
#include "serve/errand.h"
#include "serve/listen.h"
#include "serve/loop.h"
#include "serve/trial.h"
#include "smtp/smtpd.h"

/*
 * The callers: each has a connection and an smtpd, and none waits for another.
 * What has become whole in one turn of the loop is accepted together.
 *
 * There may be so many at once as there are descriptors for, `clients` at
 * the most, half of that for one user.  A newcomer beyond it takes the
 * place of whoever has been silent for longest, if that is a second.
 *
 * What they all sent takes no more memory than `held`: nobody is read from at
 * that limit, and whoever holds most is told to come again.  (Large bodies are in
 * files.)
 *
 * Nothing in the loop waits for the network.  What it does beside: users and
 * groups are looked up as nsswitch.conf(5) says, which for a directory is to
 * have a cache before it (sssd, nscd); files of aliases are read, regular ones up
 * to their limits (route/alias_file.h), on disks that answer.
 */
struct receiver_limits {
	size_t clients, held;
	int64_t idle_ms;                /* without a transaction: `sendmail -bs` may be silent for an hour */
	int64_t idle_tcp_ms;            /* RFC 5321, 4.5.3.2.7 */
	int64_t in_hand_ms;             /* within one */
	int64_t crowded_ms;             /* where half of the places are taken */
};
extern const struct receiver_limits receiver_usual;

struct receiver {
	struct acceptor acceptor;
	struct receiver_limits limits;
	struct smtpd_options smtp;      /* of the Unix socket; TCP is the same less `private` */
	errand_function *run;           /* XRUN's commands, and -C's file for them */
	const char *file;
	void (*forget)(void *arg);      /* in a child: close what is the daemon's */
	void *arg;

	struct client *first;
	size_t len, most;               /* clients */
	size_t held;                    /* octets, in memory, by all of them */
	struct trials trials;
	struct listeners *listeners;
	deadline again;                 /* nobody is let in before */
	bool ending;
	bool pending;                   /* there is work without any more octets */
};

/* The rest is filled in by the caller.  False: errno. */
bool receiver_init(struct receiver *r);

void receiver_watch(struct receiver *r, struct loop *l);
/* After loop_turn(): accept what is whole, answer, let go who is gone. */
void receiver_turn(struct receiver *r);

/* Nobody comes in any more, and who has no message in hand is told to come again. */
void receiver_end(struct receiver *r);
bool receiver_is_empty(const struct receiver *r);
/* Nobody waits any longer for a first attempt. */
void receiver_hurry(struct receiver *r);

/* In a child: close all connections. */
void receiver_forget(struct receiver *r);
void receiver_release(struct receiver *r);

#endif
