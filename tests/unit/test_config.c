#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/str.h"
#include "config/config.h"
#include "config/machine.h"
#include "unit.h"

/* Each test runs in an empty directory of its own, with an empty environment of ours. */
static char dir[UNIT_DIR_MAX];
static char *outside;

static void begin(void)
{
	unit_dir_make(dir);
	outside = getcwd(NULL, 0);
	ck_assert_int_eq(chdir(dir), 0);
	setenv("XDG_CONFIG_HOME", dir, 1);
	setenv("XDG_STATE_HOME", "/state", 1);
}

static void end(void)
{
	static const char *const ours[] = { "XDG_CONFIG_HOME", "XDG_STATE_HOME", "MAILCHUTE_URL", "MAILCHUTE_CONFIG",
		"MAILCHUTE_PASSWORD", "MAILCHUTE_PASSWORD_FILE", "MAILCHUTE_DELIVER", "MAILCHUTE_REDIRECT",
		"MAILCHUTE_TRY_FOR", "MAILCHUTE_TRYFOR", "MAILCHUTE_ALIASES", "CREDENTIALS_DIRECTORY", "SECRET" };

	for (size_t i = 0; i < COUNT_OF(ours); i++)
		unsetenv(ours[i]);
	ck_assert_int_eq(chdir(outside), 0);
	unit_dir_remove(dir);
	free(outside);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_msg(f != NULL, "%s", path);
	fputs(text, f);
	fclose(f);
}

/* What is in force, as config_print has it. */
enum { NO_SUCH_USER = 987654321 };

static void assert_sender(const struct account *a, uid_t uid, const char *want)
{
	char *sender = account_sender(a, uid);

	ck_assert_str_eq(sender, want);
	free(sender);
}

static char *printed(const struct config *c)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	config_print(c, f);
	fclose(f);
	return text;
}

/* "NAME: LINE" stands in what is printed for the account; "" is the global part. */
static bool says(const char *text, const char *account, const char *line)
{
	char *head = alloc_printf("\naccount %s\n", account), *want = alloc_printf("\n%s\n", line);
	const char *from = *account != '\0' ? strstr(text, head) : text, *to, *found;

	to = from != NULL ? strstr(from + 1, "\naccount ") : NULL;
	found = from != NULL ? strstr(from, want) : NULL;
	if (found == NULL && *account == '\0' && str_starts(text, want + 1))
		found = text;
	free(head);
	free(want);
	return found != NULL && (to == NULL || found < to);
}

struct expect {
	const char *account, *line;
};

