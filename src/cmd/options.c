#include "cmd/options.h"

#include "base/buf.h"
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum value {
	NONE,        /* no value: the cluster goes on behind it */
	VALUE,       /* a value, joined or the next word */
	LETTER,      /* a letter, then a value (-oMr VALUE) */
	JOINED,      /* the rest of the word, which must not be empty */
	OPTIONAL,    /* the rest of the word, if there is one */
};

/* A row of the table. */
struct option {
	const char *name;           /* behind the "-" */
	enum value value;
	bool (*apply)(struct options *o, const struct option *row, const char *value,
	              struct status *st);
	size_t at;                  /* the member that it sets */
	enum mode mode;             /* the one that it asks for */
	const char *reason;         /* why it is refused */
};

/* What the user wrote, fit for an error. */
static bool fail(struct status *st, int sysexit, const char *what, const char *given)
{
	struct buf shown;

	buf_init(&shown, 200);
	str_escape(&shown, given, strlen(given));
	status_fail(st, sysexit, "%s: %s", what, shown.data);
	buf_release(&shown);
	return false;
}

static bool bad_keyword(struct status *st, const struct option *row, const char *value)
{
	struct buf what;

	buf_init(&what, 100);
	buf_printf(&what, "-%s does not take this value", row->name);
	fail(st, EX_USAGE, what.data, value);
	buf_release(&what);
	return false;
}

static bool no_effect(struct options *o, const struct option *row, const char *value,
                      struct status *st)
{
	(void)o, (void)row, (void)value, (void)st;
	return true;
}

static bool refuse(struct options *o, const struct option *row, const char *value,
                   struct status *st)
{
	(void)o, (void)value;
	return status_fail(st, EX_USAGE, "-%s is refused: %s", row->name, row->reason);
}

static bool set_mode(struct options *o, const struct option *row, const char *value,
                     struct status *st)
{
	(void)value, (void)st;
	o->mode = row->mode;
	return true;
}

static bool set_flag(struct options *o, const struct option *row, const char *value,
                     struct status *st)
{
	(void)value, (void)st;
	*(bool *)((char *)o + row->at) = true;
	return true;
}

static bool set_path(struct options *o, const struct option *row, const char *value,
                     struct status *st)
{
	(void)st;
	*(const char **)((char *)o + row->at) = value;
	return true;
}

/* What goes into a header or onto the wire. */
static bool set_text(struct options *o, const struct option *row, const char *value,
                     struct status *st)
{
	if (str_has_control(value, strlen(value)))
		return fail(st, EX_DATAERR, "a control character in the value of an option",
		            value);
	return set_path(o, row, value, st);
}

static bool set_envid(struct options *o, const struct option *row, const char *value,
                      struct status *st)
{
	if (!request_is_envid(value))
		return fail(st, EX_DATAERR,
		            "an envelope id has at most 100 characters, all of ASCII", value);
	return set_text(o, row, value, st);
}

static bool count_verbose(struct options *o, const struct option *row, const char *value,
                          struct status *st)
{
	(void)row, (void)value, (void)st;
	o->verbose++;
	return true;
}

static bool set_hops(struct options *o, const struct option *row, const char *value,
                     struct status *st)
{
	if (*value == '\0' || value[strspn(value, "0123456789")] != '\0')
		return bad_keyword(st, row, value);
	errno = 0;
	o->request.hops = strtoul(value, NULL, 10);
	return errno == 0 || bad_keyword(st, row, value);
}

static bool set_notify(struct options *o, const struct option *row, const char *value,
                       struct status *st)
{
	return request_notify(value, &o->request.notify) || bad_keyword(st, row, value);
}

static bool set_return(struct options *o, const struct option *row, const char *value,
                       struct status *st)
{
	return request_return(value, &o->request.ret) || bad_keyword(st, row, value);
}

static bool set_body(struct options *o, const struct option *row, const char *value,
                     struct status *st)
{
	return request_body(value, &o->request.body) || bad_keyword(st, row, value);
}

