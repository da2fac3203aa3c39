#ifndef DELIVER_MAILDIR_H
#define DELIVER_MAILDIR_H

#include "base/buf.h"
#include "mail/envelope.h"
#include "mail/message.h"

/*
 * An account that is a Maildir (D. J. Bernstein's maildir(5)): one copy of a
 * message for all its recipients, lines ended by LF, in front of it a Return-Path
 * and a Delivered-To for each of them.
 *
 * The file is written to tmp/ and synced, then linked to new/, which is synced
 * too: it is there whole or not at all.  The name in new/ follows from the
 * message's id, so that doing it again after a crash makes no second copy while
 * the first has not been read.
 */

/*
 * Put `m` there for the recipients of `e` that wait.  What the directory lacks is
 * made, 0700, as this user; the directory above it must be there.  True: on the
 * disk, as `name` (to be initialised) says.  False, with wait ACCOUNT:
 * EX_CANTCREAT where a person must make or open the way, EX_TEMPFAIL else, a full
 * disk for one.
 */
bool maildir_deliver(const char *path, const char *id, const struct envelope *e,
                     const struct message *m, struct buf *name, struct status *st);

#endif
