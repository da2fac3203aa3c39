#include "compat.h"
#include "config/machine.h"

#include <netdb.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/io.h"

enum { NAME_MAX_OCTETS = 1024 };

static char *copy_if(const char *s)
{
	return s != NULL && *s != '\0' ? alloc_copy(s) : NULL;
}

char *machine_home(void)
{
	const struct passwd *pw = getpwuid(getuid());

	return pw != NULL && pw->pw_dir != NULL && *pw->pw_dir == '/' ? alloc_copy(pw->pw_dir) : NULL;
}

static char *login(uid_t uid)
{
	const struct passwd *pw = getpwuid(uid);

	return pw != NULL ? copy_if(pw->pw_name) : NULL;
}

/* The name part of the passwd entry. */
static char *full_name(uid_t uid)
{
	const struct passwd *pw = getpwuid(uid);
	size_t n = pw != NULL && pw->pw_gecos != NULL ? strcspn(pw->pw_gecos, ",") : 0;

	return n > 0 ? alloc_copyn(pw->pw_gecos, n) : NULL;
}

char *machine_name(void)
{
	char name[NAME_MAX_OCTETS];

	if (gethostname(name, sizeof(name)) < 0 || *name == '\0')
		return alloc_copy("localhost");
	name[sizeof(name) - 1] = '\0';
	return alloc_copy(name);
}

static char *canonical(const char *name)
{
	struct addrinfo hints = { .ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM }, *found;
	char *fqdn;

	if (getaddrinfo(name, NULL, &hints, &found) != 0)
		return NULL;
	fqdn = copy_if(found->ai_canonname);
	freeaddrinfo(found);
	return fqdn;
}

char *machine_fqdn(void)
{
	char *name = machine_name(), *fqdn;

	if (strchr(name, '.') != NULL || (fqdn = canonical(name)) == NULL)
		return name;
	free(name);
	return fqdn;
}

/* The first line of /etc/mailname. */
static char *mailname(void)
{
	char *name = NULL;
	struct status st;
	struct buf b;

	buf_init(&b, NAME_MAX_OCTETS);
	if (io_read_file("/etc/mailname", &b, &st)) {
		buf_truncate(&b, strcspn(b.data, " \t\r\n"));
		name = copy_if(b.data);
	}
	buf_release(&b);
	return name;
}

char *machine_maildomain(void)
{
	char *name = mailname();

	return name != NULL ? name : machine_fqdn();
}

static char *value_of(char letter, uid_t uid)
{
	switch (letter) {
	case 'U':
		return login(uid);
	case 'F':
		return full_name(uid);
	case 'H':
		return machine_name();
	case 'C':
		return machine_fqdn();
	case 'M':
		return mailname();
	default:
		return NULL;
	}
}

char *machine_expand(const char *value, const char *letters, uid_t uid)
{
	struct buf out;

	buf_init(&out, SIZE_MAX / 2);
	for (; *value != '\0'; value++) {
		bool allowed = *value == '%' && value[1] != '\0' && strchr(letters, value[1]) != NULL;
		char *with = allowed ? value_of(value[1], uid) : NULL;

		if (with != NULL)
			buf_puts(&out, with);
		else
			buf_putc(&out, *value);
		value += with != NULL;
		free(with);
	}
	return buf_detach(&out);
}
