#ifndef CONFIG_URL_H
#define CONFIG_URL_H

#include <stdbool.h>

#include "base/status.h"
#include "base/strv.h"

/*
 * MAILCHUTE_URL as lines of an account:
 *
 *   smtps://user:password@host:465?auth=plain&from=me@example.org
 *
 * `smtp` is `tls off`, `submission` STARTTLS, `smtps` TLS at once; parts are
 * percent-decoded; parameters are account keys and come last, so they win.
 * Pure.  Fills `lines` with key, value, key, value ...; a failure is EX_CONFIG
 * and shows nothing of what may be a password.  The caller wipes the values.
 */
bool url_parse(const char *url, struct strv *lines, struct status *st);

#endif
