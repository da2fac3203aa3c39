#ifndef CMD_ASK_H
#define CMD_ASK_H

#include <stdbool.h>

#include "base/strv.h"

/*
 * Have the daemon run a command (XRUN, smtp/extension.h): "sendmail" and its
 * options, or "queue" and "resolve" of mailchute, with what follows.  What it
 * prints goes to standard output and error as it comes; `code` is its exit
 * code, EX_TEMPFAIL if the daemon breaks off.
 *
 * False: no daemon is there, and nothing was printed.
 */
bool ask(const char *socket, const struct strv *words, int *code);

#endif
