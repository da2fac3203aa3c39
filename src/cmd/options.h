#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "mail/request.h"

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

struct options {
	enum mode mode;
	bool dots_are_text;         /* -i */
	unsigned verbose;           /* -v: how often it was given */
	const char *config;         /* -C; NULL without, as all strings here */
	const char *queue_id;       /* -qI */
	const char *queue_recipient;/* -qR */
	const char *queue_sender;   /* -qS */
	struct request request;     /* what concerns the message */
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

/* A row of the table, for what is made from it; false behind the last. */
struct option_info {
	const char *name;           /* behind the "-" */
	bool takes_value;           /* as a word of its own */
	bool refused;
};
bool options_info(size_t i, struct option_info *out);

#endif