static const struct {
	const char *text;           /* of the file "c" */
	const char *error;          /* NULL: it loads */
	struct expect said[4];
} files[] = {
	/* Accounts */
	{ "host a\n", NULL, { { "default", "host a" }, { "default", "tls on" }, { "default", "auth off" } } },
	{ "host a\nuser u\n", NULL, { { "default", "auth on" } } },
	{ "host a\nuser u\nauth off\n", NULL, { { "default", "auth off" } } },
	{ "auth off\nhost a\nuser u\n", NULL, { { "default", "auth off" } } },
	{ "deliver now\nhost a\nmaildomain x.example\nport 26\n", NULL,
	  { { "", "deliver now" }, { "", "maildomain x.example" }, { "default", "port 26" } } },
	{ "account a\nhost h\naccount b\nhost i\n", NULL, { { "a", "host h" }, { "b", "host i" } } },
	{ "host h\naccount b\nhost i\n", NULL, { { "default", "host h" }, { "b", "host i" } } },
	{ "defaults\nport 26\ntls off\naccount a\nhost h\naccount b\nhost i\nport 27\n", NULL,
	  { { "a", "port 26" }, { "b", "port 27" }, { "b", "tls off" } } },
	{ "defaults\nport 26\naccount a\nhost h\ndefaults\nport 27\naccount b\nhost i\n", NULL,
	  { { "a", "port 26" }, { "b", "port 27" } } },
	{ "account a\nhost h\nuser u\nport 26\naccount b : a\nuser v\n", NULL,
	  { { "b", "host h" }, { "b", "user v" }, { "b", "port 26" }, { "a", "user u" } } },
	{ "account a\nhost h\naccount b\nhost i\nport 26\naccount c:a,b\n", NULL,
	  { { "c", "host i" }, { "c", "port 26" } } },
	{ "account a\nhost h\nport 26\naccount b\nhost i\naccount c : a b\n", NULL,
	  { { "c", "host i" }, { "c", "port 26" } } },
	{ "account a\nhost h\nport 26\naccount b : a\naccount c : b\n", NULL, { { "c", "port 26" } } },
	/* What a parent has from `defaults` is not inherited. */
	{ "defaults\nport 26\naccount a\nhost h\ndefaults\nport 27\naccount b : a\n", NULL, { { "b", "port 27" } } },
	{ "account a\nhost h\nport 26\ndefaults\nport 27\naccount b : a\n", NULL, { { "b", "port 26" } } },
	/* Unset again */
	{ "defaults\nuser u\naccount a\nhost h\nuser\n", NULL, { { "a", "auth off" } } },
	{ "account base\nport 26\naccount a : base\nhost h\n", NULL, { { "a", "port 26" } } },
	{ "account a\nhost h\naccount default : a\n", NULL, { { "default", "host h" } } },
	{ "account a\nport 26\n", "c:1: account a has no host", { { 0 } } },
	{ "account a\nhost h\naccount a\n", "c:3: account: \"a\" was made already, at c:1", { { 0 } } },
	{ "host h\naccount default\nhost i\n", "c:2: account: \"default\" was made already, at c:1, by the first key", { { 0 } } },
	{ "account b : a\nhost h\n", "c:1: account: there is no account \"a\" above", { { 0 } } },
	{ "account a : a\nhost h\n", "c:1: account: there is no account \"a\" above", { { 0 } } },
	{ "account\n", "c:1: account: needs a name", { { 0 } } },
	{ "account a, b\n", "is no name", { { 0 } } },
	{ "defaults x\n", "c:1: defaults: takes no value", { { 0 } } },
	{ "deliver now\n", "names no server", { { 0 } } },
	{ "", "names no server", { { 0 } } },

	/* Keys and places */
	{ "host a\n\n#\ntls_startls on\n", "c:4: tls_startls: unknown key; did you mean tls_starttls?", { { 0 } } },
	{ "qqqqqqqqqqqqqq on\n", "c:1: qqqqqqqqqqqqqq: unknown key", { { 0 } } },
	{ "account a\nhost h\ndeliver now\n", "c:3: deliver: holds for all accounts", { { 0 } } },
	{ "defaults\ndeliver now\n", "c:2: deliver: holds for all accounts", { { 0 } } },
	{ "host a\nport x\n", "c:2: port: \"x\" is no port", { { 0 } } },
	{ "host a\001\n", "c:1: a control character", { { 0 } } },

	/* What goes together */
	{ "host a\nauth on\n", "c:2: auth: needs user", { { 0 } } },
	{ "host a\nauth plain\n", "c:2: auth: needs user", { { 0 } } },
	{ "host a\nauth external\n", NULL, { { "default", "auth external" } } },
	{ "host a\nauth gssapi\n", NULL, { { "default", "auth gssapi" } } },
	{ "host a\nauth on\ntls_cert_file /c\ntls_key_file /k\n", NULL, { { "default", "auth on" } } },
	{ "host a\ntls_cert_file /c\n", "c:2: tls_cert_file: needs tls_key_file", { { 0 } } },
	{ "host a\ntls_key_file /k\n", "c:2: tls_key_file: needs tls_cert_file", { { 0 } } },
	{ "host a\ntls_trust_file\n", "c:2: tls_trust_file: is empty", { { 0 } } },
	{ "host a\ntls_trust_file\ntls_certcheck off\n", NULL, { { "default", "tls_trust_file system" } } },
	{ "host a\ntls off\ntls_trust_file\n", NULL, { { "default", "tls off" } } },
	{ "host a\nmaildir /m\n", "c:2: maildir: stands instead of host", { { 0 } } },
	{ "host srv:example.org\nprotocol lmtp\n", "c:1: host: DNS names no servers for LMTP", { { 0 } } },
	{ "maildir /m\n", NULL, { { "default", "maildir /m" } } },
	{ "socket /s\n", NULL, { { "default", "socket /s" } } },
	{ "retry_min 2h\nhost a\n", "c:1: retry_min: is longer than retry_max", { { 0 } } },
	{ "host a\nproxy_host p\n", NULL, { { "default", "proxy_port 1080" } } },
	{ "host a\nproxy_host p\nproxy_port 9050\n", NULL, { { "default", "proxy_port 9050" } } },

	/* What msmtp has per account */
	{ "syslog local1\nlogfile /l\naliases /a\naccount a\nhost h\naccount b\nhost h\nsyslog off\nlogfile /m\naliases\n", NULL,
	  { { "a", "syslog local1" }, { "a", "logfile /l" }, { "b", "syslog off" }, { "b", "logfile /m" } } },
	{ "aliases /a\naccount a\nhost h\naccount b\nhost h\naliases\n", NULL, { { "a", "aliases /a" }, { "b", "aliases off" } } },
	{ "defaults\nlogfile\nsyslog LOG_USER\naccount a\nhost h\n", NULL, { { "a", "syslog user" }, { "a", "logfile off" } } },
	{ "host a\ntls_nostarttls\nadd_missing_from_header off\ntls_nocertcheck\n", NULL,
	  { { "default", "tls_starttls off" }, { "default", "set_from_header off" }, { "default", "tls_certcheck off" } } },

	/* Rules add up, other keys replace */
	{ "rewrite a@b c@d\nrewrite e@f g@h\nhost a\nhost b\nfrom a@b\nfrom c@d\n", NULL,
	  { { "", "rewrite a@b c@d" }, { "", "rewrite e@f g@h" }, { "default", "host b" }, { "default", "from c@d" } } },
	{ "rewrite a@b c@d\nrewrite off\nhost a\n", NULL, { { "", "rewrite off" } } },

	/* File names */
	{ "host a\npassword_file rel\n", NULL, { { "default", "password_file rel" } } },

	/* The environment */
	{ "host ${SECRET}\n", NULL, { { "default", "host hidden" } } },
	{ "host a\nuser $${SECRET}\nauth off\n", NULL, { { "default", "user $${SECRET}" } } },
	{ "host ${NOT_SET}\n", "c:1: host: ${NOT_SET} is not set in the environment", { { 0 } } },
	{ "host a\nfrom_full_name \" x \"\n", NULL, { { "default", "from_full_name \" x \"" } } },

	/* include and eval */
	{ "include d\nhost a\n", NULL, { { "default", "host a" }, { "default", "port 99" } } },
	{ "include sub/*.conf\nhost a\n", NULL, { { "default", "port 98" }, { "default", "timeout 7m" } } },
	{ "include none/*.conf\nhost a\n", NULL, { { "default", "host a" } } },
	{ "include none\nhost a\n", "c:1: include: none: No such file", { { 0 } } },
	{ "include c\n", "c:1: include: c: includes itself", { { 0 } } },
	{ "include bad\n", "bad:1: port: \"x\" is no port", { { 0 } } },
	{ "include\n", "c:1: include: needs a file name", { { 0 } } },
	{ "include .\n", "Is a directory", { { 0 } } },
	{ "eval echo host h; echo port x\n", NULL, { { "default", "host h" } } },
	{ "eval echo\nhost a\n", "c:1: eval: the command wrote nothing", { { 0 } } },
	{ "eval echo '# x'\nhost a\n", NULL, { { "default", "host a" } } },
	{ "eval echo port x\nhost a\n", "c:1: port: \"x\"", { { 0 } } },
	{ "eval echo eval x\nhost a\n", "c:1: eval: gives another eval", { { 0 } } },
	{ "eval exit 3\nhost a\n", "c:1: eval: the command ended with exit code 3", { { 0 } } },
	{ "eval echo user \"$SECRET${SECRET}\"\nhost a\n", NULL, { { "default", "user hiddenhidden" } } },
};

