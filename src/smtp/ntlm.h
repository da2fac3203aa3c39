#ifndef SMTP_NTLM_H
#define SMTP_NTLM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/status.h"

/*
 * The client's half of NTLM as mail servers ask for it ([MS-NLMP],
 * [MS-SMTPNTLM]): bytes in, bytes out.
 *
 *	-> NEGOTIATE      what we can
 *	<- CHALLENGE      eight random octets, and names of the server's world
 *	-> AUTHENTICATE   the proof that we know the password
 *
 * NTLMv2 with everything that strict servers ask for: a code over all three
 * messages where the server sent its time, the channel binding where there is
 * TLS, the name of the service.  No keys are agreed upon: SMTP has no use for
 * them.
 */
struct ntlm_login {
	/* DOMAIN\user, or user@domain (which goes as it is, with no domain), or a
	   user whose domain is `domain`.  All in UTF-8. */
	const char *user;
	const char *domain;           /* or NULL */
	const char *password;
	size_t password_len;
	const char *workstation;      /* this host's name, for the server's log; or NULL */
	const char *target;           /* the service, "SMTP/mail.example.org"; or NULL */
	const void *end_point;        /* tls-server-end-point data (RFC 5929, 4) */
	size_t end_point_len;         /* 0: no TLS */
	uint8_t nonce[8];             /* random */
	uint64_t now;                 /* in 100 ns since 1601 (FILETIME) */
	bool v1;                      /* the response of NTLMv1, for those who ask for it by name */
};

/* Append the NEGOTIATE message. */
void ntlm_negotiate(const struct ntlm_login *l, struct buf *out);

/*
 * Append the AUTHENTICATE message that answers a CHALLENGE.  `negotiate` is our
 * first message as it was sent.  Fails with wait HOST for a challenge that is
 * none, with EX_CONFIG and wait ACCOUNT for names or a password that cannot be
 * sent.  The caller wipes `out`.
 */
bool ntlm_authenticate(const struct ntlm_login *l, const struct buf *negotiate,
                       const void *challenge, size_t n, struct buf *out, struct status *st);

#endif
