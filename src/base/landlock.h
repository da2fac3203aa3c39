#ifndef BASE_LANDLOCK_H
#define BASE_LANDLOCK_H

#include <stdbool.h>

/*
 * Landlock: a process gives up the file system but for what it names, for good
 * and for its children, too.  It asks no privilege but NO_NEW_PRIVS, which the
 * caller has set.
 *
 *	int rules = landlock_new();
 *	landlock_allow(rules, "/usr", LANDLOCK_READ);
 *	landlock_allow(rules, "/var/spool/x", LANDLOCK_OWN);
 *	landlock_enter(rules);
 *
 * What is open stays open; connecting to sockets is as free as before.  No file
 * can be executed then, and no process outside be traced or, from ABI 6 on, sent
 * a signal.  The system calls are made by number (they are the same everywhere),
 * so neither the C library nor the kernel's headers have to know them.
 */
enum landlock_right {
	LANDLOCK_READ,          /* files and lists of what is there */
	LANDLOCK_CHANGE,        /* and write to the files that are there, or have no name */
	LANDLOCK_OWN,           /* and make, move and remove them */
};

/* The kernel's version of it, 0 without. */
int landlock_abi(void);
/* Why landlock_new() would fail, in words; NULL: it would not. */
const char *landlock_lacking(void);

/* No rights at all yet; -1 if the kernel has none, or one so old that it lets no file move
   from one directory to another (ABI 1). */
int landlock_new(void);
/*
 * The right to a file, or to a directory and all that is below.  It goes with what
 * is there now, so a file that may be replaced is allowed by its directory.  What is
 * not there is no failure.
 */
bool landlock_allow(int rules, const char *path, enum landlock_right right);
/* Closes `rules`, whatever comes of it.  False and errno: nothing has changed. */
bool landlock_enter(int rules);

#endif
