#include "talk.h"

enum { SOCKS5 = 5, SOCKS_IPV4 = 1, SOCKS_NAME = 3, SOCKS_IPV6 = 4 };

/* The destination of a request: its address in `to`, as text only if it is a name. */
static bool read_destination(struct talk *t, unsigned char kind, char *to)
{
	unsigned char n = kind == SOCKS_IPV4 ? 4 : 16;

	if (kind == SOCKS_NAME && !wire_read(&t->wire, &n, 1))
		return false;
	if (!wire_read(&t->wire, to, n))
		return false;
	to[kind == SOCKS_NAME ? n : 0] = '\0';
	return true;
}

/* RFC 1928 without authentication: whatever the destination, it is us. */
bool talk_pass_proxy(struct talk *t)
{
	static const char no_login[] = { SOCKS5, 0 };
	static const char connected[] = { SOCKS5, 0, 0, SOCKS_IPV4, 0, 0, 0, 0, 0, 0 };
	unsigned char hello[2], methods[255], request[4], port[2];
	char to[256];

	if (!wire_read(&t->wire, hello, 2) || hello[0] != SOCKS5 || !wire_read(&t->wire, methods, hello[1])
	    || !wire_write(&t->wire, no_login, sizeof no_login) || !wire_read(&t->wire, request, 4)
	    || !read_destination(t, request[3], to) || !wire_read(&t->wire, port, 2)) {
		record_violation(t->record, "no SOCKS5");
		talk_close(t);
		return false;
	}
	record_note(t->record, "SOCKS5 to %s:%d", to, port[0] << 8 | port[1]);
	return wire_write(&t->wire, connected, sizeof connected);
}
