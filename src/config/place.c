#include "compat.h"
#include "config/place.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "config/machine.h"

char *place_of(const char *variable, const char *fallback, const char *rest)
{
	const char *dir = secure_getenv(variable);
	char *home, *path = NULL;

	if (dir != NULL && *dir == '/') /* the XDG specification: relative ones are ignored */
		return alloc_printf("%s/%s", dir, rest);
	home = machine_home();
	if (home != NULL)
		path = alloc_printf("%s/%s/%s", home, fallback, rest);
	free(home);
	return path;
}

char *place_own_config(void)
{
	return place_of("XDG_CONFIG_HOME", ".config", "mailchute/config");
}

static const char *variable(const char *name)
{
	const char *value = secure_getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

const char *place_url(void)
{
	return variable("MAILCHUTE_URL");
}

const char *place_chosen_config(void)
{
	return variable("MAILCHUTE_CONFIG");
}

/* What nobody can see is not there. */
static bool is_there(const char *path)
{
	struct stat is;

	return path != NULL && stat(path, &is) == 0;
}

bool place_has_own(void)
{
	char *own;
	bool there;

	if (place_url() != NULL || is_there(place_chosen_config()))
		return true;
	own = place_own_config();
	there = is_there(own);
	free(own);
	return there;
}