START_TEST(load)
{
	struct status st = { .text = "none" };
	struct config c;
	char *text;
	bool ok;

	setenv("SECRET", "hidden", 1);
	put("c", files[_i].text);
	put("d", "port 99\n");
	put("bad", "port x\n");
	ck_assert_int_eq(mkdir("sub", 0700), 0);
	put("sub/1.conf", "include two\n");
	put("sub/two", "port 98\n");
	put("sub/2.conf", "timeout 7m\n");
	put("sub/.3.conf", "rubbish\n");
	config_init(&c);
	setenv("MAILCHUTE_CONFIG", "c", 1);
	ok = config_load(&c, NULL, &st);
	ck_assert_msg(ok == (files[_i].error == NULL), "%s: %s", files[_i].text, st.text);
	if (!ok) {
		ck_assert_int_eq(st.sysexit, EX_CONFIG);
		ck_assert_msg(strstr(st.text, files[_i].error) != NULL, "%s: %s", files[_i].text, st.text);
	}
	text = printed(&c);
	for (size_t i = 0; ok && i < COUNT_OF(files[_i].said) && files[_i].said[i].line != NULL; i++)
		ck_assert_msg(says(text, files[_i].said[i].account, files[_i].said[i].line), "%s: %s is not in %s",
			files[_i].text, files[_i].said[i].line, text);
	free(text);
	config_release(&c);
}
END_TEST

/* Whoever loads it may go to another directory before the file is opened. */
START_TEST(relative_files_become_absolute)
{
	static const char *const names[] = { "sub/c", "c" };
	struct config c;
	struct status st;
	char *wanted;

	ck_assert_int_eq(mkdir("sub", 0700), 0);
	put(names[_i], "host a\ntls_trust_file ca.pem\n");
	setenv("MAILCHUTE_CONFIG", names[_i], 1);
	config_init(&c);
	ck_assert_msg(config_load(&c, NULL, &st), "%s", st.text);
	wanted = alloc_printf("%s/%sca.pem", dir, _i == 0 ? "sub/" : "");
	ck_assert_str_eq(c.v[0].tls_trust_file, wanted);
	free(wanted);
	config_release(&c);
}
END_TEST

/* What is printed says the same when it is read. */
START_TEST(printed_reads_as_it_was)
{
	struct config c, again;
	struct status st;
	char *first, *second;

	if (files[_i].error != NULL || strstr(files[_i].text, "tls_trust_file") != NULL || strstr(files[_i].text, "password") != NULL)
		return;
	setenv("SECRET", "hidden", 1);
	put("c", files[_i].text);
	put("d", "port 99\n");
	ck_assert_int_eq(mkdir("sub", 0700), 0);
	put("sub/1.conf", "port 98\n");
	config_init(&c);
	config_init(&again);
	setenv("MAILCHUTE_CONFIG", "c", 1);
	ck_assert(config_load(&c, NULL, &st));
	first = printed(&c);
	put("e", first);
	setenv("MAILCHUTE_CONFIG", "e", 1);
	ck_assert_msg(config_load(&again, NULL, &st), "%s", st.text);
	second = printed(&again);
	ck_assert_str_eq(first, second);
	free(first);
	free(second);
	config_release(&c);
	config_release(&again);
}
END_TEST

/* msmtprc as its manual shows it. */
static const char msmtprc[] =
	"# Set default values for all following accounts.\n"
	"defaults\n\n# Use the mail submission port 587 instead of the SMTP port 25.\nport 587\n\n"
	"# Always use TLS.\ntls on\n\n#tls_trust_file /etc/ssl/certs/ca-certificates.crt\n\n"
	"# A freemail service\naccount freemail\n\nhost smtp.freemail.example\n\n"
	"from joe_smith@freemail.example\n\nauth on\nuser joe.smith\n\n"
	"passwordeval gpg2 --no-tty -q -d ~/.msmtp-password.gpg\n\n#password secret123\n\n"
	"# A second mail address at the same freemail service\naccount freemail2 : freemail\nfrom joey@freemail.example\n\n"
	"# The SMTP server of your ISP\naccount isp\nhost mail.isp.example\nfrom smithjoe@isp.example\nauth on\nuser 12345\n\n"
	"# Set a default account\naccount default : freemail\n";

