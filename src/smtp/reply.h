#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "net/stream.h"

/* One line of a reply (RFC 5321, 4.2), pointing into the caller's buffer. */
struct reply_line {
	int         code;   /* 200..559 */
	bool        last;   /* "250 " rather than "250-" */
	const char *text;
};

/* Parse `line`, its CRLF already gone.  False if it is no reply line. */
bool reply_parse_line(const char *line, struct reply_line *out);

/* A whole reply: its lines joined by LF in `text`, codes and blanks gone. */
struct reply {
	int        code;
	struct buf text;
};

/* "Service not available, closing transmission channel": RFC 5321, 3.8, lets it answer anything. */
enum { REPLY_CLOSING = 421 };

void reply_init(struct reply *r);
void reply_release(struct reply *r);

/*
 * Read one; bounded in lines and octets.  A line that is none, or whose code
 * changes within the reply, is EX_PROTOCOL with wait HOST.
 */
bool reply_read(struct reply *r, struct stream *s, deadline until, struct status *st);

/*
 * The length of an enhanced status code (RFC 3463) at the start of a line, behind
 * which a blank stands or nothing; 0 if there is none.  And that with its blank.
 */
size_t reply_enhanced_code(const char *line);
size_t reply_enhanced(const char *line);

/* Where a reply stands in a status's text, as in "host: 550 5.1.1 ..."; NULL if none does. */
const char *reply_find(const char *text);

/* On one line, for the log, an error or a notification: "550 5.1.1 No such user". */
void reply_print(const struct reply *r, struct buf *out);

/* Make a failure of it: 4xx is EX_TEMPFAIL, 5xx is `final`; the server's words in the text, escaped. */
bool reply_fail(const struct reply *r, int final, struct status *st);

#endif
