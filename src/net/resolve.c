#include "net/resolve.h"

#include "base/alloc.h"
#include "base/str.h"
#include "net/aside.h"

#include <errno.h>
#include <idn2.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* TR46 maps some characters to ASCII that a name must not have, such as U+FF1E to ">". */
bool resolve_is_host_name(const char *s)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";

	return *s != '\0' && s[strspn(s, allowed)] == '\0';
}

char *resolve_alabel(const char *name, struct status *st)
{
	char *found = NULL, *own = NULL;
	int rc;

	if (str_is_ascii(name, strlen(name)))
		return alloc_copy(name);
	rc = idn2_to_ascii_8z(name, &found, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (rc == IDN2_MALLOC)
		alloc_failed();
	if (rc != IDN2_OK)
		status_fail(st, EX_DATAERR, "no domain name: %s", idn2_strerror(rc));
	else if (!resolve_is_host_name(found))
		status_fail(st, EX_DATAERR, "no domain name: a character that none can have");
	else
		own = alloc_copy(found);
	idn2_free(found);
	return own;
}

static int ask(const char *host, unsigned short port, int flags, struct resolved *out)
{
	const struct addrinfo hints = { .ai_flags = flags | AI_NUMERICSERV,
		                        .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	char service[8];
	int rc;

	snprintf(service, sizeof(service), "%u", (unsigned)port);
	rc = getaddrinfo(host, service, &hints, &list);
	out->n = 0;
	if (rc != 0)
		return rc;
	for (const struct addrinfo *a = list; a != NULL && out->n < RESOLVE_MAX; a = a->ai_next) {
		struct endpoint *e = &out->at[out->n++];

		memcpy(&e->sa, a->ai_addr, a->ai_addrlen);
		e->len = a->ai_addrlen;
	}
	freeaddrinfo(list);
	return 0;
}

bool resolve_number(const char *host, unsigned short port, struct endpoint *out)
{
	size_t n = strlen(host);
	bool bracketed = n > 2 && host[0] == '[' && host[n - 1] == ']';
	char *bare = bracketed ? alloc_copyn(host + 1, n - 2) : alloc_copy(host);
	struct resolved found;
	bool ok = ask(bare, port, AI_NUMERICHOST, &found) == 0 && found.n > 0;

	free(bare);
	if (ok)
		*out = found.at[0];
	return ok;
}

struct question {
	const char *host;
	unsigned short port;
};

/* What the child says. */
struct answer {
	int rc;                /* of getaddrinfo(3) */
	int error;             /* errno, for EAI_SYSTEM */
	struct resolved found;
};

/*
 * AI_ADDRCONFIG would leave out ::1 and 127.0.0.1 on a machine that has no other
 * address; dial finds soon enough which families work.
 */
static void ask_aside(const void *question, void *answer)
{
	const struct question *q = question;
	struct answer *a = answer;

	a->rc = ask(q->host, q->port, 0, &a->found);
	a->error = errno;
}

static bool no_answer(const struct answer *a, struct status *st)
{
	const char *why = a->rc == EAI_SYSTEM ? strerror(a->error) : gai_strerror(a->rc);

	switch (a->rc) {
	case EAI_NONAME:
	case EAI_NODATA:
		status_defer(st, WAIT_HOST, EX_TEMPFAIL, "name not known (check the name and DNS): %s", why);
		break;
	case EAI_AGAIN:
		status_defer(st, WAIT_HOST, EX_TEMPFAIL, "DNS gives no answer now (check the resolver): %s", why);
		break;
	default:
		status_defer(st, WAIT_HOST, EX_TEMPFAIL, "name not found: %s", why);
	}
	return status_advise(st, "correct `host`, or see why this machine cannot look it up: getent hosts NAME");
}

static bool lookup(const char *host, unsigned short port, deadline until, struct resolved *out,
                   struct status *st)
{
	const struct question q = { .host = host, .port = port };
	struct answer a = { 0 };

	if (!aside(ask_aside, &q, &a, sizeof(a), until, st))
		return false;
	if (a.rc != 0 || a.found.n == 0)
		return no_answer(&a, st);
	*out = a.found;
	return true;
}

bool resolve_host(const char *host, unsigned short port, deadline until, struct resolved *out,
                  struct status *st)
{
	char *ascii;
	bool ok = false;

	if (resolve_number(host, port, &out->at[0])) {
		out->n = 1;
		return true;
	}
	if (host[0] == '[')
		return status_fail(st, EX_CONFIG, "host %s: no IP address", host);
	ascii = resolve_alabel(host, st);
	if (ascii != NULL)
		ok = lookup(ascii, port, until, out, st);
	else
		status_fail(st, EX_CONFIG, "%s", st->text);
	free(ascii);
	return ok || status_during(st, "%s", host);
}

void resolve_print(const struct endpoint *e, struct buf *out)
{
	char host[NI_MAXHOST];

	if (getnameinfo((const struct sockaddr *)&e->sa, e->len, host, sizeof(host), NULL, 0,
	                NI_NUMERICHOST) != 0)
		snprintf(host, sizeof(host), "?");
	buf_printf(out, e->sa.ss_family == AF_INET6 ? "[%s]" : "%s", host);
}