START_TEST(the_msmtprc_of_the_manual)
{
	struct status st;
	struct config c;
	char *text;

	put("c", msmtprc);
	setenv("MAILCHUTE_CONFIG", "c", 1);
	config_init(&c);
	ck_assert_msg(config_load(&c, NULL, &st), "%s", st.text);
	ck_assert_uint_eq(c.len, 4);
	text = printed(&c);
	ck_assert(says(text, "freemail2", "host smtp.freemail.example"));
	ck_assert(says(text, "freemail2", "user joe.smith"));
	ck_assert(says(text, "isp", "port 587"));
	ck_assert(says(text, "isp", "user 12345"));
	ck_assert_ptr_null(strstr(text, "gpg2"));
	ck_assert_str_eq(account_choose(&c, 0, "joey+list@FREEMAIL.example", NULL).account->name, "freemail2");
	ck_assert_str_eq(account_choose(&c, 0, "smithjoe@isp.example", NULL).account->name, "isp");
	ck_assert_str_eq(account_choose(&c, 0, "root@localhost", NULL).account->name, "default");
	free(text);
	config_release(&c);
}
END_TEST

static const char system_msmtprc[] =
	"account default\nhost mail.oursite.example\nport 465\ntls on\ntls_starttls off\n"
	"from %U@oursite.example\nallow_from_override off\nset_from_header on\nsyslog LOG_MAIL\n";

START_TEST(the_system_msmtprc_of_the_manual)
{
	struct status st;
	struct config c;

	put("c", system_msmtprc);
	setenv("MAILCHUTE_CONFIG", "c", 1);
	config_init(&c);
	ck_assert_msg(config_load(&c, NULL, &st), "%s", st.text);
	assert_sender(&c.v[0], 0, "root@oursite.example");
	assert_sender(&c.v[0], NO_SUCH_USER, "%U@oursite.example");
	ck_assert(!c.v[0].allow_from_override);
	ck_assert_int_eq(c.v[0].syslog, LOG_MAIL);
	config_release(&c);
}
END_TEST

/* Which configuration */

static const struct {
	const char *argument, *url, *chosen;
	bool own;
	const char *host, *path, *error;
} orders[] = {
	{ .argument = "x", .url = "smtp://u", .chosen = "y", .own = true, .host = "x", .path = "x" },
	{ .url = "smtp://u", .chosen = "y", .own = true, .host = "u" },
	{ .chosen = "y", .own = true, .host = "y", .path = "y" },
	{ .chosen = "missing", .own = true, .host = "own" },
	{ .chosen = "", .url = "", .own = true, .host = "own" },
	{ .own = true, .host = "own" },
	{ .argument = "missing", .url = "smtp://u", .chosen = "y", .own = true, .error = "missing: No such file" },
	{ .chosen = "bad", .own = true, .error = "bad:1: port" },
	{ .url = "imap://u", .own = true, .error = "MAILCHUTE_URL: does not begin" },
	{ .error = "no configuration" },
};

START_TEST(order)
{
	struct status st = { .text = "none" };
	struct config c;
	bool ok;

	put("x", "host x\n");
	put("y", "host y\n");
	put("bad", "port x\n");
	ck_assert_int_eq(mkdir("mailchute", 0700), 0);
	if (orders[_i].own)
		put("mailchute/config", "host own\n");
	if (orders[_i].url != NULL)
		setenv("MAILCHUTE_URL", orders[_i].url, 1);
	if (orders[_i].chosen != NULL)
		setenv("MAILCHUTE_CONFIG", orders[_i].chosen, 1);
	config_init(&c);
	ok = config_load(&c, orders[_i].argument, &st);
	ck_assert_msg(ok == (orders[_i].error == NULL), "%s", st.text);
	if (ok) {
		ck_assert_str_eq(c.v[0].hosts.v[0], orders[_i].host);
		ck_assert_str_eq(c.settings.spool, "/state/mailchute");
		ck_assert(!c.system && c.commands_allowed);
	} else {
		ck_assert_int_eq(st.sysexit, EX_CONFIG);
		ck_assert_msg(strstr(st.text, orders[_i].error) != NULL, "%s", st.text);
	}
	config_release(&c);
}
END_TEST

START_TEST(none_at_all_is_three_lines)
{
	struct status st;
	struct config c;
	size_t lines = 1;

	if (access(SYSCONFDIR "/mailchute.conf", F_OK) == 0)
		return;
	config_init(&c);
	ck_assert(!config_load(&c, NULL, &st));
	for (const char *p = st.text; *p != '\0'; p++)
		lines += *p == '\n';
	ck_assert_int_eq(st.sysexit, EX_CONFIG);
	ck_assert_uint_eq(lines, 3);
	ck_assert_uint_lt(strlen(st.text), sizeof(st.text) - 1);
	config_release(&c);
}
END_TEST

/* Root reads everything: be nobody meanwhile. */
static bool load_as_nobody(struct config *c, const char *file, struct status *st)
{
	bool root = geteuid() == 0, ok;

	if (root)
		ck_assert_int_eq(setegid(65534) + seteuid(65534), 0);
	ok = config_load(c, file, st);
	if (root)
		ck_assert_int_eq(seteuid(0) + setegid(0), 0);
	return ok;
}

static const struct {
	const char *name, *chosen, *argument;
	int sysexit;
} unreadable[] = {
	{ "chosen", "c", NULL, EX_TEMPFAIL },
	{ "included", "i", NULL, EX_TEMPFAIL },
	{ "argument", NULL, "c", EX_CONFIG },
	{ "included by an argument", NULL, "i", EX_CONFIG },
};

