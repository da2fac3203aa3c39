#include "deliver/confine.h"

#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/landlock.h"
#include "base/seccomp.h"
#include "base/str.h"

/* --- what stays free --- */

enum freedom { FREE_FILES = 1 << 0, FREE_KEYRING = 1 << 1, FREE_CALLS = 1 << 2 };

static bool runs_command(const struct account *a)
{
	return a->passwordeval != NULL;
}

static bool is_maildir(const struct account *a)
{
	return a->maildir != NULL;
}

static bool kerberos_in_sight(void)
{
	static const char *const variables[] = {
		"KRB5_CONFIG", "KRB5CCNAME", "KRB5_KTNAME", "KRB5_CLIENT_KTNAME", "GSS_MECH_CONFIG",
	};
	char *cache = alloc_printf("/tmp/krb5cc_%ld", (long)geteuid());
	bool seen = access("/etc/krb5.conf", F_OK) == 0 || access(cache, F_OK) == 0;

	for (size_t i = 0; i < COUNT_OF(variables); i++)
		seen |= getenv(variables[i]) != NULL;
	free(cache);
	return seen;
}

static bool uses_kerberos(const struct account *a)
{
	return strv_has(&a->auth, "GSSAPI") || (strv_has(&a->auth, "ON") && kerberos_in_sight());
}

static const struct exemption {
	bool (*holds)(const struct account *a);
	unsigned free;
	const char *words;
} exemptions[] = {
	{ runs_command, FREE_FILES | FREE_KEYRING | FREE_CALLS,
	  "delivery is not confined: passwordeval starts a program, which may need anything" },
	{ is_maildir, FREE_FILES | FREE_KEYRING | FREE_CALLS,
	  "delivery is not confined: a maildir has no server to be wary of" },
	{ uses_kerberos, FREE_FILES | FREE_KEYRING,
	  "the files of delivery are not confined: Kerberos may keep its tickets in any of them" },
};

static const struct exemption *exemption_of(const struct account *a)
{
	for (size_t i = 0; a != NULL && i < COUNT_OF(exemptions); i++)
		if (exemptions[i].holds(a))
			return &exemptions[i];
	return NULL;
}

const char *confine_exempt(const struct account *a)
{
	const struct exemption *e = exemption_of(a);

	return e != NULL ? e->words : NULL;
}

/* --- files --- */

static const struct {
	const char *path;
	enum landlock_right right;
} everywhere[] = {
	{ "/etc", LANDLOCK_READ },                     /* resolver, name services, trust, priorities */
	{ "/usr", LANDLOCK_READ },                     /* libraries, time zones, trust */
	{ "/lib", LANDLOCK_READ },
	{ "/lib64", LANDLOCK_READ },
	{ "/run", LANDLOCK_READ },                     /* resolv.conf, credentials */
	{ "/proc", LANDLOCK_READ },                    /* ours, and whether FIPS holds */
	{ "/var/lib/ca-certificates", LANDLOCK_READ }, /* openSUSE's trust */
	{ "/var/lib/misc", LANDLOCK_READ },            /* name services' data */
	{ "/var/lib/extrausers", LANDLOCK_READ },
	{ "/var/lib/sss", LANDLOCK_READ },
	{ "/var/db", LANDLOCK_READ },
	{ "/dev/null", LANDLOCK_CHANGE },
	{ "/dev/urandom", LANDLOCK_READ },
	{ "/dev/random", LANDLOCK_READ },
	{ "/var/tmp", LANDLOCK_CHANGE },               /* what is too large for memory (io_tmpfile) */
};

/* Often links to other directories. */
static const char *const linked[] = {
	"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl/certs/ca-certificates.crt",
	SYSCONFDIR "/netrc",
};

static void allow_directory_of(int rules, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash != NULL ? alloc_copyn(path, (size_t)(slash - path)) : NULL;

	/* All of the root directory would be all there is. */
	if (dir != NULL)
		landlock_allow(rules, dir[strspn(dir, "/")] != '\0' ? dir : path, LANDLOCK_READ);
	free(dir);
}

/* What is named is to be read, be it a link or not.  NULL is nothing. */
static void allow_file(int rules, const char *path)
{
	char *real = path != NULL ? realpath(path, NULL) : NULL;

	if (path != NULL)
		allow_directory_of(rules, path);
	if (real != NULL)
		allow_directory_of(rules, real);
	free(real);
}

/* Modules of libc and others are loaded when they are first used, and lie where the rest does. */
static int allow_library(struct dl_phdr_info *library, size_t size, void *arg)
{
	int *rules = arg;

	(void)size;
	allow_file(*rules, library->dlpi_name);
	return 0;
}

static void allow_account(int rules, const struct account *a)
{
	char *password = secret_file(a);
	char *netrc = a->auth.len > 0 && password == NULL && a->password == NULL ? secret_netrc() : NULL;

	allow_file(rules, a->tls_trust_file);
	allow_file(rules, a->tls_cert_file);
	allow_file(rules, a->tls_key_file);
	allow_file(rules, password);
	allow_file(rules, netrc);
	free(netrc);
	free(password);
}

static void confine_files(const struct account *a, const char *spool)
{
	int rules = landlock_new();

	if (rules < 0)
		return;
	for (size_t i = 0; i < COUNT_OF(everywhere); i++)
		landlock_allow(rules, everywhere[i].path, everywhere[i].right);
	for (size_t i = 0; i < COUNT_OF(linked); i++)
		allow_file(rules, linked[i]);
	dl_iterate_phdr(allow_library, &rules);
	if (a != NULL)
		allow_account(rules, a);
	landlock_allow(rules, spool, LANDLOCK_OWN);
	landlock_enter(rules);
}

/* --- all of it --- */

void confine(const struct account *a, const char *spool)
{
	const struct exemption *e = exemption_of(a);
	unsigned free = e != NULL ? e->free : 0;

	if ((free & FREE_CALLS) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return;
	if (!(free & FREE_FILES))
		confine_files(a, spool);
	seccomp_enter(free & FREE_KEYRING);
}

void confine_describe(struct buf *out)
{
	const char *files = landlock_lacking(), *calls = seccomp_lacking();

	if (files == NULL)
		buf_printf(out, "Landlock (ABI %d) confines its files", landlock_abi());
	else
		buf_printf(out, "without Landlock its files are not confined: %s", files);
	if (calls == NULL)
		buf_puts(out, ", seccomp its system calls");
	else
		buf_printf(out, "; without seccomp its system calls are not confined: %s", calls);
}
