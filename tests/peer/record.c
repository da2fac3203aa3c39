#include "record.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"

int record_open(struct record *r, const char *dir)
{
	char path[4096];

	*r = (struct record){ .dir = dir };
	snprintf(path, sizeof path, "%s/transcript", dir);
	r->transcript = fopen(path, "w+e");
	if (r->transcript == NULL)
		return -1;
	return 0;
}

void record_close(struct record *r)
{
	if (r->transcript != NULL)
		fclose(r->transcript);
	r->transcript = NULL;
}

void record_line(struct record *r, const char *prefix, const char *p, size_t n)
{
	struct buf text;

	buf_init(&text, SIZE_MAX / 2);
	str_escape(&text, p, n);
	fprintf(r->transcript, "%s%s\n", prefix, text.data);
	buf_release(&text);
}

void record_lines(struct record *r, const char *prefix, const char *p, size_t n)
{
	const char *end = p + n;

	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		const char *stop = lf != NULL ? lf : end;

		record_line(r, prefix, p, (size_t)(stop - p) - (stop > p && stop[-1] == '\r'));
		p = lf != NULL ? lf + 1 : end;
	}
}

__attribute__((format(printf, 3, 0)))
static void vrecord(struct record *r, const char *prefix, const char *fmt, va_list ap)
{
	fputs(prefix, r->transcript);
	vfprintf(r->transcript, fmt, ap);
	fputc('\n', r->transcript);
	fflush(r->transcript);          /* after each note; lines may wait for the next */
}

void record_note(struct record *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vrecord(r, "* ", fmt, ap);
	va_end(ap);
}

void record_violation(struct record *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vrecord(r, "! ", fmt, ap);
	va_end(ap);
}

static void message_path(const struct record *r, char *path, size_t n)
{
	snprintf(path, n, "%s/message.%u", r->dir, r->messages + 1);
}

FILE *record_message(struct record *r)
{
	char path[4096];

	message_path(r, path, sizeof path);
	return fopen(path, "w+e");
}

void record_keep(struct record *r, FILE *message)
{
	long octets = ftell(message);

	fclose(message);
	r->messages++;
	record_note(r, "message %u, %ld octets", r->messages, octets);
}

void record_drop(struct record *r, FILE *message)
{
	char path[4096];

	fclose(message);
	message_path(r, path, sizeof path);
	unlink(path);
}
