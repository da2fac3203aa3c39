#include "unit.h"

#include "base/alloc.h"
#include "config/config.h"
#include "serve/notify.h"
#include "serve/policy.h"

enum { NOBODY_KNOWS = 3999999 };   /* a uid without a passwd entry */

static const struct peer by_uid = { .caller = { .uid = NOBODY_KNOWS }, .gid = 3999998 };
static const struct peer root = { .caller = { .uid = 0 } };
static const struct peer by_tcp = { .caller = { .uid = (uid_t)-1, .tcp = true } };

/* --- allow_from --- */

static const struct {
	const char *lines[4], *sender, *fields;
	const struct peer *peer;
	bool allowed;
} senders[] = {
	{ { NULL }, "any@a.example", "From: b@b.example\r\n", &by_uid, true },
	{ { "3999999 a@a.example" }, "a@a.example", "From: A <a@A.example>\r\n", &by_uid, true },
	{ { "3999999 a@a.example" }, "b@a.example", "", &by_uid, false },
	{ { "3999999 a@a.example" }, "a@a.example", "From: b@a.example\r\n", &by_uid, false },
	{ { "3999999 a@a.example" }, "a@a.example", "From: a@a.example, b@a.example\r\n", &by_uid, false },
	{ { "3999999 a@a.example" }, "a@a.example", "From: a@a.example\r\nFROM : b@a.example\r\n", &by_uid, false },
	{ { "3999999 a@a.example" }, "a@a.example", "Resent-From: b@a.example\r\nFrom: a@a.example\r\n", &by_uid, false },
	{ { "3999999 a@a.example" }, "a@a.example", "From: @@@\r\n", &by_uid, false },
	{ { "3999999 a@a.example" }, "a@a.example", "From:\r\n", &by_uid, false },
	{ { "3999999 a@a.example" }, "", "From: a@a.example\r\n", &by_uid, true },
	{ { "3999999 a@a.example" }, NULL, "", &by_uid, true },
	{ { "3999999 *@mail.example" }, "bare", "From: bare\r\n", &by_uid, true },
	{ { "3999999 a@a.example", "3999999 b@a.example" }, "b@a.example", "", &by_uid, true },
	{ { "3999999 x@x.example, b@a.example" }, "b@a.example", "", &by_uid, true },
	{ { "* a@a.example" }, "b@a.example", "", &by_uid, false },
	{ { "* a@a.example" }, "b@a.example", "", &by_tcp, false },
	{ { "* a@a.example", "3999999 b@a.example" }, "b@a.example", "", &by_uid, true },
	{ { "* a@a.example", "3999999 b@a.example" }, "a@a.example", "", &by_uid, false },
	{ { "root a@a.example" }, "b@a.example", "", &by_uid, true },
	{ { "root a@a.example" }, "b@a.example", "", &root, false },
	{ { "0 a@a.example" }, "b@a.example", "", &root, false },
	{ { "@root a@a.example" }, "b@a.example", "", &root, false },
	{ { "@root a@a.example" }, "b@a.example", "", &by_uid, true },
	{ { "@root a@a.example", "root *" }, "b@a.example", "", &root, true },
	{ { "tcp a@a.example" }, "b@a.example", "", &by_tcp, false },
	{ { "tcp a@a.example" }, "b@a.example", "", &root, true },
	{ { "4294967295 a@a.example" }, "b@a.example", "", &by_tcp, true },
};

static void add_fields(struct header *h, const char *text)
{
	for (const char *end; *text != '\0'; text = end) {
		end = strchr(text, '\n') + 1;
		ck_assert(header_add(h, text, (size_t)(end - text)));
	}
}

START_TEST(may_send)
{
	struct settings s = { .maildomain = (char *)"mail.example" };
	struct request r = { .sender = senders[_i].sender };
	struct message m;
	struct status st;

	message_init(&m);
	add_fields(&m.header, senders[_i].fields);
	for (size_t i = 0; i < 4 && senders[_i].lines[i] != NULL; i++)
		strv_add(&s.allow_from, senders[_i].lines[i]);
	ck_assert(policy_may_send(&s, senders[_i].peer, &r, &m, &st) == senders[_i].allowed);
	if (!senders[_i].allowed)
		ck_assert_int_eq(st.sysexit, EX_NOPERM);
	strv_release(&s.allow_from);
	message_release(&m);
}
END_TEST

/* --- limit --- */

struct step {
	int64_t at;                 /* seconds */
	size_t recipients;
	enum policy_verdict verdict;
	bool first;
};

