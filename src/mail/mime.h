#ifndef MAIL_MIME_H
#define MAIL_MIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/message.h"

/*
 * Where the parts of a message stand (RFC 2045, RFC 2046), for whoever has to
 * encode one anew.  The message is read once, in pieces, and nothing of it is kept
 * but a few numbers a part.
 */
enum mime_encoding { MIME_PLAIN, MIME_QUOTED_PRINTABLE, MIME_BASE64, MIME_OTHER };

struct mime_part {
	/* Offsets into the message's body.  The part that is the message itself has its header in
	   message.header: `header` and `body` are 0 then, and `is_top` is true. */
	uint64_t header, body, end;
	bool is_top;
	bool is_message;           /* a header of a message: MIME-Version belongs there */
	bool is_text;              /* text/... */
	bool is_container;         /* multipart/...: other parts stand in it, and `end` is not known */
	bool is_sealed;            /* signed, encrypted, or nothing that we understand: hands off */
	bool has_type;             /* a Content-Type field */
	enum mime_encoding encoding;

	/* What is in it, not counting what stands in other parts. */
	uint64_t longest_line;
	uint64_t octets, escaped;  /* and how many of them quoted-printable would escape */
	bool     has_8bit, is_utf8;
};

struct mime {
	struct mime_part *v;       /* in the order of the message; the first is the message itself */
	size_t len, cap;
};

enum { MIME_PARTS_MAX = 10000, MIME_DEPTH_MAX = 50 };

/* False if the message cannot be read (errno), or has more parts than that (errno 0). */
bool mime_scan(struct mime *out, const struct message *m);
void mime_release(struct mime *m);

/*
 * The media type in the body of a Content-Type field, unfolded, into `type` ("text/plain",
 * lower case; "" if there is none); and a parameter of it, if `name` is not NULL, into `value`.
 * RFC 2045, 5.1: comments are passed over, quoted strings unquoted.  False without the parameter.
 */
bool mime_type(const char *body, struct buf *type, const char *name, struct buf *value);

#endif
