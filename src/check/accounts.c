#include "check/inspection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/str.h"
#include "deliver/confine.h"

enum { SECRET_MAX = 1 << 16 };

/* --- files that one names --- */

/* The reader's rights are told with the file's. */
static void check_readable(struct inspection *n, const struct account *a, const char *key, const char *path)
{
	if (path == NULL || *path != '/' || access(path, R_OK) == 0)
		return;
	inspect_account_add(n, FINDING_WRONG, a, "name a file that is there and can be read", "%s %s: %s", key, path,
	                    strerror(errno));
}

static void check_tls_files(struct inspection *n, const struct account *a)
{
	if (!a->tls)
		return;
	check_readable(n, a, "tls_trust_file", a->tls_trust_file);
	check_readable(n, a, "tls_cert_file", a->tls_cert_file);
	check_readable(n, a, "tls_key_file", a->tls_key_file);
}

/* A log that does not exist yet needs a directory that can be written to.  Root opens it, if the daemon was root. */
static bool can_append(const char *path)
{
	char *dir = io_parent(path);
	bool ok = access(path, W_OK) == 0 || (errno == ENOENT && access(dir, W_OK) == 0);

	free(dir);
	return ok;
}

static void check_log(struct inspection *n, const struct account *a)
{
	if (a->logfile != NULL && *a->logfile == '/' && !can_append(a->logfile))
		inspect_account_add(n, FINDING_WRONG, a, "name a file that this user can write to, or leave it to syslog",
		                    "logfile %s: %s", a->logfile, strerror(errno));
}

/* The first message makes it, in a directory that is there. */
static void check_maildir(struct inspection *n, const struct account *a)
{
	const char *path = a->maildir;
	char *parent, *remedy;

	if (path == NULL || !reader_is_known(&n->reader) || reader_may(&n->reader, path, W_OK | X_OK))
		return;
	parent = io_parent(path);
	remedy = n->reader.name != NULL ? alloc_printf("install -d -o %s -m 700 %s", n->reader.name, path)
	                                : alloc_copy("name a directory that this user can write to");
	if (errno != ENOENT || !reader_may(&n->reader, parent, W_OK | X_OK))
		inspect_account_add(n, FINDING_WRONG, a, remedy, "maildir %s cannot be written to: %s", path,
		                    strerror(errno));
	free(remedy);
	free(parent);
}

/* --- logging in --- */

static bool only_of(const struct strv *auth, const char *one, const char *other)
{
	for (size_t i = 0; i < auth->len; i++)
		if (!str_iequal(auth->v[i], one) && !str_iequal(auth->v[i], other))
			return false;
	return true;
}

/* A command is not run: inspect_servers() does, before it logs in. */
static void check_password(struct inspection *n, const struct account *a)
{
	char *where, *host = NULL;
	unsigned short port;
	struct status st;
	struct buf secret;

	if (only_of(&a->auth, "EXTERNAL", "GSSAPI") || a->passwordeval != NULL)
		return;
	if (a->hosts.len > 0)
		account_host(a, 0, &host, &port);
	where = alloc_printf("account %s", a->name);
	buf_init(&secret, SECRET_MAX);
	if (!secret_get(n->config, a, host != NULL ? host : "localhost", &secret, &st)) {
		if (st.remedy == NULL && a->password_file != NULL)
			status_advise(&st, "put the password into that file, mode 600, or correct password_file");
		findings_add_status(n->findings, where, &st);
	}
	buf_wipe(&secret);
	free(where);
	free(host);
}

static void check_auth(struct inspection *n, const struct account *a)
{
	if (!a->tls && a->socket == NULL && a->auth.len > 0 && only_of(&a->auth, "PLAIN", "LOGIN"))
		inspect_account_add(n, FINDING_WRONG, a, "set tls on: neither plain nor login is used without it",
		                    "auth names only mechanisms that show the password, and tls is off");
	if (a->ntlmdomain != NULL && !strv_has(&a->auth, "NTLM") && !strv_has(&a->auth, "NTLMV1")
	    && !strv_has(&a->auth, "ON"))
		inspect_account_add(n, FINDING_NOTE, a, "", "ntlmdomain has no effect without auth ntlm");
}

/* --- the connection --- */

static void check_port(struct inspection *n, const struct account *a, unsigned short port)
{
	if (a->tls && a->tls_starttls && port == 465)
		inspect_account_add(n, FINDING_NOTE, a, "", "port 465 usually wants TLS at once: tls_starttls off");
	if (a->tls && !a->tls_starttls && (port == 25 || port == 587))
		inspect_account_add(n, FINDING_NOTE, a, "", "ports 25 and 587 usually want STARTTLS: tls_starttls on");
}

static void check_connection(struct inspection *n, const struct account *a)
{
	for (size_t i = 0; i < a->hosts.len; i++) {
		unsigned short port;
		char *host;

		account_host(a, i, &host, &port);
		if (!str_istarts(host, "srv:"))
			check_port(n, a, port);
		free(host);
	}
	if (a->tls && !a->tls_certcheck)
		inspect_account_add(n, FINDING_NOTE, a, "",
		                    "tls_certcheck off: whoever is on the way can read mail and password");
	if (!a->tls && a->socket == NULL && a->hosts.len > 0)
		inspect_account_add(n, FINDING_NOTE, a, "", "tls off: whoever is on the way can read the mail");
}

static bool has_same(const struct setting *row, const struct account *a, const struct account *b)
{
	struct strv one = { 0 }, other = { 0 };
	bool same;

	setting_show(row, a, &one);
	setting_show(row, b, &other);
	same = one.len == other.len;
	for (size_t i = 0; same && i < one.len; i++)
		same = strcmp(one.v[i], other.v[i]) == 0;
	strv_release(&one);
	strv_release(&other);
	return same;
}

/* A secret is shown as "(set)". */
static bool has_same_password(const struct account *a, const struct account *b)
{
	return a->password == b->password
	       || (a->password != NULL && b->password != NULL && strcmp(a->password, b->password) == 0);
}

static bool is_same(const struct account *a, const struct account *b)
{
	const struct setting *rows;
	size_t len;

	rows = setting_table(&len);
	for (size_t i = 0; i < len; i++)
		if (rows[i].scope == SCOPE_ACCOUNT && !has_same(&rows[i], a, b))
			return false;
	return has_same_password(a, b);
}

bool account_is_copy(const struct config *c, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (is_same(&c->v[j], &c->v[i]))
			return true;
	return false;
}

void inspect_accounts(struct inspection *n)
{
	static void (*const checks[])(struct inspection *n, const struct account *a) = {
		check_tls_files, check_password, check_auth, check_connection, check_log, check_maildir,
	};
	const struct config *c = n->config;

	for (size_t i = 0; i < c->len; i++)
		for (size_t j = 0; j < COUNT_OF(checks) && !account_is_copy(c, i); j++)
			checks[j](n, &c->v[i]);
}

/* --- the processes that deliver --- */

void inspect_confinement(struct inspection *n)
{
	const struct config *c = n->config;
	struct buf what;
	const char *why;

	if (c->settings.deliver == DELIVER_NOW)
		return;
	buf_init(&what, 1024);
	confine_describe(&what);
	findings_add(n->findings, FINDING_NOTE, "", "", "delivery from the queue: %s", what.data);
	buf_release(&what);
	for (size_t i = 0; i < c->len; i++)
		if ((why = confine_exempt(&c->v[i])) != NULL)
			inspect_account_add(n, FINDING_NOTE, &c->v[i], "", "%s", why);
}
