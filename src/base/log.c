#include "base/log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <paths.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"

enum { LINE_MAX_OCTETS = 256 * 1024 };

struct pair {
	char *key, *value;
	bool  number;
};

struct log_event {
	char *name;
	struct pair *v;
	size_t len, cap;
};

static struct {
	bool syslog, json;
	int  fd;
} destination = { .fd = -1 };

/* Events */

struct log_event *log_event(const char *name)
{
	struct log_event *e = alloc(sizeof(*e));

	e->name = alloc_copy(name);
	return e;
}

void log_free(struct log_event *e)
{
	for (size_t i = 0; i < e->len; i++) {
		free(e->v[i].key);
		free(e->v[i].value);
	}
	free(e->v);
	free(e->name);
	free(e);
}

static void add(struct log_event *e, const char *key, char *value, bool number)
{
	if (e->len == e->cap) {
		e->cap = e->cap ? e->cap * 2 : 16;
		e->v = alloc_array(e->v, e->cap, sizeof(*e->v));
	}
	e->v[e->len++] = (struct pair){ .key = alloc_copy(key), .value = value, .number = number };
}

/* So much of a value that no character is cut in two. */
static size_t cut(const char *s)
{
	size_t n = strnlen(s, LOG_VALUE_MAX + 1);

	if (n <= LOG_VALUE_MAX)
		return n;
	for (n = LOG_VALUE_MAX; n > LOG_VALUE_MAX - 3 && (s[n] & 0xc0) == 0x80; n--)
		;
	return n;
}

void log_text(struct log_event *e, const char *key, const char *value)
{
	if (value != NULL)
		add(e, key, alloc_copyn(value, cut(value)), false);
}

void log_number(struct log_event *e, const char *key, uint64_t value)
{
	add(e, key, alloc_printf("%" PRIu64, value), true);
}

/* Formats */

static bool is_plain(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s >= 127 || strchr("\"\\=", *s) != NULL)
			return false;
	return true;
}

static void quote(struct buf *out, const char *s)
{
	size_t n;

	buf_putc(out, '"');
	for (; n = strcspn(s, "\""), s[n] != '\0'; s += n + 1) {
		str_escape(out, s, n);
		buf_puts(out, "\\\"");
	}
	str_escape(out, s, n);
	buf_putc(out, '"');
}

void log_format_text(struct buf *out, const struct log_event *e)
{
	buf_puts(out, e->name);
	for (size_t i = 0; i < e->len; i++) {
		buf_printf(out, " %s=", e->v[i].key);
		if (is_plain(e->v[i].value))
			buf_puts(out, e->v[i].value);
		else
			quote(out, e->v[i].value);
	}
}

static void json_member(struct buf *out, const char *key, const char *value)
{
	str_json(out, key);
	buf_putc(out, ':');
	str_json(out, value);
}

void log_format_json(struct buf *out, const struct log_event *e, const char *time)
{
	buf_putc(out, '{');
	json_member(out, "time", time);
	buf_putc(out, ',');
	json_member(out, "event", e->name);
	for (size_t i = 0; i < e->len; i++) {
		buf_putc(out, ',');
		if (!e->v[i].number) {
			json_member(out, e->v[i].key, e->v[i].value);
			continue;
		}
		str_json(out, e->v[i].key);
		buf_printf(out, ":%s", e->v[i].value);
	}
	buf_putc(out, '}');
}

/* Destinations */

bool log_has_syslog(void)
{
	return access(_PATH_LOG, F_OK) == 0;
}

void log_close(void)
{
	if (destination.syslog)
		closelog();
	if (destination.fd >= 0)
		close(destination.fd);
	destination.syslog = false;
	destination.fd = -1;
}

static int open_file(const char *path)
{
	if (strcmp(path, "-") == 0)
		return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
}

bool log_open(const struct log_config *c)
{
	log_close();
	destination.json = c->json;
	destination.syslog = c->facility >= 0 && log_has_syslog();
	if (destination.syslog)
		openlog("mailchute", LOG_PID | LOG_NDELAY, c->facility);
	if (c->file != NULL)
		destination.fd = open_file(c->file);
	return c->file == NULL || destination.fd >= 0;
}

/* ISO 8601, local time, with the colon in the zone that strftime(3) leaves out. */
static void format_time(char *out, size_t size)
{
	time_t now = time(NULL);
	struct tm t = { 0 };
	size_t n;

	localtime_r(&now, &t);
	n = strftime(out, size - 1, "%Y-%m-%dT%H:%M:%S%z", &t);
	memmove(out + n - 1, out + n - 2, 3);
	out[n - 2] = ':';
}

static void send_to_syslog(const char *line)
{
	if (destination.syslog)
		syslog(LOG_INFO, "%s", line);
}

/* One write(2) a line, so that processes that share the file do not mix theirs. */
static void send_to_file(struct buf *line)
{
	ssize_t ignored;

	buf_putc(line, '\n');
	if (destination.fd >= 0)
		ignored = write(destination.fd, line->data, line->len);
	(void)ignored;
}

void log_send(struct log_event *e)
{
	char now[40];
	struct buf line, stamped;

	buf_init(&line, LINE_MAX_OCTETS);
	buf_init(&stamped, LINE_MAX_OCTETS + 100);
	format_time(now, sizeof(now));
	if (destination.json) {
		log_format_json(&line, e, now);
	} else {
		log_format_text(&line, e);
		buf_printf(&stamped, "%s mailchute[%ld]: ", now, (long)getpid());
	}
	buf_add(&stamped, line.data, line.len);
	send_to_syslog(line.data);
	send_to_file(&stamped);
	buf_release(&stamped);
	buf_release(&line);
	log_free(e);
}
