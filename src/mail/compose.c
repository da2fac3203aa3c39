#include "mail/compose.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/str.h"
#include "mail/address.h"
#include "mail/encode.h"
#include "mail/msgid.h"

enum { TEXT_MAX = 64 * 1024 * 1024, BLOCK = 57 * 1024 };

/* --- the header --- */

static bool refuse(const char *field, const struct address *a, struct status *st)
{
	struct buf why;

	buf_init(&why, 300);
	address_explain(&why, a);
	status_fail(st, EX_DATAERR, "%s: %s", field, why.data);
	buf_release(&why);
	return false;
}

/* "Name <ann@example.org>", a line each. */
static bool add_address(struct buf *out, const char *field, const struct address *a, bool first, struct status *st)
{
	bool named = a->name != NULL && *a->name != '\0';

	if (a->error != NULL)
		return refuse(field, a, st);
	if (first)
		buf_printf(out, "%s: ", field);
	else
		buf_puts(out, ",\r\n ");
	if (named) {
		address_format_name(out, a->name);
		buf_puts(out, " <");
	}
	address_format(out, a->local, a->domain);
	buf_puts(out, named ? ">" : "");
	return true;
}

static bool add_addresses(struct buf *out, const char *field, const struct strv *lists, struct status *st)
{
	struct address_list all;
	bool ok = true;

	address_list_init(&all);
	for (size_t i = 0; i < lists->len; i++)
		address_parse_list(&all, lists->v[i], strlen(lists->v[i]));
	for (size_t i = 0; ok && i < all.len; i++)
		ok = add_address(out, field, &all.v[i], i == 0, st);
	if (all.len > 0)
		buf_puts(out, "\r\n");
	address_list_release(&all);
	return ok;
}

static bool add_from(struct buf *out, const char *from, struct status *st)
{
	struct strv one = { 0 };
	bool ok;

	if (from != NULL)
		strv_add(&one, from);
	ok = add_addresses(out, "From", &one, st);
	strv_release(&one);
	return ok;
}

static bool add_subject(struct buf *out, const char *subject, struct status *st)
{
	if (subject == NULL)
		return true;
	if (str_has_control(subject, strlen(subject)))
		return status_fail(st, EX_DATAERR, "the subject: a control character");
	buf_puts(out, "Subject: ");
	address_format_text(out, subject);
	buf_puts(out, "\r\n");
	return true;
}

static bool add_header(struct buf *out, const struct composition *c, struct status *st)
{
	return add_from(out, c->from, st) && add_addresses(out, "To", &c->to, st)
	       && add_addresses(out, "Cc", &c->cc, st) && add_addresses(out, "Bcc", &c->bcc, st)
	       && add_subject(out, c->subject, st);
}

/* --- the parts --- */

/* What nobody says the charset of is UTF-8 if it can be. */
static void add_text(struct buf *out, const struct buf *text)
{
	bool ascii = str_is_ascii(text->data, text->len), utf8 = str_is_utf8(text->data, text->len);

	buf_printf(out, "Content-Type: text/plain; charset=%s\r\nContent-Transfer-Encoding: %s\r\n\r\n",
	           ascii ? "us-ascii" : utf8 ? "utf-8" : "unknown-8bit", ascii ? "7bit" : "8bit");
	buf_add(out, text->data, text->len);
	if (text->len > 0 && text->data[text->len - 1] != '\n')
		buf_puts(out, "\r\n");
}