START_TEST(may_not_be_read)
{
	struct status st;
	struct config c;

	put("c", "host a\n");
	put("i", "include c\n");
	ck_assert_int_eq(chmod("c", 0) + chmod(".", 0755), 0);
	if (unreadable[_i].chosen != NULL)
		setenv("MAILCHUTE_CONFIG", unreadable[_i].chosen, 1);
	config_init(&c);
	ck_assert(!load_as_nobody(&c, unreadable[_i].argument, &st));
	ck_assert_msg(st.sysexit == unreadable[_i].sysexit, "%s: %d", unreadable[_i].name, st.sysexit);
	ck_assert_ptr_nonnull(strstr(st.text, "c: Permission denied"));
	config_release(&c);
}
END_TEST

/* A directory that may not be searched hides what is in it: as if nothing were there. */
START_TEST(what_cannot_be_seen_is_not_there)
{
	struct status st;
	struct config c;

	ck_assert_int_eq(chmod(".", 0755) + mkdir("mailchute", 0700), 0);
	put("mailchute/config", "host a\n");
	ck_assert_int_eq(chmod("mailchute", 0), 0);
	config_init(&c);
	ck_assert(!load_as_nobody(&c, NULL, &st));
	ck_assert_int_eq(st.sysexit, EX_CONFIG);
	ck_assert_int_eq(chmod("mailchute", 0700), 0);
	config_release(&c);
}
END_TEST

/* An argument must never become a program. */
static const struct {
	const char *text;
	bool command;
} arguments[] = {
	{ "host a\nuser u\npasswordeval touch ran; echo x\n", true },
	{ "eval touch ran; echo host a\n", true },
	{ "host a\ninclude evil\n", true },
	{ "host a\nuser u\npassword p\n", false },
	{ "host a\nuser u\npasswordeval\n", false },
};

static void check_argument(int i, bool roots)
{
	struct status st;
	struct config c;
	bool ok;

	put("c", arguments[i].text);
	put("evil", "eval touch ran; echo port 26\n");
	if (geteuid() == 0 && !roots)
		ck_assert_int_eq(chown("c", 65534, 65534) + chown("evil", 65534, 65534), 0);
	config_init(&c);
	ok = config_load(&c, "c", &st);
	ck_assert_int_eq(ok, roots || !arguments[i].command);
	if (!ok) {
		ck_assert_int_eq(st.sysexit, EX_CONFIG);
		ck_assert_ptr_nonnull(strstr(st.text, "commands are refused in a file named by -C"));
		ck_assert_int_eq(access("ran", F_OK), -1);
	}
	config_release(&c);
}

START_TEST(no_commands_from_an_argument)
{
	check_argument(_i, false);
}
END_TEST

START_TEST(commands_from_an_argument_that_is_roots)
{
	if (geteuid() == 0)
		check_argument(_i, true);
}
END_TEST

START_TEST(no_commands_from_roots_file_that_others_write)
{
	struct status st;
	struct config c;

	put("c", arguments[0].text);
	ck_assert_int_eq(chmod("c", 0664), 0);
	config_init(&c);
	ck_assert(!config_load(&c, "c", &st));
	config_release(&c);
}
END_TEST

/* The environment */

START_TEST(url_and_its_password)
{
	struct status st;
	struct config c;
	struct buf secret;

	setenv("MAILCHUTE_URL", "submission://joe%40x:no@mail.example:26?auth=plain&from=a@b.c&passwordeval=", 1);
	setenv("MAILCHUTE_PASSWORD", "a b$${x", 1);
	buf_init(&secret, 100);
	config_init(&c);
	ck_assert_msg(config_load(&c, NULL, &st), "%s", st.text);
	ck_assert_ptr_null(c.path);
	ck_assert_str_eq(c.v[0].name, "default");
	ck_assert_str_eq(c.v[0].user, "joe@x");
	ck_assert_str_eq(c.v[0].auth.v[0], "PLAIN");
	assert_sender(&c.v[0], 0, "a@b.c");
	ck_assert(secret_get(&c, &c.v[0], "mail.example", &secret, &st));
	ck_assert_str_eq(secret.data, "no"); /* what the address says comes last */
	buf_wipe(&secret);
	config_release(&c);
}
END_TEST

static const struct {
	const char *url, *error;
} urls[] = {
	{ "smtp://h?deliver=now", "MAILCHUTE_URL: deliver: holds for all accounts" },
	{ "smtp://h?tsl=on", "MAILCHUTE_URL: tsl: unknown key; did you mean tls?" },
	{ "smtp://h:0", "MAILCHUTE_URL: host: \"h:0\" is no NAME" },
	{ "smtp://h?tls_cert_file=rel", "must begin with /" },
	{ "smtp://h?auth=plain", "MAILCHUTE_URL: auth: needs user" },
	{ "smtp://h?auth=plan&user=x", "did you mean PLAIN?" },
};

START_TEST(wrong_url)
{
	struct status st;
	struct config c;

	setenv("MAILCHUTE_URL", urls[_i].url, 1);
	config_init(&c);
	ck_assert(!config_load(&c, NULL, &st));
	ck_assert_int_eq(st.sysexit, EX_CONFIG);
	ck_assert_msg(strstr(st.text, urls[_i].error) != NULL, "%s", st.text);
	config_release(&c);
}
END_TEST