static bool set_delivery(struct options *o, const struct option *row, const char *value,
                         struct status *st)
{
	return request_delivery(value, &o->request.delivery) || bad_keyword(st, row, value);
}

static bool set_errors(struct options *o, const struct option *row, const char *value,
                       struct status *st)
{
	return request_errors(value, &o->request.errors) || bad_keyword(st, row, value);
}

/* -q, -q30m, -qf: the whole queue; -qIid, -qRrecipient, -qSsender: a part of it. */
static bool set_queue(struct options *o, const struct option *row, const char *value,
                      struct status *st)
{
	const char *text = *value == '\0' ? value : value + 1;

	if (*text != '\0' && *value == 'I')
		o->queue_id = text;
	else if (*text != '\0' && *value == 'R')
		o->queue_recipient = text;
	else if (*text != '\0' && *value == 'S')
		o->queue_sender = text;
	else if (*value != '\0' && strchr("0123456789f", *value) == NULL)
		return bad_keyword(st, row, value);
	if (o->mode == MODE_DELIVER)
		o->mode = MODE_RUN_QUEUE;
	return true;
}

/* sendmail's long options; those that are not here have no effect. */
static bool set_long(struct options *o, const struct option *row, const char *value,
                     struct status *st)
{
	const char *text = value + strcspn(value, "=") + 1;

	if (str_istarts(value, "DeliveryMode="))
		return set_delivery(o, row, text, st) || bad_keyword(st, row, value);
	if (str_istarts(value, "ErrorMode="))
		return set_errors(o, row, text, st) || bad_keyword(st, row, value);
	return true;
}

#define AT(member) .at = offsetof(struct options, member)

static const char no_daemon[] = "the daemon is `mailchute serve`";
static const char no_host_status[] = "no status of hosts is kept";

/*
 * The first row whose name the word starts with is meant, so a longer name
 * stands before a shorter one.
 */
static const struct option table[] = {
	{ "t",  NONE,     .apply = set_flag,     AT(request.header_recipients) },
	{ "i",  NONE,     .apply = set_flag,     AT(dots_are_text) },
	{ "oi", OPTIONAL, .apply = set_flag,     AT(dots_are_text) },
	{ "f",  VALUE,    .apply = set_text,     AT(request.sender) },
	{ "r",  VALUE,    .apply = set_text,     AT(request.sender) },
	{ "F",  VALUE,    .apply = set_text,     AT(request.full_name) },
	{ "C",  VALUE,    .apply = set_path,     AT(config) },
	{ "N",  VALUE,    .apply = set_notify },
	{ "R",  VALUE,    .apply = set_return },
	{ "V",  VALUE,    .apply = set_envid,    AT(request.envid) },
	{ "B",  VALUE,    .apply = set_body },
	{ "n",  NONE,     .apply = set_flag,     AT(request.no_aliases) },
	{ "h",  VALUE,    .apply = set_hops },
	{ "L",  VALUE,    .apply = set_text,     AT(request.tag) },
	{ "U",  NONE,     .apply = set_flag,     AT(request.smtputf8) },
	{ "od", JOINED,   .apply = set_delivery },
	{ "oe", JOINED,   .apply = set_errors },
	{ "e",  JOINED,   .apply = set_errors },
	{ "O",  VALUE,    .apply = set_long },
	{ "v",  NONE,     .apply = count_verbose },
	{ "q",  OPTIONAL, .apply = set_queue },
	{ "bm", NONE,     .apply = set_mode,     .mode = MODE_DELIVER },
	{ "ba", NONE,     .apply = set_mode,     .mode = MODE_DELIVER },
	{ "bs", NONE,     .apply = set_mode,     .mode = MODE_SMTP },
	{ "bp", NONE,     .apply = set_mode,     .mode = MODE_MAILQ },
	{ "bi", NONE,     .apply = set_mode,     .mode = MODE_NEWALIASES },
	{ "I",  NONE,     .apply = set_mode,     .mode = MODE_NEWALIASES },
	{ "bv", NONE,     .apply = set_mode,     .mode = MODE_RESOLVE },
	{ "bV", NONE,     .apply = set_mode,     .mode = MODE_VERSION },
	{ "bd", NONE,     .apply = refuse,       .reason = no_daemon },
	{ "bD", NONE,     .apply = refuse,       .reason = no_daemon },
	{ "bh", NONE,     .apply = refuse,       .reason = no_host_status },
	{ "bH", NONE,     .apply = refuse,       .reason = no_host_status },
	{ "bt", NONE,     .apply = refuse,       .reason = "`sendmail -bv ADDRESS` shows how one resolves" },

	/* Of old, for other mailers: no effect, and nothing is ever opened. */
	{ "A",  OPTIONAL, .apply = no_effect },
	{ "G",  NONE,     .apply = no_effect },
	{ "m",  NONE,     .apply = no_effect },
	{ "s",  NONE,     .apply = no_effect },
	{ "c",  NONE,     .apply = no_effect },
	{ "x",  NONE,     .apply = no_effect },
	{ "Q",  OPTIONAL, .apply = no_effect },
	{ "d",  OPTIONAL, .apply = no_effect },
	{ "X",  VALUE,    .apply = no_effect },
	{ "p",  VALUE,    .apply = no_effect },
	{ "M",  VALUE,    .apply = no_effect },
	{ "oM", LETTER,   .apply = no_effect },
	{ "oQ", VALUE,    .apply = no_effect },
	{ "oT", VALUE,    .apply = no_effect },
	{ "oA", VALUE,    .apply = no_effect },
	{ "T",  JOINED,   .apply = no_effect },
	{ "o",  JOINED,   .apply = no_effect },
};

