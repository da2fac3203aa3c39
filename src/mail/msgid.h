#ifndef MAIL_MSGID_H
#define MAIL_MSGID_H

#include <stdint.h>

/*
 * The name of a message on this machine: in the log, the queue and the fields
 * that we add.  16 digits of Crockford's base 32 ("1K0ZZXJQ0G0R4XKT"): 55 bits
 * of microseconds since 1970, so that names sort by age, and 25 bits of chance.
 */
enum { MSGID_SIZE = 16 + 1 };

void msgid_make(char id[MSGID_SIZE]);
void msgid_format(char id[MSGID_SIZE], uint64_t microseconds, uint32_t chance);

/* When a name was made, in seconds since 1970; of what begins like none 0. */
int64_t msgid_seconds(const char *id);

/* A Message-ID field's body, "<id@domain>"; the domain in ASCII.  The caller frees it. */
char *msgid_field(const char *id, const char *domain);

#endif
