#include "cmd/finding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "deliver/confine.h"
#include "route/aliases.h"

enum { SECRET_MAX = 1 << 16 };

void findings_init(struct findings *f)
{
	*f = (struct findings){ 0 };
}

void findings_release(struct findings *f)
{
	for (size_t i = 0; i < f->len; i++) {
		free(f->v[i].where);
		free(f->v[i].what);
		free(f->v[i].remedy);
	}
	free(f->v);
	strv_release(&f->notes);
	findings_init(f);
}

static void take(struct findings *f, struct finding new)
{
	if (f->len == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 8;
		f->v = alloc_array(f->v, f->cap, sizeof(*f->v));
	}
	f->v[f->len++] = new;
}

void findings_add(struct findings *f, const char *where, const char *what, const char *remedy)
{
	take(f, (struct finding){ alloc_copy(where), alloc_copy(what), alloc_copy(remedy) });
}

static void add_account(struct findings *f, const struct account *a, char *what, const char *remedy)
{
	take(f, (struct finding){ alloc_printf("account %s", a->name), what, alloc_copy(remedy) });
}

static void add_note(struct findings *f, const struct account *a, const char *note)
{
	strv_take(&f->notes, alloc_printf("account %s: %s", a->name, note));
}

/* Files */

static bool others_may(const char *path, mode_t bits)
{
	struct stat is;

	return stat(path, &is) == 0 && (is.st_mode & bits) != 0;
}

static void check_files(struct findings *f, const struct config *c)
{
	for (size_t i = 0; i < c->secret_files.len; i++)
		if (others_may(c->secret_files.v[i], S_IROTH))
			findings_add(f, c->secret_files.v[i], "everybody can read the password in it",
				"chmod 600, or for serve chown root:mailchute and chmod 640");
	for (size_t i = 0; i < c->files.len; i++)
		if (others_may(c->files.v[i], S_IWOTH))
			findings_add(f, c->files.v[i], "everybody can change it", "chmod o-w");
}

static void check_readable(struct findings *f, const struct account *a, const char *key,
	const char *path)
{
	if (path != NULL && *path == '/' && access(path, R_OK) < 0)
		add_account(f, a, alloc_printf("%s %s: %s", key, path, strerror(errno)),
			"name a file that this user can read");
}

static void check_tls_files(struct findings *f, const struct config *c, const struct account *a)
{
	(void)c;
	if (!a->tls)
		return;
	check_readable(f, a, "tls_trust_file", a->tls_trust_file);
	check_readable(f, a, "tls_cert_file", a->tls_cert_file);
	check_readable(f, a, "tls_key_file", a->tls_key_file);
	if (a->tls_key_file != NULL && others_may(a->tls_key_file, S_IROTH))
		findings_add(f, a->tls_key_file, "everybody can read this private key", "chmod 600");
}

/* A log that does not exist yet needs a directory that can be written to. */
static bool can_append(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = alloc_copyn(path, slash == path ? 1 : (size_t)(slash - path));
	bool ok = access(path, W_OK) == 0 || (errno == ENOENT && access(dir, W_OK) == 0);

	free(dir);
	return ok;
}

static void check_log(struct findings *f, const struct config *c, const struct account *a)
{
	(void)c;
	if (a->logfile != NULL && *a->logfile == '/' && !can_append(a->logfile))
		add_account(f, a, alloc_printf("logfile %s: %s", a->logfile, strerror(errno)),
			"name a file that this user can write to, or leave it to syslog");
}

/* statfs(2) names them, but not in every libc's headers. */
static const unsigned long tmpfs = 0x01021994UL, ramfs = 0x858458F6UL;

/* The first message makes the spool; until then its place is its nearest parent's. */
static bool is_in_memory(const char *dir)
{
	char *path = alloc_copy(dir), *slash;
	struct statfs is;
	bool known;

	while (!(known = statfs(path, &is) == 0) && (slash = strrchr(path, '/')) != NULL && slash > path)
		*slash = '\0';
	free(path);
	return known && ((unsigned long)is.f_type == tmpfs || (unsigned long)is.f_type == ramfs);
}

static void check_spool(struct findings *f, const struct config *c)
{
	if (c->settings.deliver != DELIVER_NOW && is_in_memory(c->settings.spool))
		strv_take(&f->notes, alloc_printf("spool %s is in memory: mail that waits there is lost when the "
			"machine stops", c->settings.spool));
}

/* Logging in */

static bool only_without_password(const struct account *a)
{
	for (size_t i = 0; i < a->auth.len; i++)
		if (strcmp(a->auth.v[i], "EXTERNAL") != 0 && strcmp(a->auth.v[i], "GSSAPI") != 0)
			return false;
	return true;
}

static bool only_in_clear(const struct account *a)
{
	for (size_t i = 0; i < a->auth.len; i++)
		if (strcmp(a->auth.v[i], "PLAIN") != 0 && strcmp(a->auth.v[i], "LOGIN") != 0)
			return false;
	return a->auth.len > 0;
}

