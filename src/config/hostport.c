#include "config/hostport.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

bool hostport_parse_port(const char *text, unsigned short *port)
{
	size_t n = strlen(text);
	long value;

	if (n == 0 || n > 5 || strspn(text, "0123456789") != n)
		return false;
	value = strtol(text, NULL, 10);
	*port = (unsigned short)value;
	return value >= 1 && value <= 65535;
}

static bool is_ipv6(const char *s)
{
	struct in6_addr address;
	size_t n = strcspn(s, "%"); /* a scope such as %eth0 */
	char *plain = alloc_copyn(s, n);
	bool ok = inet_pton(AF_INET6, plain, &address) == 1 && strcmp(s + n, "%") != 0;

	free(plain);
	return ok;
}

/* A name or an IPv4 address.  What it resolves to is for DNS to say. */
static bool is_name(const char *s)
{
	return *s != '\0' && strlen(s) <= 253 && strpbrk(s, " \t\"'<>()[]{}:@,;/\\?#%*|&!") == NULL
		&& !str_has_control(s, strlen(s));
}

static bool parse_bracketed(const char *text, char **host, unsigned short *port)
{
	const char *close = strchr(text, ']');

	if (close == NULL || (close[1] != '\0' && close[1] != ':'))
		return false;
	*host = alloc_copyn(text + 1, (size_t)(close - text - 1));
	return is_ipv6(*host) && (close[1] == '\0' || hostport_parse_port(close + 2, port));
}

static bool parse(const char *text, char **host, unsigned short *port)
{
	size_t n = strcspn(text, ":");

	if (*text == '[')
		return parse_bracketed(text, host, port);
	if (str_istarts(text, "srv:") && is_name(text + 4) && strchr(text, '.') != NULL) {
		*host = alloc_copy(text);
		return true;
	}
	if (is_ipv6(text)) {
		*host = alloc_copy(text);
		return true;
	}
	*host = alloc_copyn(text, n);
	return is_name(*host) && (text[n] == '\0' || hostport_parse_port(text + n + 1, port));
}

bool hostport_parse(const char *text, char **host, unsigned short *port)
{
	*host = NULL;
	*port = 0;
	if (parse(text, host, port))
		return true;
	free(*host);
	*host = NULL;
	return false;
}
