#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "net/resolve.h"
#include "unit.h"

/*
 * The name service, as this test wants it: names that end in ".example" are
 * made up, everything else (numbers) is asked of the C library's own.
 */

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static int ask_libc(const char *node, const char *service, const struct addrinfo *hints,
                    struct addrinfo **out)
{
	lookup *real;

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(node, service, hints, out);
}

static int answer_two(const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	struct addrinfo *second;

	if (ask_libc("2001:db8::1", service, hints, out) != 0
	    || ask_libc("192.0.2.1", service, hints, &second) != 0)
		return EAI_FAIL;
	(*out)->ai_next = second;
	return 0;
}

static int answer_many(const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	struct addrinfo *next;

	*out = NULL;
	for (int i = 0; i < 100; i++) {
		if (ask_libc("192.0.2.1", service, hints, &next) != 0)
			return EAI_FAIL;
		next->ai_next = *out;
		*out = next;
	}
	return 0;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
	if ((hints->ai_flags & AI_NUMERICHOST) != 0)
		return ask_libc(node, service, hints, out);
	if (strcmp(node, "two.example") == 0 || strcmp(node, "xn--bcher-kva.example") == 0)
		return answer_two(service, hints, out);
	if (strcmp(node, "many.example") == 0)
		return answer_many(service, hints, out);
	if (strcmp(node, "again.example") == 0)
		return EAI_AGAIN;
	if (strcmp(node, "slow.example") == 0)
		pause();
	if (strcmp(node, "crash.example") == 0)
		_exit(1);
	return EAI_NONAME;
}

static const struct {
	const char *name, *alabel; /* NULL: it is none */
} names[] = {
	{ "mail.example", "mail.example" },
	{ "Mail.EXAMPLE", "Mail.EXAMPLE" },
	{ "[192.0.2.1]", "[192.0.2.1]" },
	{ "[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]" },
	{ "_dmarc.example", "_dmarc.example" },
	{ "", "" },
	{ "b\xc3\xbc" "cher.example", "xn--bcher-kva.example" },
	{ "B\xc3\x9c" "CHER.Example", "xn--bcher-kva.example" },
	{ "bu\xcc\x88" "cher.example", "xn--bcher-kva.example" }, /* u and a combining diaeresis */
	{ "stra\xc3\x9f" "e.example", "xn--strae-oqa.example" },  /* not "strasse" */
	{ "\xe4\xbe\x8b\xe3\x80\x82" "example", "xn--fsq.example" },  /* an ideographic full stop */
	{ "b\xfc" "cher.example", NULL },                          /* Latin-1 */
	{ "\xc3\xbc" "a\xef\xbc\x9e.example", NULL },              /* U+FF1E would become ">" */
	{ "a\xef\xbc\x9e.\xc3\xbc.example", NULL },
	{ "a\xef\xbc\xa0" "b.\xc3\xbc.example", NULL },             /* U+FF20: "@" */
	{ "\xc3\xbc \r\n.example", NULL },
	{ "\xe2\x80\xae.example", NULL },
};

START_TEST(alabel)
{
	struct status st = { .sysexit = EX_OK };
	char *got = resolve_alabel(names[_i].name, &st);

	if (names[_i].alabel != NULL) {
		ck_assert_ptr_nonnull(got);
		ck_assert_str_eq(got, names[_i].alabel);
	} else {
		ck_assert_msg(got == NULL, "%s", got);
		ck_assert_int_eq(st.sysexit, EX_DATAERR);
	}
	free(got);
}
END_TEST

static const struct {
	const char *host;
	const char *found;         /* joined by blanks; NULL: not found */
	const char *error;
	int sysexit;
	enum status_wait wait;
} hosts[] = {
	{ "192.0.2.1", "192.0.2.1", NULL, 0, 0 },
	{ "2001:DB8::1", "[2001:db8::1]", NULL, 0, 0 },
	{ "[2001:db8::1]", "[2001:db8::1]", NULL, 0, 0 },
	{ "two.example", "[2001:db8::1] 192.0.2.1", NULL, 0, 0 },
	{ "b\xc3\xbc" "cher.example", "[2001:db8::1] 192.0.2.1", NULL, 0, 0 },
	{ "[mail.example]", NULL, "host [mail.example]: no IP address", EX_CONFIG, WAIT_NOTHING },
	{ "b\xfc" "cher.example", NULL, "no domain name", EX_CONFIG, WAIT_NOTHING },
	{ "gone.example", NULL, "gone.example: name not known (check the name and DNS)", EX_TEMPFAIL,
	  WAIT_HOST },
	{ "again.example", NULL, "again.example: DNS gives no answer now", EX_TEMPFAIL, WAIT_HOST },
	{ "slow.example", NULL, "slow.example: DNS did not answer in time", EX_TEMPFAIL, WAIT_HOST },
	{ "crash.example", NULL, "crash.example: DNS did not answer", EX_TEMPFAIL, WAIT_HOST },
};

START_TEST(host)
{
	deadline until = deadline_in(strcmp(hosts[_i].host, "slow.example") == 0 ? 50 : 3000);
	struct status st = { .text = "" };
	struct resolved found;
	struct buf b;
	bool ok = resolve_host(hosts[_i].host, 587, until, &found, &st);

	ck_assert_msg(ok == (hosts[_i].found != NULL), "%s", st.text);
	if (ok) {
		buf_init(&b, 1000);
		for (size_t i = 0; i < found.n; i++) {
			buf_puts(&b, i ? " " : "");
			resolve_print(&found.at[i], &b);
		}
		ck_assert_str_eq(b.data, hosts[_i].found);
		buf_release(&b);
	} else {
		ck_assert_msg(strstr(st.text, hosts[_i].error) != NULL, "%s", st.text);
		ck_assert_int_eq(st.sysexit, hosts[_i].sysexit);
		ck_assert_int_eq(st.wait, hosts[_i].wait);
	}
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
}
END_TEST

START_TEST(an_endless_answer_is_cut)
{
	struct status st;
	struct resolved found;

	ck_assert(resolve_host("many.example", 25, deadline_in(3000), &found, &st));
	ck_assert_uint_eq(found.n, RESOLVE_MAX);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("net/resolve");
	TCase *tc = tcase_create("resolve");

	tcase_add_loop_test(tc, alabel, 0, COUNT_OF(names));
	tcase_add_loop_test(tc, host, 0, COUNT_OF(hosts));
	tcase_add_test(tc, an_endless_answer_is_cut);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
