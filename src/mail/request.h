#ifndef MAIL_REQUEST_H
#define MAIL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "mail/envelope.h"

/*
 * What a caller asks for beside the message itself: sendmail's options and
 * operands, or the envelope of an SMTP transaction.  All strings are borrowed.
 */
enum delivery_mode { DELIVERY_DEFAULT, DELIVERY_WAIT, DELIVERY_BACKGROUND, DELIVERY_QUEUE };
enum error_mode { ERRORS_PRINT, ERRORS_MAIL, ERRORS_QUIET };
enum body_type { BODY_DEFAULT, BODY_7BIT, BODY_8BITMIME };

/* What an SMTP client says of one recipient (RFC 3461, 4.1 and 4.2). */
struct request_dsn {
	unsigned notify;            /* 0: what is said for all */
	const char *orcpt;          /* "rfc822;ann@example.org", in xtext; NULL: not said */
};

struct request {
	const char *sender;         /* -f as given, maybe a bare name; "" and "<>" are the null
	                               sender; NULL: none was named */
	const char *const *recipients;   /* operands, each an address or a list of them */
	size_t recipients_len;
	const struct request_dsn *recipients_dsn; /* NULL, or one for each of them, which is then one address */
	bool header_recipients;     /* -t: those of the header, too */
	bool no_aliases;            /* -n */
	bool smtputf8;              /* -U */
	unsigned long hops;         /* -h: made before this message came to us */
	unsigned long nuls, lone_crs; /* changed in it before it came to us, as struct message counts them */
	const char *full_name;      /* -F */
	const char *envid;          /* -V */
	const char *tag;            /* -L */
	unsigned notify;            /* -N: set of enum dsn_notify; 0: not asked */
	enum dsn_return ret;        /* -R */
	enum body_type body;        /* -B */
	enum delivery_mode delivery; /* -od */
	enum error_mode errors;     /* -oe */
};

/* Who calls. */
#define CALLER_UNKNOWN ((uid_t)-1)  /* what no user has: setuid(2) takes it for "leave it" */
struct caller {
	uid_t uid;                  /* the real one, as the kernel says */
	bool  tcp;                  /* by TCP: nobody knows who, and `uid` is CALLER_UNKNOWN */
};

/*
 * The keywords, in any case: NOTIFY and RET of RFC 3461 ("success,delay",
 * "hdrs"), BODY of RFC 6152.  False, and nothing set, for any other.
 */
bool request_notify(const char *value, unsigned *out);
bool request_return(const char *value, enum dsn_return *out);
bool request_body(const char *value, enum body_type *out);

/* RFC 3461, 4.4: at most 100 characters, all of ASCII; that they are printable is seen elsewhere. */
bool request_is_envid(const char *value);

/* sendmail's modes: the first letter counts ("b" and "background"). */
bool request_delivery(const char *value, enum delivery_mode *out);
bool request_errors(const char *value, enum error_mode *out);

#endif