const char *compose_type(const char *name)
{
	static const struct {
		const char *end, *type;
	} types[] = {
		{ ".txt", "text/plain" },
		{ ".log", "text/plain" },
		{ ".csv", "text/csv" },
		{ ".html", "text/html" },
		{ ".htm", "text/html" },
		{ ".ics", "text/calendar" },
		{ ".json", "application/json" },
		{ ".xml", "application/xml" },
		{ ".pdf", "application/pdf" },
		{ ".zip", "application/zip" },
		{ ".gz", "application/gzip" },
		{ ".png", "image/png" },
		{ ".jpg", "image/jpeg" },
		{ ".jpeg", "image/jpeg" },
		{ ".gif", "image/gif" },
		{ ".svg", "image/svg+xml" },
		{ ".odt", "application/vnd.oasis.opendocument.text" },
		{ ".ods", "application/vnd.oasis.opendocument.spreadsheet" },
		{ ".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
		{ ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
	};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && i < COUNT_OF(types); i++)
		if (str_iequal(dot, types[i].end))
			return types[i].type;
	return "application/octet-stream";
}

/* RFC 2183, 2.3; RFC 2231, 4 for what is not ASCII. */
static void add_name(struct buf *out, const char *name)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

	if (name[strspn(name, safe)] == '\0') {
		buf_printf(out, "; filename=%s\r\n", name);
		return;
	}
	buf_puts(out, ";\r\n filename*=UTF-8''");
	for (; *name != '\0'; name++) {
		if (strchr(safe, *name) != NULL)
			buf_putc(out, *name);
		else
			buf_printf(out, "%%%02X", (unsigned char)*name);
	}
	buf_puts(out, "\r\n");
}

static void add_file_header(struct buf *out, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;

	buf_printf(out, "Content-Type: %s\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment",
	           compose_type(name));
	add_name(out, name);
	buf_puts(out, "\r\n");
}

/* --- writing it --- */

static bool store(struct buf *out, int fd, struct status *st)
{
	bool ok = io_write_all(fd, out->data, out->len);

	buf_reset(out);
	return ok || status_fail(st, EX_TEMPFAIL, "storing the message: %s", strerror(errno));
}

static bool copy_file(const char *path, int from, struct buf *out, int fd, struct status *st)
{
	struct encoder encoder = { 0 };
	char block[BLOCK];
	ssize_t n;

	while ((n = io_read(from, block, sizeof(block))) > 0) {
		base64_add(&encoder, out, block, (size_t)n);
		if (!store(out, fd, st))
			return false;
	}
	base64_end(&encoder, out);
	return n == 0 || status_fail(st, EX_DATAERR, "%s: %s", path, strerror(errno));
}

static bool write_file(const char *path, const char *boundary, struct buf *out, int fd, struct status *st)
{
	int from = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	bool ok = from >= 0 || status_fail(st, EX_DATAERR, "%s: %s", path, strerror(errno));

	if (ok) {
		buf_printf(out, "--%s\r\n", boundary);
		add_file_header(out, path);
		ok = copy_file(path, from, out, fd, st);
		close(from);
	}
	return ok;
}

static bool write_parts(const struct composition *c, const struct buf *text, struct buf *out, int fd,
                        struct status *st)
{
	char id[MSGID_SIZE], boundary[MSGID_SIZE + 8] = "=_";
	bool ok = true;

	msgid_make(id);
	strcat(boundary, id);
	buf_printf(out, "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n", boundary);
	if (c->text >= 0) {
		buf_printf(out, "--%s\r\n", boundary);
		add_text(out, text);
	}
	for (size_t i = 0; ok && i < c->files.len; i++)
		ok = write_file(c->files.v[i], boundary, out, fd, st);
	buf_printf(out, "--%s--\r\n", boundary);
	return ok && store(out, fd, st);
}

static bool read_text(int fd, struct buf *text, struct status *st)
{
	return fd < 0 || io_read_all(fd, text) || status_fail(st, EX_IOERR, "the text: %s", strerror(errno));
}

bool compose(const struct composition *c, int fd, struct status *st)
{
	struct buf text, out;
	bool ok;

	buf_init(&text, TEXT_MAX);
	buf_init(&out, SIZE_MAX / 2);
	ok = read_text(c->text, &text, st) && add_header(&out, c, st);
	buf_puts(&out, "MIME-Version: 1.0\r\n");
	if (c->files.len == 0)
		add_text(&out, &text);
	ok = ok && (c->files.len == 0 ? store(&out, fd, st) : write_parts(c, &text, &out, fd, st));
	if (ok && lseek(fd, 0, SEEK_SET) != 0)
		ok = status_fail(st, EX_TEMPFAIL, "storing the message: %s", strerror(errno));
	buf_release(&text);
	buf_release(&out);
	return ok;
}