static const struct {
	const char *lines[3];
	const struct peer *peer;
	struct step steps[8];       /* to one without recipients */
} limits[] = {
	{ { NULL }, &root, { { 1, 1, POLICY_PASS, false } } },
	{ { "root messages 2/1m" }, &root,
	  { { 1, 1, POLICY_PASS, false }, { 2, 9, POLICY_PASS, false }, { 3, 1, POLICY_DEFER, true },
	    { 4, 1, POLICY_DEFER, false }, { 200, 1, POLICY_PASS, false } } },
	{ { "root messages 2/1m" }, &by_uid, { { 1, 1, POLICY_PASS, false }, { 1, 1, POLICY_PASS, false }, { 1, 1, POLICY_PASS, false } } },
	/* What was sent at the end of the last period still counts at the beginning of this. */
	{ { "root messages 2/1m" }, &root,
	  { { 1, 1, POLICY_PASS, false }, { 59, 1, POLICY_PASS, false }, { 62, 1, POLICY_DEFER, true }, { 100, 1, POLICY_PASS, false } } },
	{ { "root messages 9/1m recipients 5/1m" }, &root,
	  { { 1, 3, POLICY_PASS, false }, { 1, 3, POLICY_DEFER, true }, { 1, 2, POLICY_PASS, false } } },
	{ { "root recipients 5/1m" }, &root, { { 1, 6, POLICY_REJECT, true }, { 1, 5, POLICY_PASS, false } } },
	{ { "root messages 1/1m then hold" }, &root, { { 1, 1, POLICY_PASS, false }, { 1, 1, POLICY_HOLD, true } } },
	{ { "root messages 1/1m then reject" }, &root, { { 1, 1, POLICY_PASS, false }, { 1, 1, POLICY_REJECT, true } } },
	{ { "* messages 1/1m", "root messages 2/1m" }, &root,
	  { { 1, 1, POLICY_PASS, false }, { 1, 1, POLICY_PASS, false }, { 1, 1, POLICY_DEFER, true } } },
	{ { "* messages 1/1m" }, &by_tcp, { { 1, 1, POLICY_PASS, false }, { 1, 1, POLICY_DEFER, true } } },
};

START_TEST(counts)
{
	struct settings s = { .maildomain = NULL };
	struct policy p = { 0 };
	struct policy_bite bite;
	struct status st;

	for (size_t i = 0; i < 3 && limits[_i].lines[i] != NULL; i++)
		strv_add(&s.limit, limits[_i].lines[i]);
	for (const struct step *step = limits[_i].steps; step->recipients > 0; step++) {
		enum policy_verdict verdict = policy_count(&p, &s, limits[_i].peer, step->recipients,
		                                           step->at * 1000, &bite, &st);

		ck_assert_msg(verdict == step->verdict, "at %d: %d", (int)step->at, verdict);
		ck_assert(bite.first == step->first);
		if (verdict == POLICY_DEFER)
			ck_assert_int_eq(st.sysexit, EX_TEMPFAIL);
	}
	policy_release(&p);
	strv_release(&s.limit);
}
END_TEST

/* One's use is not the other's. */
START_TEST(counts_apart)
{
	struct settings s = { .maildomain = NULL };
	struct policy p = { 0 };
	struct policy_bite bite;
	struct status st;

	strv_add(&s.limit, "* messages 1/1h");
	ck_assert_int_eq(policy_count(&p, &s, &root, 1, 1, &bite, &st), POLICY_PASS);
	ck_assert_int_eq(policy_count(&p, &s, &by_uid, 1, 1, &bite, &st), POLICY_PASS);
	ck_assert_int_eq(policy_count(&p, &s, &by_tcp, 1, 1, &bite, &st), POLICY_PASS);
	ck_assert_int_eq(policy_count(&p, &s, &root, 1, 1, &bite, &st), POLICY_DEFER);
	policy_release(&p);
	strv_release(&s.limit);
}
END_TEST

/* --- notify --- */

static const struct {
	const char *text, *name;    /* NULL: refused */
	size_t len;
} addresses[] = {
	{ "/run/systemd/notify", "/run/systemd/notify", 19 },
	{ "@abc", "\0abc", 4 },
	{ "relative", NULL, 0 },
	{ "", NULL, 0 },
	{ "@", NULL, 0 },
	{ "/01234567890123456789012345678901234567890123456789012345678901234567890123456789"
	  "012345678901234567890123456", NULL, 0 },
};

START_TEST(notify_addresses)
{
	struct sockaddr_un a;
	socklen_t len;

	ck_assert(notify_address(addresses[_i].text, &a, &len) == (addresses[_i].name != NULL));
	if (addresses[_i].name != NULL) {
		ck_assert_uint_eq(len, offsetof(struct sockaddr_un, sun_path) + addresses[_i].len);
		ck_assert_mem_eq(a.sun_path, addresses[_i].name, addresses[_i].len);
	}
}
END_TEST

/* A datagram, in the abstract name space as containers have it. */
START_TEST(notifies)
{
	struct sockaddr_un a;
	socklen_t len;
	char name[64], got[64] = "";
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), told;

	snprintf(name, sizeof(name), "@mailchute-unit-%d", (int)getpid());
	ck_assert(notify_address(name, &a, &len));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, len), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	told = notify_open();
	notify(told, "READY=1");
	ck_assert_int_eq(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT), 7);
	ck_assert_str_eq(got, "READY=1");
	close(told);
	close(fd);
	ck_assert_int_eq(notify_open(), -1);
	notify(-1, "READY=1");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("serve/policy");
	TCase *t = tcase_create("policy");

	tcase_add_loop_test(t, may_send, 0, sizeof(senders) / sizeof(senders[0]));
	tcase_add_loop_test(t, counts, 0, sizeof(limits) / sizeof(limits[0]));
	tcase_add_test(t, counts_apart);
	tcase_add_loop_test(t, notify_addresses, 0, sizeof(addresses) / sizeof(addresses[0]));
	tcase_add_test(t, notifies);
	suite_add_tcase(suite, t);
	return unit_run(suite);
}
