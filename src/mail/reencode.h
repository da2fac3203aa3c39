#ifndef MAIL_REENCODE_H
#define MAIL_REENCODE_H

#include <stdbool.h>
#include <stdint.h>

#include "mail/message.h"

/*
 * What no SMTP server takes as it is, made into what every one does: lines of over 998
 * octets (RFC 5321, 4.5.3.1.6), and octets outside ASCII for a server without 8BITMIME
 * (RFC 6152, 3).  Parts that need it become quoted-printable if they are text and more
 * readable so, else base64; their MIME fields say so, and a message that had none gets them.
 * Parts that are encoded already but in lines that are too long get shorter lines.
 *
 * Nothing inside a signed or encrypted part is touched, nor anything of a message with a
 * DKIM signature: it would not verify any more.  Over-long lines of the header are folded at a
 * blank, where there is one.
 */
enum { WIRE_LINE_MAX = 998 };

enum reencode_why {
	REENCODE_LONG_LINES = 1 << 0,
	REENCODE_8BIT       = 1 << 1,
};

enum reencode_result {
	REENCODE_DONE,           /* `m` is another message now */
	REENCODE_UNNEEDED,
	REENCODE_FORBIDDEN,      /* something needs it that may not be touched; what may be was */
	REENCODE_ERROR,          /* errno; `m` is as it was */
};

/* `why` is a set of enum reencode_why. */
enum reencode_result message_reencode(struct message *m, unsigned why);

/* The same for a message that has to stay: true if `out`, which is the caller's to release, is to take its place. */
bool message_reencoded(const struct message *m, unsigned why, struct message *out);

#endif