START_TEST(variables_replace_what_the_file_says)
{
	struct status st;
	struct config c;
	bool noted = false;

	put("c", "deliver auto\ntry_for 1m\nhost a\n");
	setenv("MAILCHUTE_CONFIG", "c", 1);
	setenv("MAILCHUTE_DELIVER", "now", 1);
	setenv("MAILCHUTE_TRYFOR", "2m", 1);
	setenv("MAILCHUTE_ALIASES", "/x/y", 1);
	config_init(&c);
	ck_assert_msg(config_load(&c, NULL, &st), "%s", st.text);
	ck_assert_int_eq(c.settings.deliver, DELIVER_NOW);
	ck_assert_int_eq(c.settings.try_for, 60000);
	ck_assert_str_eq(c.v[0].aliases.v[0], "/x/y");
	for (size_t i = 0; i < c.notes.len; i++)
		noted = noted || strcmp(c.notes.v[i], "MAILCHUTE_TRYFOR: is no variable that mailchute knows") == 0;
	ck_assert(noted);
	config_release(&c);
	setenv("MAILCHUTE_DELIVER", "sometimes", 1);
	config_init(&c);
	ck_assert(!config_load(&c, NULL, &st));
	ck_assert_ptr_nonnull(strstr(st.text, "MAILCHUTE_DELIVER: "));
	config_release(&c);
}
END_TEST

/* What is known and does nothing */

static const struct {
	const char *text, *note;
} ignored[] = {
	{ "host a\n", NULL },
	{ "rewrite off\nredirect off\nhost a\n", NULL },
	{ "redirect a@b.c\nallow_to a@b.c\nhost srv:example.org\n", NULL },
	{ "maildir /m\n", NULL },
	{ "host a\ntls_force_sslv3\n", "c:2: tls_force_sslv3: has no effect: TLS 1.2 is the least" },
};

START_TEST(without_effect)
{
	struct status st;
	struct config c;

	put("c", ignored[_i].text);
	setenv("MAILCHUTE_CONFIG", "c", 1);
	config_init(&c);
	ck_assert_msg(config_load(&c, NULL, &st), "%s", st.text);
	ck_assert_uint_eq(c.notes.len, ignored[_i].note != NULL);
	if (ignored[_i].note != NULL)
		ck_assert_str_eq(c.notes.v[0], ignored[_i].note);
	config_release(&c);
}
END_TEST

/* Choosing an account */

static const char choices[] =
	"account exact\nhost h\nfrom joe@example.org\n"
	"account idn\nhost h\nfrom chef@b\xc3\xbc" "cher.example\n"
	"account alabel\nhost h\nfrom koch@xn--bcher-kva.example\n"
	"account pattern\nhost h\nfrom *@example.org x?z@example.net\n"
	"account detail\nhost h\nfrom ann+work@example.org\n"
	"account literal\nhost h\nfrom root@[10.0.0.1]\n"
	"account late\nhost h\nfrom bob@example.org\n"
	"account wild\nhost h\nfrom *@*.b\xc3\xbc" "cher.example\n"
	"account login\nhost h\nfrom %U@login.example\n"
	"account default\nhost h\n";

static const struct {
	const char *sender, *from_field, *account;
	bool by_from_field;
} chosen[] = {
	{ "joe@example.org", NULL, "exact", false },
	{ "JOE@Example.ORG", NULL, "exact", false },
	{ "joe+x@example.org", NULL, "exact", false },
	{ "joe+x+y@example.org", NULL, "exact", false },
	{ "jo@example.org", NULL, "pattern", false },
	{ "bob@example.org", NULL, "late", false },           /* exact before pattern */
	{ "ann+work@example.org", NULL, "detail", false },
	{ "ann+play@example.org", NULL, "pattern", false },
	{ "xyz@example.net", NULL, "pattern", false },
	{ "xyz+q@example.net", NULL, "pattern", false },
	{ "xyyz@example.net", NULL, "default", false },
	{ "chef@b\xc3\xbc" "cher.example", NULL, "idn", false },
	{ "chef@B\xc3\x9c" "CHER.example", NULL, "idn", false },
	{ "chef@xn--bcher-kva.example", NULL, "idn", false },
	{ "koch@b\xc3\xbc" "cher.example", NULL, "alabel", false },
	{ "a@sub.xn--bcher-kva.example", NULL, "wild", false },
	{ "a@SUB.b\xc3\xbc" "cher.example", NULL, "wild", false },
	{ "root@login.example", NULL, "login", false },
	{ "root+x@login.example", NULL, "login", false },
	{ "daemon@login.example", NULL, "default", false },
	{ "root@[10.0.0.1]", NULL, "literal", false },
	{ "root@1", NULL, "default", false },
	{ "root", NULL, "default", false },
	{ "", NULL, "default", false },
	{ NULL, NULL, "default", false },
	{ NULL, "joe@example.org", "exact", true },
	{ "", "joe@example.org", "exact", true },
	{ "nobody@elsewhere.example", "joe@example.org", "exact", true },
	{ "bob@example.org", "joe@example.org", "late", false },
	{ "z@example.org", "joe@example.org", "pattern", false },  /* the first by a pattern before the second exactly */
	{ "nobody@elsewhere.example", "nor@there.example", "default", false },
};

START_TEST(choose)
{
	struct account_choice got;
	struct status st;
	struct config c;

	put("c", choices);
	setenv("MAILCHUTE_CONFIG", "c", 1);
	config_init(&c);
	ck_assert_msg(config_load(&c, NULL, &st), "%s", st.text);
	got = account_choose(&c, 0, chosen[_i].sender, chosen[_i].from_field);
	ck_assert_str_eq(got.account->name, chosen[_i].account);
	ck_assert_int_eq(got.by_from_field, chosen[_i].by_from_field);
	ck_assert_int_eq(got.entry == NULL, strcmp(chosen[_i].account, "default") == 0);
	config_release(&c);
}
END_TEST

