#include "queue/downtime.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

enum { LINE_MAX_OCTETS = DOWN_NAME_MAX + 32 };

static const char file[] = "down", aside[] = "down.new";

static struct down *find(struct downtime *d, const char *server)
{
	for (size_t i = 0; i < d->len; i++)
		if (strcmp(d->v[i].server, server) == 0)
			return &d->v[i];
	return NULL;
}

static void forget(struct downtime *d, struct down *one)
{
	size_t behind = (size_t)(d->v + d->len - (one + 1));

	memmove(one, one + 1, behind * sizeof(*one));
	d->len--;
}

/* Of too many the oldest goes. */
static void add(struct downtime *d, const char *server, time_t until)
{
	struct down *known = find(d, server);

	if (strlen(server) >= DOWN_NAME_MAX || strpbrk(server, " \r\n") != NULL)
		return;
	if (known != NULL)
		forget(d, known);
	if (d->len == DOWN_MOST)
		forget(d, d->v);
	d->v[d->len].until = until;
	snprintf(d->v[d->len].server, DOWN_NAME_MAX, "%s", server);
	d->len++;
}

/* --- the file --- */

static void take_line(struct downtime *d, const char *line, time_t now)
{
	char *end;
	long long until = strtoll(line, &end, 10);

	if (end != line && *end == ' ' && end[1] != '\0' && until > now && until <= now + DOWN_SECONDS)
		add(d, end + 1, (time_t)until);
}

void downtime_parse(struct downtime *d, const char *text, size_t n, time_t now)
{
	const char *end = text + n, *lf;

	for (; text < end; text = lf + 1) {
		char line[LINE_MAX_OCTETS];

		if ((lf = memchr(text, '\n', (size_t)(end - text))) == NULL)
			return;
		if ((size_t)(lf - text) >= sizeof(line) || memchr(text, '\0', (size_t)(lf - text)) != NULL)
			continue;
		snprintf(line, sizeof(line), "%.*s", (int)(lf - text), text);
		take_line(d, line, now);
	}
}

void downtime_print(const struct downtime *d, struct buf *out)
{
	for (size_t i = 0; i < d->len; i++)
		buf_printf(out, "%lld %s\n", (long long)d->v[i].until, d->v[i].server);
}

void downtime_refresh(struct downtime *d, time_t now)
{
	struct buf text;
	int fd;

	if (d->queue == NULL)
		return;
	d->len = 0;
	fd = openat(d->queue->spool_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return;
	buf_init(&text, DOWN_MOST * LINE_MAX_OCTETS);
	if (io_read_all(fd, &text))
		downtime_parse(d, text.data, text.len, now);
	buf_release(&text);
	close(fd);
}

static void save(const struct downtime *d)
{
	struct buf text;
	int fd;

	if (d->queue == NULL)
		return;
	fd = openat(d->queue->spool_fd, aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	buf_init(&text, DOWN_MOST * LINE_MAX_OCTETS);
	downtime_print(d, &text);
	if (io_write_all(fd, text.data, text.len))
		renameat(d->queue->spool_fd, aside, d->queue->spool_fd, file);
	close(fd);
	buf_release(&text);
}

/* --- what is learnt --- */

bool downtime_has(const struct downtime *d, const char *server, time_t now)
{
	const struct down *known = find((struct downtime *)d, server);

	return known != NULL && known->until > now;
}

void downtime_failed(struct downtime *d, const char *server, time_t now)
{
	downtime_refresh(d, now);
	add(d, server, now + DOWN_SECONDS);
	save(d);
}

void downtime_works(struct downtime *d, const char *server, time_t now)
{
	struct down *known = find(d, server);

	if (known == NULL)
		return;
	downtime_refresh(d, now);
	if ((known = find(d, server)) != NULL)
		forget(d, known);
	save(d);
}
