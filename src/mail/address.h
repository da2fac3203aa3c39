#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * Addresses as RFC 5322, 3.4 and 4.4 write them, with RFC 6532's UTF-8:
 * comments nested to ADDRESS_DEPTH, groups, quoted strings, obsolete routes
 * (skipped), folding, domain literals; and what callers really pass: bare
 * names, stray commas, `X <<a@b>>`.
 *
 * Parsing is pure and never fails as a whole: an address that cannot be
 * understood is an entry with `error` set, and the parser goes on behind the
 * next comma outside quotes and comments.
 */
enum { ADDRESS_DEPTH = 50 };

struct address {
	char *local;        /* local part, unquoted, NFC not applied; NULL with `error` */
	char *domain;       /* as written, comments and folding gone, "[...]" for a literal;
	                       NULL for a bare name */
	char *name;         /* display name, unquoted, words joined by one blank; NULL if none */
	char *raw;          /* the entry as it stood, unfolded, for messages to the user */
	size_t start, end;  /* where the addr-spec stands in the text: [start, end) */
	const char *error;  /* what is wrong, static text; NULL if it is an address */
	size_t error_at;    /* offset into the text parsed */
};

struct address_list {
	struct address *v;
	size_t len, cap;
};

void address_list_init(struct address_list *l);
void address_list_release(struct address_list *l);

/* Append every address of `text`, n bytes.  Groups give their members. */
void address_parse_list(struct address_list *l, const char *text, size_t n);

/*
 * Exactly one address; `Name <a@b>` will do.  `<>` and an empty text give
 * local "" and no domain (the null sender).  False with `out->error` set if it
 * is anything else.  Release `out` either way.
 */
bool address_parse(struct address *out, const char *text);
void address_release(struct address *a);

/*
 * The address as SMTP writes it between < and > (RFC 5321, 4.1.2): the local
 * part quoted where it must be, the null sender as nothing.
 */
void address_format(struct buf *out, const char *local, const char *domain);
char *address_string(const struct address *a);      /* the caller frees the result */

/* Same mailbox: domains without regard to case, local parts with. */
bool address_equal(const char *a, const char *b);

/* A display name as a header writes it: atoms, a quoted string, or RFC 2047 words in UTF-8. */
void address_format_name(struct buf *out, const char *name);

#endif
