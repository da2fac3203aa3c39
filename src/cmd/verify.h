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
struct viewer;
int verify_options(const struct options *o, const struct viewer *viewer); /* sendmail -bv ADDRESS...; for a caller of the daemon's, or NULL */

#endif
