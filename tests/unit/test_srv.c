#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "net/srv.h"
#include "unit.h"

/* --- DNS answers, made by hand --- */

enum { ROOM = 4096, TYPE_SRV = 33, TYPE_A = 1 };

struct answer {
	unsigned char octets[ROOM];
	size_t n;
};

static void put16(struct answer *a, unsigned value)
{
	a->octets[a->n++] = (unsigned char)(value >> 8);
	a->octets[a->n++] = (unsigned char)value;
}

static void put_name(struct answer *a, const char *name)
{
	while (*name != '\0') {
		size_t n = strcspn(name, ".");

		if (n > 0) {
			a->octets[a->n++] = (unsigned char)n;
			memcpy(a->octets + a->n, name, n);
			a->n += n;
		}
		name += n + (name[n] == '.');
	}
	a->octets[a->n++] = 0;
}

static void put_head(struct answer *a, unsigned rcode, unsigned count)
{
	a->n = 0;
	put16(a, 7);
	put16(a, 0x8180 | rcode);
	put16(a, 1);
	put16(a, count);
	put16(a, 0);
	put16(a, 0);
	put_name(a, "_submission._tcp.example.org");
	put16(a, TYPE_SRV);
	put16(a, 1);
}

/* "10 0 587 mail.example.org"; type A has no such content. */
static void put_record(struct answer *a, const char *text, unsigned type)
{
	unsigned numbers[3];
	char target[300] = "";
	size_t length_at;

	ck_assert_int_ge(sscanf(text, "%u %u %u %299s", &numbers[0], &numbers[1], &numbers[2], target), 4);
	put16(a, 0xc00c); /* the name in the question */
	put16(a, type);
	put16(a, 1);
	put16(a, 0);
	put16(a, 60);
	length_at = a->n;
	put16(a, 0);
	for (size_t i = 0; i < 3; i++)
		put16(a, numbers[i]);
	put_name(a, target);
	a->octets[length_at] = (unsigned char)((a->n - length_at - 2) >> 8);
	a->octets[length_at + 1] = (unsigned char)(a->n - length_at - 2);
}

/* Records parted by `|`. */
static void put_all(struct answer *a, unsigned rcode, const char *records)
{
	unsigned count = *records != '\0';

	for (const char *p = records; *p != '\0'; p++)
		count += *p == '|';
	put_head(a, rcode, count);
	while (*records != '\0') {
		size_t n = strcspn(records, "|");
		char *one = strndup(records, n);

		put_record(a, one, TYPE_SRV);
		free(one);
		records += n + (records[n] == '|');
	}
}

static void print(char *out, const struct srv_server *v, size_t n)
{
	*out = '\0';
	for (size_t i = 0; i < n; i++)
		sprintf(out + strlen(out), "%s%s:%u%s", i > 0 ? " " : "", v[i].host, (unsigned)v[i].port,
		        v[i].at_once ? "!" : "");
}

/* --- reading --- */

static const struct {
	const char *records;
	const char *servers;
	bool refused;
} answers[] = {
	{ "", "", false },
	{ "10 0 587 mail.example.org", "mail.example.org:587", false },
	{ "10 0 587 MAIL.example.org", "mail.example.org:587", false },
	{ "10 0 587 a.example.org|0 0 2525 b.example.org", "a.example.org:587 b.example.org:2525", false },
	{ "0 0 0 .", "", true },
	{ "0 0 587 .", "", true },
	{ "0 0 0 mail.example.org", "", false },                    /* no port */
	{ "0 0 587 a;b.example.org|0 0 25 c.example", "c.example:25", false },
	{ "0 0 587 a/b.example.org", "", false },
	{ "0 0 587 a@b.example.org", "", false },
	{ "0 0 587 \xc3\xa9.example.org", "", false },
	{ "0 0 65535 xn--bcher-kva.example", "xn--bcher-kva.example:65535", false },
};

START_TEST(reading)
{
	struct answer a;
	struct srv got;
	char text[ROOM];

	put_all(&a, 0, answers[_i].records);
	ck_assert(srv_parse(&got, a.octets, a.n));
	print(text, got.v, got.n);
	ck_assert_str_eq(text, answers[_i].servers);
	ck_assert_int_eq(got.refused, answers[_i].refused);
}
END_TEST

