#include "compat.h"
#ifndef HAVE_closefrom
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

/* What /proc lists, else every number up to the limit. */
void closefrom(int first)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	if (dir == NULL) {
		for (long fd = first, end = sysconf(_SC_OPEN_MAX); fd < end; fd++)
			close((int)fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && fd >= first && fd != dirfd(dir))
			close(fd);
	}
	closedir(dir);
}
#endif
