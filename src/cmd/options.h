#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "mail/envelope.h"

/*
 * The command line of sendmail(8).  Parsing is pure: it opens nothing, and the
 * strings of the result are those of argv.
 *
 * Options cluster ("-ti") and end at "--" or at the first word that is none;
 * every word behind that is a recipient, whatever it looks like.  The table in
 * options.c has a row an option.
 */
enum mode {
	MODE_DELIVER,       /* -bm, -ba, none */
	MODE_SMTP,          /* -bs */
	MODE_MAILQ,         /* -bp */
	MODE_NEWALIASES,    /* -bi, -I */
	MODE_RESOLVE,       /* -bv */
	MODE_VERSION,       /* -bV */
	MODE_RUN_QUEUE,     /* -q, unless a -b asks for another thing */
};

enum delivery_mode { DELIVERY_DEFAULT, DELIVERY_WAIT, DELIVERY_BACKGROUND, DELIVERY_QUEUE };
enum error_mode { ERRORS_PRINT, ERRORS_MAIL, ERRORS_QUIET };
enum body_type { BODY_DEFAULT, BODY_7BIT, BODY_8BITMIME };

struct options {
	enum mode mode;
	bool header_recipients;     /* -t */
	bool dots_are_text;         /* -i */
	bool no_aliases;            /* -n */
	bool smtputf8;              /* -U */
	unsigned verbose;           /* -v: how often it was given */
	unsigned long hops;         /* -h */
	const char *config;         /* -C; NULL without, as all strings here */
	const char *sender;         /* -f, -r as given; "" and "<>" are the null sender */
	const char *full_name;      /* -F */
	const char *envid;          /* -V */
	const char *tag;            /* -L */
	unsigned notify;            /* -N: set of enum dsn_notify */
	enum dsn_return ret;        /* -R */
	enum body_type body;        /* -B */
	enum delivery_mode delivery; /* -od, -O DeliveryMode= */
	enum error_mode errors;     /* -oe, -e, -O ErrorMode= */
	const char *queue_id;       /* -qI */
	const char *queue_recipient;/* -qR */
	const char *queue_sender;   /* -qS */
	const char *const *recipients;    /* operands, each an address or a list of them */
	size_t recipients_len;
};

void options_init(struct options *o);

/*
 * Add what `args` (argc of them, without the program's name) say.  May be
 * called again: a program's other names ("mailq") are options given before the
 * user's own.
 *
 * EX_USAGE names the option that is unknown, refused or lacks its value, and
 * the keyword that is none.  EX_DATAERR is a control character in an address,
 * a name, an id or a tag.
 */
bool options_parse(struct options *o, size_t argc, const char *const *args, struct status *st);

#endif