static const struct option *find(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (str_starts(word, table[i].name))
			return &table[i];
	return NULL;
}

/* The words that are still to be read. */
struct args {
	const char *const *at, *const *end;
};

/* The value of an option: from the rest of its word, else the next one. */
static const char *take_value(const struct option *row, const char *rest, struct args *args)
{
	if (row->value == LETTER && *rest != '\0')
		rest++;
	if (*rest != '\0' || row->value == OPTIONAL)
		return rest;
	return row->value != JOINED && args->at < args->end ? *args->at++ : NULL;
}

/* One word of options, its "-" gone. */
static bool parse_cluster(struct options *o, const char *word, struct args *args,
                          struct status *st)
{
	while (*word != '\0') {
		const struct option *row = find(word);
		const char *value = NULL;

		if (row == NULL)
			return fail(st, EX_USAGE, "unknown option", word);
		word += strlen(row->name);
		if (row->value != NONE) {
			value = take_value(row, word, args);
			word = "";
			if (value == NULL)
				return status_fail(st, EX_USAGE, "-%s needs a value%s", row->name,
				                   row->value == JOINED ? " joined to it" : "");
		}
		if (!row->apply(o, row, value, st))
			return false;
	}
	return true;
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1] != '\0';
}

static bool check_recipients(const struct options *o, struct status *st)
{
	for (size_t i = 0; i < o->request.recipients_len; i++) {
		const char *r = o->request.recipients[i];

		if (str_has_control(r, strlen(r)))
			return fail(st, EX_DATAERR, "a control character in a recipient", r);
	}
	return true;
}

void options_init(struct options *o)
{
	*o = (struct options){ .mode = MODE_DELIVER };
}

bool options_parse(struct options *o, size_t argc, const char *const *argv, struct status *st)
{
	struct args args = { .at = argv, .end = argv + argc };

	while (args.at < args.end && is_option(*args.at)) {
		const char *word = *args.at++;

		if (strcmp(word, "--") == 0)
			break;
		if (!parse_cluster(o, word + 1, &args, st))
			return false;
	}
	o->request.recipients = args.at;
	o->request.recipients_len = (size_t)(args.end - args.at);
	return check_recipients(o, st);
}

bool options_info(size_t i, struct option_info *out)
{
	if (i >= COUNT_OF(table))
		return false;
	*out = (struct option_info){
		.name = table[i].name,
		.takes_value = table[i].value == VALUE,
		.refused = table[i].apply == refuse,
	};
	return true;
}
