#ifndef PEER_TALK_H
#define PEER_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/strv.h"
#include "behaviour.h"
#include "record.h"
#include "wire.h"

/* The peer over all its connections. */
struct peer {
	const struct behaviour *behaviour;
	const char *certs;                   /* directory, see certs.h */
	struct record record;
	size_t times[STAGE_COUNT];           /* how often each stage was reached */
};

/* One connection. */
struct talk {
	struct peer *peer;
	const struct behaviour *b;           /* the peer's */
	struct record *record;               /* the peer's */
	struct wire wire;
	struct buf line;                     /* the client's last line, without its end */
	bool over;                           /* the connection is gone */

	struct strv offered;                 /* keywords of the last reply to EHLO */
	bool client_verified;                /* by a certificate */
	bool logged_in;

	bool has_mail;
	size_t recipients;                   /* accepted ones of this transaction */
	FILE *message;                       /* while it comes in by BDAT */
};

/* Read the client's next line and note what is wrong with it; false when it has left. */
bool talk_read(struct talk *t);

/* A reply, its lines parted by LF. */
void talk_say(struct talk *t, const char *text);

/* At a stage: what the behaviour says, else the usual reply (NULL: just go on).  Whether the stage succeeds. */
bool talk_answer(struct talk *t, enum stage stage, const char *usual);

/* For stages whose number counts octets: how many; SIZE_MAX if nothing is to happen. */
size_t talk_limit(const struct talk *t, enum stage stage);
/* Then: do it. */
void talk_act(struct talk *t, enum stage stage);

void talk_close(struct talk *t);
/* Forget the transaction. */
void talk_reset(struct talk *t);

/* Play the SOCKS5 proxy that leads to us. */
bool talk_pass_proxy(struct talk *t);

/* The server's side of the TLS handshake, or what the behaviour does in its place. */
bool talk_start_tls(struct talk *t);

/* After DATA: the message to its lone dot, then the answer. */
void talk_take_data(struct talk *t);
/* After BDAT: a chunk, then the answer. */
void talk_take_chunk(struct talk *t, size_t octets, bool last);

#endif