static const struct {
	const char *first, *second;   /* `from` of two accounts */
	bool covered;
} overlaps[] = {
	{ "a@x", "a@x", true },
	{ "a@x", "A@X", true },
	{ "a@x", "b@x", false },
	{ "b@x a@x", "c@x a@x", true },
	{ "*@x", "a@x", false },                 /* exact before pattern */
	{ "a@x", "*@x", false },
	{ "*@x", "*@x", true },
	{ "*@x", "sales-*@x", true },
	{ "sales-*@x", "*@x", false },
	{ "a*@x", "*b@x", false },               /* each has mail of its own */
	{ "?@x", "*@x", false },
	{ "*@" "b\xc3\xbc" "cher.example", "*@xn--bcher-kva.example", true },
	{ "%U@x", "%U@x", true },
};

START_TEST(overlap)
{
	char *text = alloc_printf("account a\nhost h\nfrom %s\naccount b\nhost h\nfrom %s\n",
		overlaps[_i].first, overlaps[_i].second);
	bool covered = false;
	struct status st;
	struct config c;

	put("c", text);
	setenv("MAILCHUTE_CONFIG", "c", 1);
	config_init(&c);
	ck_assert_msg(config_load(&c, NULL, &st), "%s", st.text);
	for (size_t i = 0; i < c.v[1].from.len; i++)
		covered |= account_covering(&c, &c.v[1], c.v[1].from.v[i]) == &c.v[0];
	ck_assert_int_eq(covered, overlaps[_i].covered);
	config_release(&c);
	free(text);
}
END_TEST

START_TEST(no_default_no_account)
{
	struct status st;
	struct config c;

	put("c", "account a\nhost h\nfrom *@x.example joe@y.example\n");
	setenv("MAILCHUTE_CONFIG", "c", 1);
	config_init(&c);
	ck_assert(config_load(&c, NULL, &st));
	ck_assert_ptr_null(account_choose(&c, 0, "a@b.c", NULL).account);
	ck_assert_ptr_null(account_named(&c, "default"));
	assert_sender(account_named(&c, "a"), 0, "joe@y.example");
	config_release(&c);
}
END_TEST

static const struct {
	const char *text, *host;
	unsigned short port;
} ports[] = {
	{ "host h\n", "h", 587 },
	{ "host h\ntls_starttls off\n", "h", 465 },
	{ "host h\ntls off\n", "h", 25 },
	{ "host h\nprotocol lmtp\n", "h", 24 },
	{ "host h\nport 26\n", "h", 26 },
	{ "host h:27\nport 26\n", "h", 27 },
	{ "host [::1]:27\n", "::1", 27 },
	{ "host [::1]\n", "::1", 587 },
	{ "host 2001:db8::1\n", "2001:db8::1", 587 },
	{ "host 10.0.0.1:27\n", "10.0.0.1", 27 },
};

START_TEST(host_and_port)
{
	unsigned short port;
	struct status st;
	struct config c;
	char *host;

	put("c", ports[_i].text);
	setenv("MAILCHUTE_CONFIG", "c", 1);
	config_init(&c);
	ck_assert(config_load(&c, NULL, &st));
	account_host(&c.v[0], 0, &host, &port);
	ck_assert_str_eq(host, ports[_i].host);
	ck_assert_uint_eq(port, ports[_i].port);
	free(host);
	config_release(&c);
}
END_TEST

/* Passwords */

static const struct {
	const char *text, *password, *error;
} secrets[] = {
	{ "password p\n", "p", NULL },
	{ "password \" p q \"\n", " p q ", NULL },
	{ "password a#b\"c\\d\n", "a#b\"c\\d", NULL },
	{ "password ${SECRET}\n", "hidden", NULL },
	{ "password p\npasswordeval echo no\npassword_file /none\n", "p", NULL },
	{ "password_file cred\n", "from file ", NULL },
	{ "password_file /none/none\n", NULL, "password_file: /none/none: No such file" },
	{ "password_file empty\n", NULL, "its first line is empty" },
	{ "password_file nul\n", NULL, "holds a NUL" },
	{ "passwordeval echo p\n", "p", NULL },
	{ "passwordeval echo p; echo q\n", "p", NULL },
	{ "passwordeval printf 'p\\r\\n'\n", "p", NULL },
	{ "passwordeval printf p\n", "p", NULL },
	{ "passwordeval cat; echo p\n", "p", NULL },                  /* stdin is empty */
	{ "passwordeval (sleep 5; echo q) & echo p\n", "p", NULL },   /* what is left running is not waited for */
	{ "passwordeval test -n \"$HOME\" && echo p\n", "p", NULL },
	{ "passwordeval echo p; exit 1\n", NULL, "ended with exit code 1" },
	{ "passwordeval kill -9 $$\n", NULL, "killed by signal 9" },
	{ "passwordeval true\n", NULL, "wrote nothing" },
	{ "passwordeval echo; echo p\n", NULL, "wrote nothing" },
	{ "passwordeval printf 'a\\0b\\n'\n", NULL, "wrote a NUL" },
	{ "passwordeval head -c 100000 /dev/zero | tr '\\0' x\n", NULL, "too long" },
	{ "passwordeval /none/none 2>/dev/null\n", NULL, "ended with exit code 127" },
	{ "", NULL, "there is no password for test_config_user at h.invalid: set password_file" },
};

