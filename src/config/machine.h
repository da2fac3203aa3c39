#ifndef CONFIG_MACHINE_H
#define CONFIG_MACHINE_H

#include <sys/types.h>

/*
 * What the machine and the passwd file say, where a configuration leaves it to
 * them.  The environment's HOME, USER and HOSTNAME are not believed.  All
 * results are the caller's to free; NULL where there is none.
 */
char *machine_home(void);           /* of the real uid */

char *machine_name(void);          /* hostname(1); never NULL */
/* The name with its domain: as it is if it has one, else what /etc/hosts or DNS makes of it; never NULL. */
char *machine_fqdn(void);

/* /etc/mailname, else the FQDN; never NULL. */
char *machine_maildomain(void);

/*
 * msmtp's substitutions, of which `letters` are allowed here: %U login and %F
 * full name of `uid`, %H host name, %C its FQDN, %M /etc/mailname.  Any other
 * `%`, and one for which there is nothing, stays as it is.
 */
char *machine_expand(const char *value, const char *letters, uid_t uid);

#endif
