#include "check/inspection.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/str.h"

/* --- the names that programs call us by --- */

/* All that may stand behind one of them. */
static const char *const programs[] = { BINDIR "/../sbin/sendmail", BINDIR "/mailchute", "/proc/self/exe" };

static bool is_ours(const char *path)
{
	struct stat is, ours;

	if (stat(path, &is) < 0)
		return false;
	for (size_t i = 0; i < COUNT_OF(programs); i++)
		if (stat(programs[i], &ours) == 0 && ours.st_dev == is.st_dev && ours.st_ino == is.st_ino)
			return true;
	return false;
}

static char *link_remedy(const char *path)
{
	return alloc_printf("ln -sf %.*s/sbin/sendmail %s, or install with PREFIX=/usr",
	                    (int)(strlen(BINDIR) - strlen("/bin")), BINDIR, path);
}

static void check_name(struct inspection *n, const char *path, bool needed)
{
	char *remedy = link_remedy(path), real[PATH_MAX];
	struct stat is;

	if (lstat(path, &is) < 0) {
		if (needed)
			findings_add(n->findings, FINDING_WRONG, path, remedy, "programs call it to send mail, and it is not there");
	} else if (!is_ours(path)) {
		findings_add(n->findings, FINDING_WRONG, path, remedy, "it is another program: %s",
		             realpath(path, real) != NULL ? real : "a link to nothing");
	}
	free(remedy);
}

/* The system's set-up is for what programs call; a user's own may be for one that is told whom to call. */
void inspect_links(struct inspection *n)
{
	if (!n->config->system)
		return;
	check_name(n, "/usr/sbin/sendmail", true);
	check_name(n, "/usr/lib/sendmail", false);
	check_name(n, "/usr/bin/mailq", false);
	check_name(n, "/usr/bin/newaliases", false);
}

/* --- the machine's name --- */

static bool has_unnamed_sender(const struct config *c)
{
	for (size_t i = 0; i < c->len; i++) {
		char *sender = account_sender(&c->v[i], getuid());
		bool named = sender != NULL && strchr(sender, '@') != NULL;

		free(sender);
		if (!named)
			return true;
	}
	return false;
}

/* With senders of the accounts' own, only bare recipients get it. */
static void check_maildomain(struct inspection *n)
{
	const char *domain = n->config->settings.maildomain;

	if (strchr(domain, '.') == NULL)
		findings_add(n->findings, has_unnamed_sender(n->config) ? FINDING_WRONG : FINDING_NOTE, "maildomain",
		             "set `maildomain example.org`, the domain that your addresses are in",
		             "names are completed to %s@%s, which no other server takes: this machine has no name "
		             "with a domain", "root", domain);
}

/* --- its clock --- */

const char clock_remedy[] = "set the clock, and have it kept: timedatectl set-ntp true";

/* A file that was made before now. */
static void check_past(struct inspection *n, const char *path, const char *name)
{
	time_t now = time(NULL);
	struct buf ours, its;
	struct stat is;

	if (path == NULL || stat(path, &is) < 0 || is.st_mtime <= now + CLOCK_DAY)
		return;
	buf_init(&ours, 100);
	buf_init(&its, 100);
	clock_print(now, &ours);
	clock_print(is.st_mtime, &its);
	findings_add(n->findings, FINDING_WRONG, "clock", clock_remedy, "it says %s, but %s is of %s: certificates "
	             "will not verify", ours.data, name, its.data);
	buf_release(&ours);
	buf_release(&its);
}

void inspect_machine(struct inspection *n)
{
	check_maildomain(n);
	check_past(n, "/proc/self/exe", "this program");
	check_past(n, n->config->path, n->config->path);
}
