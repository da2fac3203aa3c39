#ifndef PEER_NTLM_SERVER_H
#define PEER_NTLM_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * The server's half of NTLM, as strict as Exchange can be told to be.  It is
 * written from [MS-NLMP] on its own and shares nothing with src/smtp/ntlm, so
 * that the two can prove each other.
 *
 * As it comes it sends its names and its time, wants NTLMv2, checks the LMv2
 * response where one is due, insists on the message integrity code, and
 * compares channel bindings if there are any ("Allow").  Words make it another:
 *
 *	no-info         no names and no time, as Cyrus SASL and Exim
 *	no-time         names without a time: no integrity code, LMv2 instead
 *	oem             does not know Unicode
 *	no-mic          takes a message without an integrity code
 *	need-bindings   "Require"
 *	ignore-bindings "None"
 *	v1              takes NTLMv1, too, without extended session security
 *	v1-extended     ... with it
 */
enum ntlm_server_rule {
	NTLM_SERVER_NO_INFO = 1 << 0,
	NTLM_SERVER_NO_TIME = 1 << 1,
	NTLM_SERVER_OEM = 1 << 2,
	NTLM_SERVER_NO_MIC = 1 << 3,
	NTLM_SERVER_NEED_BINDINGS = 1 << 4,
	NTLM_SERVER_IGNORE_BINDINGS = 1 << 5,
	NTLM_SERVER_V1 = 1 << 6,
	NTLM_SERVER_V1_EXTENDED = 1 << 7,
};

/* The rule of a word; 0 if it is none. */
unsigned ntlm_server_rule(const char *word);

struct ntlm_server {
	unsigned rules;
	/* The one who may log in, in UTF-8: "DOMAIN\user"; or a name without a
	   domain, which may come with any. */
	const char *user, *password;
	const void *end_point;          /* tls-server-end-point data of our certificate */
	size_t end_point_len;           /* 0: no TLS */
	uint8_t challenge[8];
	uint64_t now;                   /* FILETIME */

	/* The messages so far. */
	struct buf negotiated, challenged;
	const char *why;                /* the last refusal, in words */
	/* What the client sent, for tests and the record. */
	int version;                    /* 1 or 2 */
	bool mic, bindings, lm;         /* lm: an LM or LMv2 response other than zeros */
	struct buf target, workstation; /* UTF-8 */
};

void ntlm_server_init(struct ntlm_server *s);
void ntlm_server_release(struct ntlm_server *s);

/* The CHALLENGE that answers a NEGOTIATE message.  False if that is none. */
bool ntlm_server_challenge(struct ntlm_server *s, const void *negotiate, size_t n, struct buf *out);

/* Whether an AUTHENTICATE message proves who it is; `why` says what is wrong with it. */
bool ntlm_server_verify(struct ntlm_server *s, const void *authenticate, size_t n);

#endif