START_TEST(other_types_are_passed_over)
{
	struct answer a;
	struct srv got;

	put_head(&a, 0, 2);
	put_record(&a, "0 0 25 a.example", TYPE_A);
	put_record(&a, "0 0 587 b.example", TYPE_SRV);
	ck_assert(srv_parse(&got, a.octets, a.n));
	ck_assert_uint_eq(got.n, 1);
	ck_assert_str_eq(got.v[0].host, "b.example");
}
END_TEST

START_TEST(too_many)
{
	struct answer a;
	struct srv got;

	put_head(&a, 0, 2 * SRV_MAX);
	for (size_t i = 0; i < 2 * SRV_MAX; i++)
		put_record(&a, "0 0 587 mail.example.org", TYPE_SRV);
	ck_assert(srv_parse(&got, a.octets, a.n));
	ck_assert_uint_eq(got.n, SRV_MAX);
}
END_TEST

/* Cut anywhere, or with any octet changed, it is read without harm. */
START_TEST(broken)
{
	struct answer a, b;
	struct srv got;

	put_all(&a, 0, "10 0 587 mail.example.org|10 0 587 other.example.org");
	for (size_t n = 0; n < a.n; n++) {
		unsigned char *exact = malloc(n > 0 ? n : 1);

		memcpy(exact, a.octets, n);
		ck_assert(!srv_parse(&got, exact, n));
		free(exact);
	}
	for (size_t at = 0; at < a.n; at++)
		for (int octet = 0; octet < 256; octet += 51) {
			b = a;
			b.octets[at] = (unsigned char)octet;
			if (srv_parse(&got, b.octets, b.n))
				ck_assert_uint_le(got.n, 2);
		}
}
END_TEST

START_TEST(failures_are_no_answer)
{
	struct answer a;
	struct srv got;

	put_all(&a, 2, "");        /* SERVFAIL */
	ck_assert(!srv_parse(&got, a.octets, a.n));
	put_all(&a, 3, "");        /* NXDOMAIN */
	ck_assert(srv_parse(&got, a.octets, a.n));
	ck_assert_uint_eq(got.n, 0);
}
END_TEST

/* --- order --- */

static uint32_t lot;

static uint32_t same_chance(void)
{
	return lot;
}

static const struct {
	const char *records;
	uint32_t chance;
	const char *servers;
} orders[] = {
	{ "20 0 1 a|10 0 2 b|30 0 3 c", 0, "b:2 a:1 c:3" },
	/* No weight comes first if the lot is nothing, last of all else. */
	{ "0 5 1 a|0 0 2 b", 0, "b:2 a:1" },
	{ "0 5 1 a|0 0 2 b", UINT32_MAX, "a:1 b:2" },
	/* 1 of 10: the lot decides at the tenth. */
	{ "0 1 1 a|0 9 2 b", UINT32_MAX / 11, "a:1 b:2" },
	{ "0 1 1 a|0 9 2 b", UINT32_MAX / 4, "b:2 a:1" },
	{ "0 1 1 a|0 9 2 b", UINT32_MAX, "b:2 a:1" },
	{ "9 65535 1 a|9 65535 2 b|0 1 3 c", UINT32_MAX, "c:3 b:2 a:1" },
};

START_TEST(order)
{
	struct answer a;
	struct srv got;
	char text[ROOM];

	put_all(&a, 0, orders[_i].records);
	ck_assert(srv_parse(&got, a.octets, a.n));
	lot = orders[_i].chance;
	srv_order(&got, same_chance);
	print(text, got.v, got.n);
	ck_assert_str_eq(text, orders[_i].servers);
}
END_TEST

static uint32_t next_chance(void)
{
	lot = lot * 1664525u + 1013904223u;
	return lot;
}

/* In the long run each is first as often as its weight asks. */
START_TEST(weights)
{
	struct answer a;
	struct srv got;
	unsigned heavy = 0, rounds = 4000;

	put_all(&a, 0, "0 25 1 a|0 75 2 b");
	for (unsigned i = 0; i < rounds; i++) {
		ck_assert(srv_parse(&got, a.octets, a.n));
		srv_order(&got, next_chance);
		heavy += got.v[0].port == 2;
	}
	ck_assert_uint_gt(heavy, rounds * 70 / 100);
	ck_assert_uint_lt(heavy, rounds * 80 / 100);
}
END_TEST

/* --- asking --- */

/* What DNS has, by service; a number is the failure (h_errno). */
static const char *submissions, *submission;

