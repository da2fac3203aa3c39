#include "net/resolve.h"

#include "base/alloc.h"
#include "base/io.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <idn2.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* TR46 maps some characters to ASCII that a name must not have, such as U+FF1E to ">". */
static bool is_host_name(const char *s)
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
	else if (!is_host_name(found))
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

/* What the child says. */
struct answer {
	int rc;                /* of getaddrinfo(3) */
	int error;             /* errno, for EAI_SYSTEM */
	struct resolved found;
};

/*
 * The child: answer and be gone, without any of the parent's handlers at exit.
 * AI_ADDRCONFIG would leave out ::1 and 127.0.0.1 on a machine that has no
 * other address; dial finds soon enough which families work.
 */
_Noreturn static void answer_from_child(int fd, const char *host, unsigned short port)
{
	struct answer a = { 0 };

	a.rc = ask(host, port, 0, &a.found);
	a.error = errno;
	_exit(io_write_all(fd, &a, sizeof(a)) ? EX_OK : EX_OSERR);
}

/* The whole answer, or false: "timed out" or a child that died. */
static bool read_answer(int fd, struct answer *a, deadline until)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t have = 0;
	ssize_t n;
	int ready;

	while (have < sizeof(*a)) {
		do
			ready = poll(&p, 1, deadline_poll(until));
		while (ready < 0 && errno == EINTR);
		if (ready <= 0)
			return false;
		if ((n = io_read(fd, (char *)a + have, sizeof(*a) - have)) <= 0)
			return false;
		have += (size_t)n;
	}
	return true;
}

/* Late or not, the child is gone afterwards. */
static void reap(pid_t child)
{
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

static bool ask_in_child(const char *host, unsigned short port, deadline until, struct answer *a,
                         struct status *st)
{
	int ends[2];
	pid_t child;
	bool ok;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return status_fail(st, EX_OSERR, "cannot make a pipe: %s", strerror(errno));
	if ((child = fork()) == 0)
		answer_from_child(ends[1], host, port);
	close(ends[1]);
	if (child < 0) {
		close(ends[0]);
		return status_fail(st, EX_OSERR, "cannot fork: %s", strerror(errno));
	}
	ok = read_answer(ends[0], a, until);
	close(ends[0]);
	reap(child);
	return ok || status_defer(st, WAIT_HOST, EX_TEMPFAIL, "DNS did not answer%s (check the resolver)",
	                          deadline_poll(until) == 0 ? " in time" : "");
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
	struct answer a = { 0 };

	if (!ask_in_child(host, port, until, &a, st))
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
