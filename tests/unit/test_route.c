#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "route/route.h"
#include "unit.h"

#define BUECHER "b\xc3\xbc" "cher.example"

enum { NO_SUCH_USER = 987654321 };

/* Accounts that every row may use; `accounts` names those that are there. */
static const struct {
	const char *name, *from;
	bool no_override;
} accounts[] = {
	{ .name = "default" },
	{ .name = "work", .from = "me@work.example" },
	{ .name = "home", .from = "*@home.example" },
	{ .name = "fixed", .from = "fixed@fixed.example *@fixed.example", .no_override = true },
	{ .name = "strict", .from = "*@strict.example", .no_override = true },
	{ .name = "bare", .from = "bare" },
	{ .name = "idn", .from = "me@" BUECHER },
	{ .name = "bad", .from = "me@x@y" },
};

static const struct {
	const char *accounts;
	const char *given;          /* -f */
	const char *header;         /* fields parted by "|" */
	const char *account, *sender;
	int sysexit;
} cases[] = {
	/* -f chooses the account and is the sender */
	{ .accounts = "default", .given = "a@x", .account = "default", .sender = "a@x" },
	{ .accounts = "work default", .given = "me@work.example", .account = "work",
	  .sender = "me@work.example" },
	{ .accounts = "home default", .given = "a@home.example", .account = "home",
	  .sender = "a@home.example" },
	{ .accounts = "work home", .given = "a@home.example", .header = "From: me@work.example",
	  .account = "home", .sender = "a@home.example" },
	{ .accounts = "work default", .given = "a@x", .header = "From: me@work.example",
	  .account = "work", .sender = "a@x" },

	/* How -f may be written */
	{ .accounts = "default", .given = "Bob <a@x>", .account = "default", .sender = "a@x" },
	{ .accounts = "default", .given = "<a@x>", .account = "default", .sender = "a@x" },
	{ .accounts = "default", .given = "www-data", .account = "default",
	  .sender = "www-data@mail.example" },
	{ .accounts = "default", .given = "Fail2Ban <fail2ban>", .account = "default",
	  .sender = "fail2ban@mail.example" },
	{ .accounts = "default", .given = "a@" BUECHER, .account = "default",
	  .sender = "a@xn--bcher-kva.example" },
	{ .accounts = "default", .given = "\xc3\xbc@x", .account = "default", .sender = "\xc3\xbc@x" },
	{ .accounts = "idn default", .given = "me@xn--bcher-kva.example", .account = "idn",
	  .sender = "me@xn--bcher-kva.example" },
	{ .accounts = "default", .given = "a@@x", .sysexit = EX_DATAERR },
	{ .accounts = "default", .given = "a@x, b@x", .sysexit = EX_DATAERR },
	{ .accounts = "default", .given = "a@x\x01", .sysexit = EX_DATAERR },
	{ .accounts = "default", .given = "a@x\r\n", .sysexit = EX_DATAERR },
	{ .accounts = "default", .given = "B\x07 <a@x>", .sysexit = EX_DATAERR },
	{ .accounts = "default", .given = "a@\xc3\xbc-.x", .sysexit = EX_DATAERR },

	/* The null sender: the From field chooses */
	{ .accounts = "work default", .given = "", .account = "default", .sender = "" },
	{ .accounts = "work default", .given = "<>", .header = "From: me@work.example",
	  .account = "work", .sender = "" },

	/* Without -f: the account's address */
	{ .accounts = "work default", .header = "From: me@work.example", .account = "work",
	  .sender = "me@work.example" },
	{ .accounts = "bare default", .header = "From: bare@x", .account = "default",
	  .sender = "root@mail.example" },
	{ .accounts = "idn default", .header = "From: me@" BUECHER, .account = "idn",
	  .sender = "me@xn--bcher-kva.example" },

	/* ... the From field, if it chose the account */
	{ .accounts = "home default", .header = "From: Bob <a@home.example>", .account = "home",
	  .sender = "a@home.example" },
	{ .accounts = "home default", .header = "From: @, a@home.example", .account = "home",
	  .sender = "a@home.example" },
	{ .accounts = "home default", .header = "From: a@x|Resent-From: b@home.example",
	  .account = "home", .sender = "b@home.example" },
	{ .accounts = "home default",
	  .header = "Resent-From: a@x|Received: y|Resent-From: b@home.example|From: c@home.example",
	  .account = "default", .sender = "root@mail.example" },
	{ .accounts = "home default", .header = "Resent-To: a@x|From: b@home.example",
	  .account = "home", .sender = "b@home.example" },

	/* ... the login name */
	{ .accounts = "default", .account = "default", .sender = "root@mail.example" },
	{ .accounts = "default", .header = "From: a@x", .account = "default",
	  .sender = "root@mail.example" },
	{ .accounts = "default", .header = "From: <>", .account = "default",
	  .sender = "root@mail.example" },

	/* allow_from_override off */
	{ .accounts = "fixed", .given = "a@fixed.example", .account = "fixed",
	  .sender = "fixed@fixed.example" },
	{ .accounts = "fixed", .header = "From: a@fixed.example", .account = "fixed",
	  .sender = "fixed@fixed.example" },
	{ .accounts = "strict", .given = "a@strict.example", .account = "strict",
	  .sender = "root@mail.example" },
	{ .accounts = "strict", .header = "From: a@strict.example", .account = "strict",
	  .sender = "root@mail.example" },

	/* No account, or one that cannot be used */
	{ .accounts = "work", .sysexit = EX_CONFIG },
	{ .accounts = "work", .given = "a@x", .header = "From: b@x", .sysexit = EX_CONFIG },
	{ .accounts = "bad", .header = "From: me@x@y", .sysexit = EX_CONFIG },
};