int res_query(const char *name, int class, int type, unsigned char *octets, int room)
{
	const char *says = str_starts(name, "_submissions._tcp.") ? submissions : submission;
	struct answer a;

	ck_assert_int_eq(class, ns_c_in);
	ck_assert_int_eq(type, ns_t_srv);
	if (strchr(says, ' ') == NULL) {
		h_errno = atoi(says);
		return -1;
	}
	put_all(&a, 0, says);
	ck_assert_uint_le(a.n, (size_t)room);
	memcpy(octets, a.octets, a.n);
	return (int)a.n;
}

#define NONE  "1"  /* HOST_NOT_FOUND */
#define EMPTY "4"  /* NO_DATA */
#define AGAIN "2"  /* TRY_AGAIN */

static const struct {
	const char *submissions, *submission;
	bool clear;
	const char *servers;       /* ! TLS at once; NULL: it fails */
	int sysexit;
	const char *words;
} lookups[] = {
	{ "0 0 465 a.example", NONE, false, "a.example:465!", 0, NULL },
	{ EMPTY, "0 0 587 a.example", false, "a.example:587", 0, NULL },
	/* TLS at once first, whatever the priorities */
	{ "90 0 465 a.example", "0 0 587 b.example", false, "a.example:465! b.example:587", 0, NULL },
	{ "0 0 0 .", "0 0 587 b.example", false, "b.example:587", 0, NULL },
	{ AGAIN, "0 0 587 b.example", false, "b.example:587", 0, NULL },
	/* Without TLS only the second is of use. */
	{ "0 0 465 a.example", "0 0 587 b.example", true, "b.example:587", 0, NULL },
	{ "0 0 465 a.example", NONE, true, NULL, EX_TEMPFAIL, "DNS knows no server by SRV" },

	{ NONE, EMPTY, false, NULL, EX_TEMPFAIL, "DNS knows no server by SRV" },
	{ NONE, AGAIN, false, NULL, EX_TEMPFAIL, "DNS gives no answer now" },
	{ "0 0 0 .", "0 0 0 .", false, NULL, EX_CONFIG, "takes no mail of its users" },
	{ "0 0 0 .", NONE, false, NULL, EX_CONFIG, "takes no mail of its users" },
};

START_TEST(lookup)
{
	struct srv_servers got;
	struct status st = { .sysexit = EX_OK };
	char text[ROOM];
	bool ok;

	submissions = lookups[_i].submissions;
	submission = lookups[_i].submission;
	ok = srv_lookup("example.org", lookups[_i].clear, deadline_in(30000), &got, &st);
	ck_assert_msg(ok == (lookups[_i].servers != NULL), "%s", st.text);
	if (ok) {
		print(text, got.v, got.n);
		ck_assert_str_eq(text, lookups[_i].servers);
		return;
	}
	ck_assert_int_eq(st.sysexit, lookups[_i].sysexit);
	ck_assert_int_eq(st.wait, WAIT_HOST);
	ck_assert_msg(str_starts(st.text, lookups[_i].words) || strstr(st.text, lookups[_i].words) != NULL, "%s", st.text);
}
END_TEST

/* --- whom to trust --- */

static const struct {
	const char *host, *reference;
} references[] = {
	{ "example.org", "example.org" },
	{ "mail.example.org", "mail.example.org" },
	{ "a.b.EXAMPLE.org", "a.b.EXAMPLE.org" },
	{ "mail.example.net", "example.org" },
	{ "badexample.org", "example.org" },
	{ "example.org.evil.example", "example.org" },
	{ "org", "example.org" },
};

START_TEST(reference)
{
	ck_assert_str_eq(srv_reference("example.org", references[_i].host), references[_i].reference);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("net/srv");
	TCase *tc = tcase_create("srv");

	tcase_add_loop_test(tc, reading, 0, COUNT_OF(answers));
	tcase_add_test(tc, other_types_are_passed_over);
	tcase_add_test(tc, too_many);
	tcase_add_test(tc, broken);
	tcase_add_test(tc, failures_are_no_answer);
	tcase_add_loop_test(tc, order, 0, COUNT_OF(orders));
	tcase_add_test(tc, weights);
	tcase_add_loop_test(tc, lookup, 0, COUNT_OF(lookups));
	tcase_add_loop_test(tc, reference, 0, COUNT_OF(references));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