START_TEST(secret)
{
	char *text = alloc_printf("host h\nuser test_config_user\n%s", secrets[_i].text);
	struct status st = { .text = "none" };
	struct config c;
	struct buf out;
	int fd;
	bool ok;

	setenv("SECRET", "hidden", 1);
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	put("c", text);
	put("cred", "from file \nmore\n");
	put("empty", "\nx\n");
	fd = open("nul", O_WRONLY | O_CREAT, 0600);
	ck_assert(io_write_all(fd, "a\0b\n", 4));
	close(fd);
	setenv("MAILCHUTE_CONFIG", "c", 1);
	buf_init(&out, 1000);
	config_init(&c);
	ck_assert_msg(config_load(&c, NULL, &st), "%s", st.text);
	ok = secret_get(&c, &c.v[0], "h.invalid", &out, &st);
	ck_assert_msg(ok == (secrets[_i].password != NULL), "%s: %s", secrets[_i].text, st.text);
	if (ok) {
		ck_assert_str_eq(out.data, secrets[_i].password);
	} else {
		ck_assert_int_eq(st.sysexit, EX_CONFIG);
		ck_assert_msg(strstr(st.text, secrets[_i].error) != NULL, "%s", st.text);
	}
	buf_wipe(&out);
	config_release(&c);
	free(text);
}
END_TEST

START_TEST(no_credentials_directory)
{
	struct status st;
	struct config c;
	struct buf out;

	put("c", "host h\nuser u\npassword_file cred\n");
	setenv("MAILCHUTE_CONFIG", "c", 1);
	buf_init(&out, 100);
	config_init(&c);
	ck_assert(config_load(&c, NULL, &st));
	ck_assert(!secret_get(&c, &c.v[0], "h", &out, &st));
	ck_assert_ptr_nonnull(strstr(st.text, "$CREDENTIALS_DIRECTORY, which is not set"));
	buf_wipe(&out);
	config_release(&c);
}
END_TEST

/* No secret in what is printed, whatever it is made of. */
START_TEST(secrets_are_not_printed)
{
	struct status st;
	struct config c;
	char *text;

	put("c", "host h\nuser u\npassword s3cret\npasswordeval echo s3cret\naccount b\nhost h\nuser u\npassword s3cret\n");
	setenv("MAILCHUTE_CONFIG", "c", 1);
	config_init(&c);
	ck_assert(config_load(&c, NULL, &st));
	text = printed(&c);
	ck_assert_ptr_null(strstr(text, "s3cret"));
	ck_assert(says(text, "b", "password (set)"));
	ck_assert_uint_eq(c.secret_files.len, 1);
	free(text);
	config_release(&c);
}
END_TEST

START_TEST(includes_have_a_depth)
{
	struct status st;
	struct config c;

	for (int i = 0; i < 20; i++) {
		char *name = alloc_printf("f%d", i), *text = alloc_printf("include f%d\n", i + 1);

		put(name, text);
		free(name);
		free(text);
	}
	put("f20", "host a\n");
	config_init(&c);
	setenv("MAILCHUTE_CONFIG", "f0", 1);
	ck_assert(!config_load(&c, NULL, &st));
	ck_assert_ptr_nonnull(strstr(st.text, "deep"));
	config_release(&c);
	config_init(&c);
	setenv("MAILCHUTE_CONFIG", "f10", 1);
	ck_assert_msg(config_load(&c, NULL, &st), "%s", st.text);
	config_release(&c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config/config");
	TCase *tc = tcase_create("config");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, load, 0, COUNT_OF(files));
	tcase_add_loop_test(tc, relative_files_become_absolute, 0, 2);
	tcase_add_loop_test(tc, printed_reads_as_it_was, 0, COUNT_OF(files));
	tcase_add_test(tc, the_msmtprc_of_the_manual);
	tcase_add_test(tc, the_system_msmtprc_of_the_manual);
	tcase_add_loop_test(tc, order, 0, COUNT_OF(orders));
	tcase_add_test(tc, none_at_all_is_three_lines);
	tcase_add_loop_test(tc, may_not_be_read, 0, COUNT_OF(unreadable));
	tcase_add_test(tc, what_cannot_be_seen_is_not_there);
	tcase_add_loop_test(tc, no_commands_from_an_argument, 0, COUNT_OF(arguments));
	tcase_add_loop_test(tc, commands_from_an_argument_that_is_roots, 0, COUNT_OF(arguments));
	tcase_add_test(tc, no_commands_from_roots_file_that_others_write);
	tcase_add_test(tc, url_and_its_password);
	tcase_add_loop_test(tc, wrong_url, 0, COUNT_OF(urls));
	tcase_add_test(tc, variables_replace_what_the_file_says);
	tcase_add_loop_test(tc, without_effect, 0, COUNT_OF(ignored));
	tcase_add_loop_test(tc, choose, 0, COUNT_OF(chosen));
	tcase_add_loop_test(tc, overlap, 0, COUNT_OF(overlaps));
	tcase_add_test(tc, no_default_no_account);
	tcase_add_loop_test(tc, host_and_port, 0, COUNT_OF(ports));
	tcase_add_loop_test(tc, secret, 0, COUNT_OF(secrets));
	tcase_add_test(tc, no_credentials_directory);
	tcase_add_test(tc, secrets_are_not_printed);
	tcase_add_test(tc, includes_have_a_depth);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