static bool is_named(const char *list, const char *name)
{
	struct strv names;
	bool found;

	strv_init(&names);
	strv_split(&names, list, " ");
	found = strv_has(&names, name);
	strv_release(&names);
	return found;
}

static void fill_config(struct config *c, struct account *room, const char *names)
{
	*c = (struct config){ .v = room, .settings.maildomain = (char *)"mail.example" };
	for (size_t i = 0; i < COUNT_OF(accounts); i++) {
		struct account *a = &room[c->len];

		if (!is_named(names, accounts[i].name))
			continue;
		*a = (struct account){ .name = (char *)accounts[i].name,
			               .allow_from_override = !accounts[i].no_override };
		if (accounts[i].from != NULL)
			strv_split(&a->from, accounts[i].from, " ");
		c->len++;
	}
}

static void release_config(struct config *c)
{
	for (size_t i = 0; i < c->len; i++)
		strv_release(&c->v[i].from);
}

static void fill_header(struct header *h, const char *fields)
{
	header_init(h);
	while (fields != NULL && *fields != '\0') {
		size_t n = strcspn(fields, "|");

		ck_assert_msg(header_add(h, fields, n), "\"%s\"", fields);
		fields += n + (fields[n] == '|');
	}
}

START_TEST(choose_account_and_sender)
{
	struct route_request request = { .sender = cases[_i].given, .uid = 0 };
	struct account room[COUNT_OF(accounts)];
	struct config c;
	struct header h;
	struct route r;
	struct status st = { 0 };

	fill_config(&c, room, cases[_i].accounts);
	fill_header(&h, cases[_i].header);
	request.header = cases[_i].header ? &h : NULL;
	ck_assert_msg(route_choose(&r, &c, &request, &st) == (cases[_i].sysexit == 0), "%s",
	              st.text);
	ck_assert_int_eq(st.sysexit, cases[_i].sysexit);
	if (cases[_i].sysexit == 0) {
		ck_assert_str_eq(r.account->name, cases[_i].account);
		ck_assert_str_eq(r.sender, cases[_i].sender);
	} else {
		ck_assert_str_ne(st.text, "");
	}
	route_release(&r);
	route_release(&r);
	header_release(&h);
	release_config(&c);
}
END_TEST

static void assert_sender(uid_t uid, const char *want)
{
	struct route_request request = { .uid = uid };
	struct account room[COUNT_OF(accounts)];
	struct config c;
	struct route r;
	struct status st;

	fill_config(&c, room, "default");
	ck_assert(route_choose(&r, &c, &request, &st));
	ck_assert_str_eq(r.sender, want);
	route_release(&r);
	release_config(&c);
}

START_TEST(login_name_from_passwd_only)
{
	setenv("USER", "mallory", 1);
	setenv("LOGNAME", "mallory", 1);
	assert_sender(0, "root@mail.example");
	assert_sender(NO_SUCH_USER, "uid987654321@mail.example");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("route/route");
	TCase *tc = tcase_create("route");

	tcase_add_loop_test(tc, choose_account_and_sender, 0, COUNT_OF(cases));
	tcase_add_test(tc, login_name_from_passwd_only);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
