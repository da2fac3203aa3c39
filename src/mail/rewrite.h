#ifndef MAIL_REWRITE_H
#define MAIL_REWRITE_H

#include <stdbool.h>

#include "base/buf.h"
#include "mail/address.h"
#include "mail/field.h"

/*
 * Other addresses in a field that holds some, and not an octet else of it:
 * names, comments, groups and folding stay as they are.
 */

/* From, Sender, Reply-To, To, Cc and their Resent- forms. */
bool field_has_addresses(const struct field *f);

/*
 * What an address becomes: true with the new addr-spec in `out`, which is empty
 * before; `spec` is what stands there now, n octets.
 */
typedef bool rewrite_address(void *arg, const struct address *a, const char *spec, size_t n,
                             struct buf *out);

/*
 * Ask `f` for each address of the field, but for those that are none and for
 * `<>`.  Whether anything was changed.  A list with more than ADDRESSES_MAX
 * stays as it is.
 */
bool header_rewrite(struct header *h, size_t at, rewrite_address *f, void *arg);

#endif
