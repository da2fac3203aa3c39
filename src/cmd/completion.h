#ifndef CMD_COMPLETION_H
#define CMD_COMPLETION_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * What a shell needs to complete the words of mailchute and sendmail, made from
 * their tables: the commands and what they take (`arguments`), and sendmail's
 * options.  In `arguments` words of small letters are what may stand first, and
 * what follows them belongs to them; ID, ACCOUNT, FILE and COMMAND are looked up.
 *
 * False if the shell is none of bash, zsh and fish.
 */
bool completion_write(const char *shell, struct buf *out);

#endif
