#ifndef IMPORT_IMPORT_H
#define IMPORT_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/strv.h"
#include "import/entry.h"
#include "import/plan.h"

/*
 * Other programs' configuration, made into ours.
 *
 * Each format is a file of its own: a grammar (text to entries), a table of all
 * keys that its manual has, and what must be seen together (server and port,
 * TLS, login).  What has no row in the table is noted by name, so nothing is
 * dropped in silence.
 *
 * Nothing here opens a file: those that a configuration names are asked for
 * through `files`.  None is read beyond IMPORT_FILE_MAX octets.
 */
enum { IMPORT_FILE_MAX = 1 << 20 };

struct import_files {
	/* The whole of a file into `out`.  False if it cannot be had. */
	bool (*read)(void *arg, const char *path, struct buf *out);
	void *arg;
};

struct import {
	const struct import_format *format;
	const struct import_files *files;
	struct plan plan;
	struct plan_part *to;          /* the account that is being made */
	struct entries entries;        /* of all files */
	struct strv paths;             /* their names; the first is the configuration's own */
};

/* A row of a format's table.  Neither `to` nor `why` nor `take`: it is looked at elsewhere. */
struct import_key {
	const char *name;              /* "smtpd_*" is all that begin so */
	const char *to;                /* mailchute's key for the same value */
	const char *why;               /* why it stays behind */
	void (*take)(struct import *im, const struct import_key *row, const char *value);
	bool unwritten;                /* the file has the value alone, so the key tells nothing of its format */
};

struct import_format {
	const char *name;              /* "msmtp" */
	const char *const *files;      /* names of its file, NULL-ended */
	const char *const *beside;     /* names of files that belong to the first of those; NULL: none */
	const char *const *places;     /* where they are on a machine; `~/` is the home */
	bool any_case;                 /* of keys */
	const struct import_key *keys;
	size_t n;
	/* Text to entries, into im->entries. */
	void (*parse)(struct import *im, const char *path, const char *text, size_t len);
	/* Entries to plan.  NULL: one account, all keys by the table, then `settle`. */
	void (*carry)(struct import *im);
	/* What must be seen together in im->to and the entries of a section. */
	void (*settle)(struct import *im, const char *section);
};

extern const struct import_format import_msmtp, import_ssmtp, import_nullmailer, import_dma,
	import_esmtp, import_postfix, import_git;

/* All of them, in the order in which a machine is searched. */
const struct import_format *const *import_formats(size_t *n);

/* The format of a file, by its name, else by the keys it holds; NULL if neither tells. */
const struct import_format *import_recognise(const char *path, const char *text, size_t len);

/* The file to read instead of one that only belongs to it ("auth.conf": dma.conf); NULL: none.  The caller frees it. */
char *import_main_file(const char *path);

/*
 * Read a configuration, and what it names.  False if it names no server to send
 * mail to; the notes in im->plan say more.
 */
void import_init(struct import *im, const struct import_format *format, const struct import_files *files);
void import_release(struct import *im);
bool import_read(struct import *im, const char *path, const char *text, size_t len);

/* --- for the formats --- */

/* Carry one value as its row says. */
void import_take(struct import *im, const struct import_key *row, const char *value);

/* Carry all entries of a section by the table. */
void import_carry(struct import *im, const char *section);

/* The last value of a key in a section; NULL: not said. */
const char *import_get(const struct import *im, const char *section, const char *key);
bool import_yes(const struct import *im, const char *section, const char *key);

/* `key value` where it belongs: global, or in the account that is being made. */
void import_set(struct import *im, const char *key, const char *value);

/* `key value` for a value whose items are parted by commas or the like. */
void import_set_list(struct import *im, const char *key, const char *value);

/* A server as "HOST", "HOST:PORT" or "[HOST]:PORT", and the port where it names none. */
void import_server(struct import *im, const char *server, unsigned short port);

/* By number or name of a service; 0 if it is neither. */
unsigned short import_port(const char *text);

enum import_tls { IMPORT_PLAIN, IMPORT_STARTTLS, IMPORT_AT_ONCE };
void import_tls(struct import *im, enum import_tls tls);

/* Note that the program took any certificate. */
void import_unverified(struct import *im);

/* Every message goes out as ADDRESS or PATTERN (%U is the login), whatever -f says. */
void import_forced_sender(struct import *im, const char *address);

/* The first line of a file, in `out`.  False, with a note, if it cannot be read. */
bool import_first_line(struct import *im, const char *path, struct buf *out);

/* The name of a file beside the configuration's own; the caller frees it. */
char *import_beside(const struct import *im, const char *name);

/* A copy of a path that lives as long as the import. */
const char *import_path(struct import *im, const char *path);

#endif
