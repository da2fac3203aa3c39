#ifndef CMD_VERIFY_H
#define CMD_VERIFY_H

#include "cmd/command.h"
#include "cmd/options.h"

/*
 * How addresses resolve: completed with `maildomain`, the account that takes
 * them, its hosts.  No server is asked.  EX_DATAERR if one of them is no
 * address.
 */
int verify_command(const struct call *call);           /* mailchute resolve ADDRESS... */
int verify_options(const struct options *o);           /* sendmail -bv ADDRESS... */

#endif
