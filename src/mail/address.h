#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * Addresses as RFC 5322, 3.4 and 4.4 write them, with RFC 6532's UTF-8:
 * comments nested to ADDRESS_DEPTH, groups, quoted strings, obsolete routes
 * (skipped), folding, domain literals; and what callers really pass: bare
 * names, stray commas, a semicolon for a comma, `X <<a@b>>`, `a@b <a@b>`, dots
 * anywhere in a local part, one at the end of a domain, RFC 821's `a\ b@c`.
 *
 * Parsing is pure, takes time in proportion to the text and never fails as a
 * whole: an address that cannot be understood is an entry with `error` set, and
 * the parser goes on behind the next comma outside quotes and comments.
 *
 * Control characters and octets that are no UTF-8 are errors in an address.  In
 * display names and comments, which no server acts on, they are let pass.
 */
enum { ADDRESS_DEPTH = 50 };

struct address {
	char *local;        /* local part, unquoted, NFC not applied; NULL with `error` */
	char *domain;       /* as written, comments and folding gone, "[...]" for a literal;
	                       NULL for a bare name */
	char *name;         /* display name, unquoted, words joined by one blank; NULL if none */
	char *raw;          /* the entry as it stood, unfolded, control characters as `?` */
	size_t start, end;  /* where the addr-spec stands in the text: [start, end);
	                       with `error`, the entry */
	const char *error;  /* what is wrong, static text; NULL if it is an address */
	size_t error_at;    /* offset into the text parsed */
	size_t error_column; /* the same in characters of `raw`, from 1 */
};

/* A few letters make an address of a hundred octets and more, so lists have an end. */
enum { ADDRESSES_MAX = 100 * 1000 };

struct address_list {
	struct address *v;
	size_t len, cap;
	bool overflow;      /* there were more than ADDRESSES_MAX: they are not here */
};

void address_list_init(struct address_list *l);
void address_list_release(struct address_list *l);

/* Append every address of `text`, n bytes.  Groups give their members, `<>` is local "". */
void address_parse_list(struct address_list *l, const char *text, size_t n);

/*
 * Exactly one address; `Name <a@b>` will do.  `<>` and an empty text give
 * local "" and no domain (the null sender).  False with `out->error` set if it
 * is anything else.  Release `out` either way.
 */
bool address_parse(struct address *out, const char *text);
void address_release(struct address *a);

/* Nobody: `<>`. */
bool address_is_null(const struct address *a);

/* Whether the error is a control character: it may smuggle something in. */
bool address_has_control(const struct address *a);

/*
 * The error for a person, printable, on one line, of a long entry only the
 * part around it: "a@@b: at column 3: a domain expected".
 */
void address_explain(struct buf *out, const struct address *a);

/*
 * The address as SMTP writes it between < and > (RFC 5321, 4.1.2): the local
 * part quoted where it must be, the null sender as nothing.
 */
void address_format(struct buf *out, const char *local, const char *domain);
char *address_string(const struct address *a);      /* the caller frees the result */

/*
 * Order of mailboxes in wire form, domains without regard to ASCII case, local
 * parts with.  Equal means the same mailbox.
 */
int address_compare(const char *a, const char *b);

/*
 * A display name as a header writes it: atoms, a quoted string, or RFC 2047
 * words in UTF-8, a folded line each.  Control characters become blanks.
 */
void address_format_name(struct buf *out, const char *name);
/* Text of a field such as Subject, which has no control characters in it: as it is, or in RFC 2047 words. */
void address_format_text(struct buf *out, const char *text);

#endif
