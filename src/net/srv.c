#include "net/srv.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "net/aside.h"
#include "net/resolve.h"

/* Priority, weight, port, target (RFC 2782). */
enum { FIXED_OCTETS = 6, ANSWER_MAX = 65535 };

/* --- an answer --- */

static void take_record(struct srv *out, const unsigned char *answer, size_t n, const ns_rr *rr)
{
	const unsigned char *data = ns_rr_rdata(*rr);
	struct srv_server s = { .port = 0 };
	int used;

	if (ns_rr_type(*rr) != ns_t_srv || ns_rr_class(*rr) != ns_c_in || ns_rr_rdlen(*rr) <= FIXED_OCTETS
	    || out->n == SRV_MAX)
		return;
	s.priority = (unsigned short)ns_get16(data);
	s.weight = (unsigned short)ns_get16(data + 2);
	s.port = (unsigned short)ns_get16(data + 4);
	used = dn_expand(answer, answer + n, data + FIXED_OCTETS, s.host, sizeof(s.host));
	if (used < 0 || used > ns_rr_rdlen(*rr) - FIXED_OCTETS)
		return;
	for (char *p = s.host; *p != '\0'; p++)
		*p = str_lower(*p);
	if (*s.host == '\0')
		out->refused = true;
	else if (s.port != 0 && resolve_is_host_name(s.host))
		out->v[out->n++] = s;
}

/* Some libcs hand over what says that there is no answer. */
static bool is_answer(ns_msg *message)
{
	int code = ns_msg_getflag(*message, ns_f_rcode);

	return code == ns_r_noerror || code == ns_r_nxdomain;
}

bool srv_parse(struct srv *out, const unsigned char *answer, size_t n)
{
	ns_msg message;
	ns_rr rr;

	*out = (struct srv){ .n = 0 };
	if (n > ANSWER_MAX || ns_initparse(answer, (int)n, &message) < 0 || !is_answer(&message))
		return false;
	for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
		if (ns_parserr(&message, ns_s_an, i, &rr) < 0)
			return false;
		take_record(out, answer, n, &rr);
	}
	return true;
}

/* --- the order --- */

/* Those without weight before others of their priority, which RFC 2782 wants before the lots are drawn. */
static int compare(const void *a, const void *b)
{
	const struct srv_server *one = a, *other = b;

	if (one->priority != other->priority)
		return one->priority < other->priority ? -1 : 1;
	return (one->weight != 0) - (other->weight != 0);
}

/* Which of v[from, end), who are equals, is next. */
static size_t draw(const struct srv *s, size_t from, size_t end, uint32_t chance)
{
	uint64_t sum = 0, lot;

	for (size_t i = from; i < end; i++)
		sum += s->v[i].weight;
	lot = (sum + 1) * chance >> 32;
	sum = 0;
	for (size_t i = from; i < end; i++)
		if ((sum += s->v[i].weight) >= lot)
			return i;
	return from;
}

static void move_to(struct srv *s, size_t to, size_t from)
{
	struct srv_server moved = s->v[from];

	memmove(&s->v[to + 1], &s->v[to], (from - to) * sizeof(s->v[0]));
	s->v[to] = moved;
}

void srv_order(struct srv *s, uint32_t (*chance)(void))
{
	size_t end;

	qsort(s->v, s->n, sizeof(s->v[0]), compare);
	for (size_t i = 0; i < s->n; i++) {
		for (end = i; end < s->n && s->v[end].priority == s->v[i].priority;)
			end++;
		move_to(s, i, draw(s, i, end, chance()));
	}
}

/* --- asking --- */

enum found { FOUND, FOUND_NONE, FOUND_NOTHING_NOW };

struct result {
	enum found found;
	struct srv servers;
};

static enum found judge(const unsigned char *answer, int n, struct srv *out)
{
	if (n < 0)
		return h_errno == HOST_NOT_FOUND || h_errno == NO_DATA ? FOUND_NONE : FOUND_NOTHING_NOW;
	if (!srv_parse(out, answer, n < ANSWER_MAX ? (size_t)n : ANSWER_MAX))
		return FOUND_NOTHING_NOW;
	return out->n > 0 || out->refused ? FOUND : FOUND_NONE;
}

static void ask(const void *question, void *answer)
{
	struct result *r = answer;
	unsigned char *octets = alloc(ANSWER_MAX);

	h_errno = 0;
	r->found = judge(octets, res_query(question, ns_c_in, ns_t_srv, octets, ANSWER_MAX), &r->servers);
	free(octets);
}

static uint32_t chance(void)
{
	uint32_t bits = 0;

	if (getentropy(&bits, sizeof(bits)) != 0)
		bits = (uint32_t)getpid() * 2654435761U;
	return bits;
}

static bool add_service(struct srv_servers *out, const char *service, const char *domain, deadline until,
                        struct result *r, struct status *st)
{
	char *name = alloc_printf("%s.%s", service, domain);
	bool ok = aside(ask, name, r, sizeof(*r), until, st);

	free(name);
	if (!ok)
		return false;
	srv_order(&r->servers, chance);
	for (size_t i = 0; i < r->servers.n; i++) {
		out->v[out->n] = r->servers.v[i];
		out->v[out->n++].at_once = strcmp(service, "_submissions._tcp") == 0;
	}
	return true;
}

static bool explain(const struct result *results, size_t n, struct status *st)
{
	bool refused = false;

	for (size_t i = 0; i < n; i++) {
		if (results[i].found == FOUND_NOTHING_NOW)
			return status_defer(st, WAIT_HOST, EX_TEMPFAIL, "DNS gives no answer now (check the resolver)");
		refused |= results[i].servers.refused;
	}
	if (refused)
		return status_defer(st, WAIT_HOST, EX_CONFIG, "DNS says that this domain takes no mail of its users so: "
		                    "name the server itself in `host`");
	return status_defer(st, WAIT_HOST, EX_TEMPFAIL, "DNS knows no server by SRV (_submissions._tcp, "
	                    "_submission._tcp): name the server itself in `host`");
}

bool srv_lookup(const char *domain, bool clear, deadline until, struct srv_servers *out,
                struct status *st)
{
	static const char *const services[] = { "_submissions._tcp", "_submission._tcp" };
	struct result results[COUNT_OF(services)] = { { .found = FOUND_NONE } };

	*out = (struct srv_servers){ .n = 0 };
	for (size_t i = clear; i < COUNT_OF(services); i++)
		if (!add_service(out, services[i], domain, until, &results[i], st))
			return false;
	return out->n > 0 || explain(results + clear, COUNT_OF(services) - clear, st);
}

/* --- whom to trust --- */

const char *srv_reference(const char *domain, const char *host)
{
	size_t n = strlen(domain), m = strlen(host);

	if (m == n && str_iequal(host, domain))
		return host;
	if (m > n && host[m - n - 1] == '.' && str_iequal(host + m - n, domain))
		return host;
	return domain;
}
