#ifndef CONFIG_PLACE_H
#define CONFIG_PLACE_H

#include <stdbool.h>

/*
 * Where a user's own files are, and whether there is a configuration among
 * them.  Apart from config because the program that callers run asks just this
 * and links none of the rest.
 */

/* $VARIABLE, else ~/FALLBACK of the passwd file, and `rest` behind it; NULL if there is neither. */
char *place_of(const char *variable, const char *fallback, const char *rest);

/* The user's own configuration file, whether it is there or not; NULL: none can be. */
char *place_own_config(void);

/* What variables say; NULL where they are empty as well. */
const char *place_url(void);               /* MAILCHUTE_URL */
const char *place_chosen_config(void);     /* MAILCHUTE_CONFIG */

/* Whether config_load() without -C would read something else than the system's file. */
bool place_has_own(void);

#endif
