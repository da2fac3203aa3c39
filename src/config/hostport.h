#ifndef CONFIG_HOSTPORT_H
#define CONFIG_HOSTPORT_H

#include <stdbool.h>

/*
 * "NAME", "NAME:PORT", "IPv4:PORT", "IPv6", "[IPv6]", "[IPv6]:PORT" and
 * "srv:DOMAIN" (which comes back whole).  The host, without brackets, is the
 * caller's to free; the port is 0 where there is none.  False, with *host
 * NULL, for anything else.
 */
bool hostport_parse(const char *text, char **host, unsigned short *port);

/* 1 to 65535, digits only. */
bool hostport_parse_port(const char *text, unsigned short *port);

#endif
