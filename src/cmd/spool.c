#include "cmd/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cmd/report.h"

/* Made by the first message. */
static bool is_there(const char *spool)
{
	char *path = alloc_printf("%s/queue", spool);
	bool there = access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);

	free(path);
	return there;
}

static bool is_somebody_elses(const char *spool)
{
	struct stat sb;

	return geteuid() != 0 && stat(spool, &sb) == 0 && sb.st_uid != geteuid();
}

bool spool_may(const struct viewer *v, const struct queue_entry *e)
{
	return v == NULL || v->is_operator || v->uid == e->info.uid;
}

bool spool_open(struct spool *s, const char *config, struct status *st)
{
	const char *dir;

	*s = (struct spool){ .queue = { .spool_fd = -1, .queue_fd = -1, .tmp_fd = -1 } };
	config_init(&s->config);
	if (!config_load(&s->config, config, st))
		return false;
	report_open_log(&s->config.settings);
	dir = s->config.settings.spool;
	s->there = is_there(dir);
	if (!s->there)
		return true;
	if (is_somebody_elses(dir))
		return status_fail(st, EX_NOPERM, "spool %s is another user's: only they and root may use it", dir);
	return queue_open(&s->queue, dir, false, st);
}

void spool_close(struct spool *s)
{
	queue_close(&s->queue);
	config_release(&s->config);
}
