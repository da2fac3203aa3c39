#include "check/inspection.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

/* A file that a configuration consists of or names. */
struct named_file {
	const char *path;
	const char *secret;    /* "the password in it"; NULL: anybody may read it */
	struct stat is;
};

/* How a secret file should be: for the daemon's group, or for its owner alone. */
static void add_secret(struct inspection *n, const struct named_file *f, const char *what)
{
	const struct reader *r = &n->reader;
	char *remedy = r->name != NULL
	               ? alloc_printf("chown root:%s %s && chmod 640 %s", r->name, f->path, f->path)
	               : alloc_printf("chmod 600 %s", f->path);

	findings_add(n->findings, FINDING_WRONG, f->path, remedy, "%s %s", what, f->secret);
	free(remedy);
}

static void check_modes(struct inspection *n, const struct named_file *f)
{
	char *remedy = alloc_printf("chmod o-w %s", f->path);

	if (f->secret != NULL && (f->is.st_mode & S_IROTH))
		add_secret(n, f, "everybody can read");
	if (f->is.st_mode & S_IWOTH)
		findings_add(n->findings, FINDING_WRONG, f->path, remedy, "everybody can change it");
	free(remedy);
}

/* Its owner can do with it what the owner likes. */
static void check_owner(struct inspection *n, const struct named_file *f)
{
	uid_t owner = f->is.st_uid;
	char *name, *remedy;

	if (owner == 0 || owner == geteuid() || owner == n->reader.uid)
		return;
	name = reader_name(owner);
	remedy = alloc_printf("chown root %s", f->path);
	findings_add(n->findings, FINDING_WRONG, f->path, remedy, "it belongs to %s, who can read and change it",
	             name);
	free(remedy);
	free(name);
}

/* Those of a group of the user's own, of the daemon's or of root's are meant to. */
static void check_group(struct inspection *n, const struct named_file *f)
{
	const struct passwd *owner = getpwuid(f->is.st_uid);
	gid_t group = f->is.st_gid;
	char *remedy;

	if (f->secret == NULL || !(f->is.st_mode & S_IRGRP) || group == 0 || group == n->reader.gid
	    || (owner != NULL && owner->pw_gid == group))
		return;
	remedy = alloc_printf("chmod g-r %s", f->path);
	findings_add(n->findings, FINDING_NOTE, f->path, remedy, "all of its group can read %s", f->secret);
	free(remedy);
}

static void check_reader(struct inspection *n, const struct named_file *f)
{
	const struct reader *r = &n->reader;
	char *remedy;

	if (r->name == NULL || !reader_is_known(r) || reader_may(r, f->path, R_OK))
		return;
	remedy = alloc_printf("chgrp %s %s && chmod g+r %s", r->name, f->path, f->path);
	findings_add(n->findings, FINDING_WRONG, f->path, remedy,
	             "the daemon's user %s (run_as) cannot read it: %s", r->name, strerror(errno));
	free(remedy);
}

/* One that is not there is told of where it is asked for. */
static void check_file(struct inspection *n, const char *path, const char *secret)
{
	struct named_file f = { .path = path, .secret = secret };

	if (path == NULL || *path != '/' || stat(path, &f.is) < 0)
		return;
	check_modes(n, &f);
	check_owner(n, &f);
	check_group(n, &f);
	check_reader(n, &f);
}

static void check_netrc(struct inspection *n)
{
	char *own = secret_netrc();

	check_file(n, own, "the passwords in it");
	check_file(n, SYSCONFDIR "/netrc", "the passwords in it");
	free(own);
}

static bool wants_netrc(const struct account *a)
{
	return a->auth.len > 0 && a->password == NULL && a->password_file == NULL && a->passwordeval == NULL;
}

static void check_account_files(struct inspection *n, const struct account *a)
{
	char *password = secret_file(a);

	check_file(n, password, "the password in it");
	free(password);
	if (wants_netrc(a))
		check_netrc(n);
	if (!a->tls)
		return;
	check_file(n, a->tls_trust_file, NULL);
	check_file(n, a->tls_cert_file, NULL);
	check_file(n, a->tls_key_file, "this private key");
}

static bool holds_secret(const struct config *c, const char *path)
{
	for (size_t i = 0; i < c->secret_files.len; i++)
		if (strcmp(c->secret_files.v[i], path) == 0)
			return true;
	return false;
}

void inspect_files(struct inspection *n)
{
	const struct config *c = n->config;

	if (n->reader.missing)
		findings_add(n->findings, FINDING_WRONG, "run_as", "useradd --system --user-group it, or correct run_as",
		             "there is no user %s", c->settings.run_as);
	if (!reader_is_known(&n->reader))
		findings_add(n->findings, FINDING_NOTE, "", "run check as root to have that looked at, too",
		             "whether %s can read all of this only root can tell", n->reader.name);
	for (size_t i = 0; i < c->files.len; i++)
		check_file(n, c->files.v[i], holds_secret(c, c->files.v[i]) ? "the password in it" : NULL);
	for (size_t i = 0; i < c->len; i++)
		check_account_files(n, &c->v[i]);
}
