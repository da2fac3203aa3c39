#ifndef CMD_NEWALIASES_H
#define CMD_NEWALIASES_H

#include "cmd/options.h"

/*
 * newaliases(1), sendmail -bi: there is nothing to build, so the files are read,
 * and what is wrong with them is said, a line each; then EX_DATAERR.  Who may
 * not read the configuration, or has none, means /etc/aliases.
 */
int newaliases_options(const struct options *o);

#endif