static void check_password(struct findings *f, const struct config *c, const struct account *a)
{
	char *path = secret_file(a), *host = NULL;
	unsigned short port;
	struct status st;
	struct buf secret;

	if (only_without_password(a) || a->passwordeval != NULL)
		goto out;
	if (path != NULL && others_may(path, S_IROTH))
		findings_add(f, path, "everybody can read the password in it", "chmod 600");
	if (a->hosts.len > 0)
		account_host(a, 0, &host, &port);
	buf_init(&secret, SECRET_MAX);
	if (!secret_get(c, a, host != NULL ? host : "localhost", &secret, &st))
		findings_add(f, "", st.text, "");
	buf_wipe(&secret);
out:
	free(host);
	free(path);
}

static void check_auth(struct findings *f, const struct config *c, const struct account *a)
{
	(void)c;
	if (!a->tls && a->socket == NULL && only_in_clear(a))
		add_account(f, a, alloc_copy("auth names only mechanisms that show the password, and tls is off"),
			"set tls on: neither plain nor login is used without it");
	if (a->ntlmdomain != NULL && !strv_has(&a->auth, "NTLM") && !strv_has(&a->auth, "NTLMV1")
		&& !strv_has(&a->auth, "ON"))
		add_note(f, a, "ntlmdomain has no effect without auth ntlm");
}

/* The connection */

static void check_port(struct findings *f, const struct account *a, unsigned short port)
{
	if (a->tls && a->tls_starttls && port == 465)
		add_note(f, a, "port 465 usually wants TLS at once: tls_starttls off");
	if (a->tls && !a->tls_starttls && (port == 25 || port == 587))
		add_note(f, a, "ports 25 and 587 usually want STARTTLS: tls_starttls on");
}

static void check_connection(struct findings *f, const struct config *c, const struct account *a)
{
	(void)c;
	for (size_t i = 0; i < a->hosts.len; i++) {
		unsigned short port;
		char *host;

		account_host(a, i, &host, &port);
		check_port(f, a, port);
		free(host);
	}
	if (a->tls && !a->tls_certcheck)
		add_note(f, a, "tls_certcheck off: whoever is on the way can read mail and password");
	if (!a->tls && a->socket == NULL)
		add_note(f, a, "tls off: whoever is on the way can read the mail");
}

static void check_usable(struct findings *f, const struct config *c, const struct account *a)
{
	struct status st;

	if (config_usable(c, NULL, &st) && !config_usable(c, a, &st))
		findings_add(f, "", st.text, "");
}

/* Choosing */

static void check_overlap(struct findings *f, const struct config *c, const struct account *a)
{
	for (size_t i = 0; i < a->from.len; i++) {
		const struct account *first = account_covering(c, a, a->from.v[i]);

		/* `account default : NAME` says the same on purpose. */
		if (first != NULL && strcmp(a->name, "default") != 0)
			add_account(f, a, alloc_printf("from %s never chooses it: account %s takes that mail",
				a->from.v[i], first->name), "give each account its own from");
	}
}

static void check_default(struct findings *f, const struct config *c)
{
	if (account_named(c, "default") == NULL)
		findings_add(f, c->path != NULL ? c->path : "", "there is no account for mail whose sender "
			"matches no from", "add a line such as \"account default : NAME\"");
}

/* The processes that deliver */

static void check_confinement(struct findings *f, const struct config *c)
{
	struct buf what;

	if (c->settings.deliver == DELIVER_NOW)
		return;
	buf_init(&what, 1024);
	confine_describe(&what);
	strv_take(&f->notes, alloc_printf("delivery from the queue: %s", what.data));
	buf_release(&what);
}

static void check_exemption(struct findings *f, const struct config *c, const struct account *a)
{
	const char *why = confine_exempt(a);

	if (c->settings.deliver != DELIVER_NOW && why != NULL)
		add_note(f, a, why);
}

static void (*const account_checks[])(struct findings *f, const struct config *c,
	const struct account *a) = {
	check_usable, check_tls_files, check_password, check_auth, check_connection, check_log,
	check_overlap, check_exemption,
};

/* Those of all accounts: what newaliases says. */
static void check_aliases(struct findings *f, const struct config *c)
{
	struct strv complaints = { 0 };

	aliases_examine_config(c, &complaints);
	for (size_t i = 0; i < complaints.len; i++)
		findings_add(f, "", complaints.v[i], "correct it, then run newaliases");
	strv_release(&complaints);
}

void findings_collect(struct findings *f, const struct config *c)
{
	struct status st;

	check_files(f, c);
	check_spool(f, c);
	check_default(f, c);
	check_confinement(f, c);
	check_aliases(f, c);
	if (!config_usable(c, NULL, &st))
		findings_add(f, "", st.text, "");
	for (size_t i = 0; i < c->len; i++)
		for (size_t j = 0; j < COUNT_OF(account_checks); j++)
			account_checks[j](f, c, &c->v[i]);
	for (size_t i = 0; i < c->notes.len; i++)
		strv_add(&f->notes, c->notes.v[i]);
}
