#ifndef CONFIG_NETRC_H
#define CONFIG_NETRC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * netrc(5): `machine NAME` or `default`, then `login`, `password`, `account`
 * and `macdef` (skipped to the empty line that ends it).  Words are parted by
 * blanks and line ends, or stand in double quotes, with \ before a quote or a
 * backslash.  A `#` where a keyword should be starts a comment.
 *
 * The password of the first entry for `host` (ASCII case does not matter) and
 * `login` (NULL: any), `default` matching every host.  Pure.  Into `password`,
 * which the caller wipes; false if there is none.
 */
bool netrc_find(const char *text, size_t n, const char *host, const char *login,
                struct buf *password);

#endif
