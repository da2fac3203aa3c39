#ifndef ROUTE_MAPPING_H
#define ROUTE_MAPPING_H

#include "config/settings.h"
#include "mail/field.h"

/*
 * `masquerade` and `rewrite`: what programs call themselves, made into addresses
 * that a provider takes.
 *
 * masquerade: an address at one of these domains is one at `maildomain`.  The
 * envelope's sender and, in the header, From, Sender, Reply-To, To, Cc and their
 * Resent- forms.  Recipients in the envelope are for aliases to find.
 *
 * rewrite: the first rule that matches, after masquerading, replaces the whole
 * address: the envelope's sender, and From, Sender and their Resent- forms, or
 * only one of the two.  Answers still go to whom Reply-To names.
 *
 * Bare names are compared as they will be completed.  The null sender is nobody's
 * address and stays.
 */
enum mapping_place { MAPPING_ENVELOPE, MAPPING_HEADER };

/* An address in wire form, as it is used in that place; the caller frees it. */
char *mapping_sender(const struct settings *s, const char *address, enum mapping_place place);

/* All of a header.  What From was before a rule changed it goes into X-Original-From. */
void mapping_header(const struct settings *s, struct header *h);

#endif
