#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "config/command.h"
#include "config/machine.h"
#include "config/netrc.h"

enum { NETRC_MAX = 1 << 20, SECRET_FILE_MAX = 1 << 16 };

char *secret_file(const struct account *a)
{
	const char *dir;

	if (a->password_file == NULL || *a->password_file == '/')
		return alloc_copy(a->password_file);
	dir = secure_getenv("CREDENTIALS_DIRECTORY");
	return dir != NULL && *dir == '/' ? alloc_printf("%s/%s", dir, a->password_file) : NULL;
}

static bool read_first_line(const char *path, struct buf *out, struct status *st)
{
	struct buf text;
	bool ok;

	buf_init(&text, SECRET_FILE_MAX);
	ok = io_read_file(path, &text, st);
	if (!ok)
		st->sysexit = EX_CONFIG;
	else if (memchr(text.data, '\0', text.len) != NULL)
		ok = status_fail(st, EX_CONFIG, "%s: holds a NUL", path);
	buf_truncate(&text, strcspn(text.data, "\r\n"));
	if (ok && text.len == 0)
		ok = status_fail(st, EX_CONFIG, "%s: its first line is empty", path);
	if (ok)
		buf_add(out, text.data, text.len);
	buf_wipe(&text);
	return ok;
}

static bool from_file(const struct account *a, struct buf *out, struct status *st)
{
	char *path = secret_file(a);
	bool ok;

	if (path == NULL)
		ok = status_fail(st, EX_CONFIG, "password_file %s: a relative name is looked up in "
			"$CREDENTIALS_DIRECTORY, which is not set", a->password_file);
	else
		ok = read_first_line(path, out, st) || status_during(st, "password_file");
	free(path);
	return ok;
}

static bool from_command(const struct config *c, const struct account *a, struct buf *out,
	struct status *st)
{
	if (!c->commands_allowed)
		return status_fail(st, EX_CONFIG, "passwordeval: commands are refused in a file named by -C, "
			"unless it is root's");
	return command_run(a->passwordeval, out, st) || status_during(st, "passwordeval");
}

/* Whether the file has it.  A file that is not there has not; one that cannot be read is a failure. */
static bool look_up(const char *path, const char *host, const char *user, struct buf *out,
	struct status *st)
{
	struct buf text;
	bool found = false;

	buf_init(&text, NETRC_MAX);
	if (access(path, F_OK) == 0 && !io_read_file(path, &text, st))
		st->sysexit = EX_CONFIG;
	else
		found = netrc_find(text.data, text.len, host, user, out);
	buf_wipe(&text);
	return found;
}

char *secret_netrc(void)
{
	char *home = machine_home(), *path = home != NULL ? alloc_printf("%s/.netrc", home) : NULL;

	free(home);
	return path;
}

static bool from_netrc(const struct account *a, const char *host, struct buf *out, struct status *st)
{
	char *own = secret_netrc();
	bool found;

	status_fail(st, EX_CONFIG, "there is no password for %s at %s: set password_file or passwordeval, "
		"or add \"machine %s login %s password ...\" to ~/.netrc",
		a->user != NULL ? a->user : "this account", host, host, a->user != NULL ? a->user : "NAME");
	found = (own != NULL && look_up(own, host, a->user, out, st))
		|| look_up(SYSCONFDIR "/netrc", host, a->user, out, st);
	free(own);
	return found;
}

bool secret_get(const struct config *c, const struct account *a, const char *host, struct buf *out,
	struct status *st)
{
	bool ok;

	if (a->password != NULL) {
		buf_puts(out, a->password);
		ok = true;
	} else if (a->password_file != NULL) {
		ok = from_file(a, out, st);
	} else if (a->passwordeval != NULL) {
		ok = from_command(c, a, out, st);
	} else {
		ok = from_netrc(a, host, out, st);
	}
	return ok;
}
