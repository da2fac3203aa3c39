#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "mail/parser.h"
#include "mail/reencode.h"
#include "unit.h"

/* In a row `@` stands for a line of 1200 x, which is too long, and `#` for 400 escapes. */
#define MIME     "MIME-Version: 1.0\n"
#define TYPE     "Content-Type: "
#define PLAIN    TYPE "text/plain; charset=us-ascii\n"
#define CTE      "Content-Transfer-Encoding: "
#define MIXED    MIME TYPE "multipart/mixed; boundary=\"b\"\n"
#define FOUR     "=41=41=41=41"
#define SIGNED   TYPE "multipart/signed; boundary=s\n"

static const struct row {
	const char *in;
	unsigned why;
	enum reencode_result result;
	const char *header;        /* what the header is then; NULL: as it was */
	const char *has;           /* in the body */
} rows[] = {
	/* Nothing to do */
	{ .in = "A: b\n\nshort\n", .why = REENCODE_LONG_LINES | REENCODE_8BIT, .result = REENCODE_UNNEEDED },
	{ .in = "A: b\n\n\xc3\xbc\n", .why = REENCODE_LONG_LINES, .result = REENCODE_UNNEEDED },
	{ .in = "A: b\n\n@\n", .why = REENCODE_8BIT, .result = REENCODE_UNNEEDED },
	/* Text */
	{ .in = "A: b\n\nhi\n@\n", .why = REENCODE_LONG_LINES, .result = REENCODE_DONE,
	  .header = "A: b\n" MIME PLAIN CTE "quoted-printable\n", .has = "hi\r\nxxx" },
	{ .in = "A: b\n\n\xc3\xbc and a long line of ASCII\n", .why = REENCODE_8BIT, .result = REENCODE_DONE,
	  .header = "A: b\n" MIME TYPE "text/plain; charset=utf-8\n" CTE "quoted-printable\n",
	  .has = "=C3=BC and a long line of ASCII\r\n" },
	{ .in = "A: b\n\n\xfc and a long line of ASCII\n", .why = REENCODE_8BIT, .result = REENCODE_DONE,
	  .header = "A: b\n" MIME TYPE "text/plain; charset=unknown-8bit\n" CTE "quoted-printable\n",
	  .has = "=FC and" },
	{ .in = MIME TYPE "text/html\n" CTE "8bit\nX: y\n\n@\n", .why = REENCODE_LONG_LINES, .result = REENCODE_DONE,
	  .header = MIME TYPE "text/html\n" CTE "quoted-printable\nX: y\n", .has = "xxx=\r\nxxx" },
	{ .in = TYPE "text/html; charset=x\n\n@\n", .why = REENCODE_LONG_LINES, .result = REENCODE_DONE,
	  .header = TYPE "text/html; charset=x\n" MIME CTE "quoted-printable\n" },
	{ .in = "A: b\n\n\xc3\xbc\xc3\xbc\xc3\xbc\n", .why = REENCODE_8BIT, .result = REENCODE_DONE,
	  .header = "A: b\n" MIME TYPE "text/plain; charset=utf-8\n" CTE "base64\n", .has = "w7zDvMO8DQo=\r\n" },
	{ .in = "A: b\n\nx \t\n=\n@\n", .why = REENCODE_LONG_LINES, .result = REENCODE_DONE,
	  .header = "A: b\n" MIME PLAIN CTE "quoted-printable\n", .has = "x =09\r\n=3D\r\n" },
	/* What is no text */
	{ .in = MIME TYPE "application/x\n\n@\n", .why = REENCODE_LONG_LINES, .result = REENCODE_DONE,
	  .header = MIME TYPE "application/x\n" CTE "base64\n", .has = "eHh4eHh4" },
	/* Encoded already */
	{ .in = MIME CTE "base64\n\n@\n", .why = REENCODE_LONG_LINES, .result = REENCODE_DONE,
	  .has = "xxxx\r\nxxxx" },
	{ .in = MIME CTE "quoted-printable\n\n=41@\n", .why = REENCODE_LONG_LINES, .result = REENCODE_DONE,
	  .has = "=41xxx" },
	{ .in = MIME CTE "quoted-printable\n\n=41=\n\xff\n", .why = REENCODE_8BIT, .result = REENCODE_DONE,
	  .has = "=41=\r\n=FF\r\n" },
	{ .in = MIME CTE "base64\n\nAA\xff AA\n", .why = REENCODE_8BIT, .result = REENCODE_DONE, .has = "AAAA\r\n" },
	{ .in = MIME CTE "quoted-printable\n\nx#\n", .why = REENCODE_LONG_LINES, .result = REENCODE_DONE,
	  .has = "x" FOUR FOUR FOUR FOUR FOUR FOUR "=\r\n=41" },
	{ .in = MIME CTE "x-uuencode\n\n@\n", .why = REENCODE_LONG_LINES, .result = REENCODE_FORBIDDEN },
	/* Parts */
	{ .in = MIXED "\npre\n--b\n\n@\n--b\n" TYPE "image/png\n" CTE "base64\n\nAAAA\n--b--\npost\n",
	  .why = REENCODE_LONG_LINES, .result = REENCODE_DONE,
	  .has = "pre\r\n--b\r\nContent-Type: text/plain; charset=us-ascii\r\n"
	         "Content-Transfer-Encoding: quoted-printable\r\n\r\nxxx" },
	{ .in = MIXED "\n--b\n\n@\n--b\n" TYPE "image/png\n" CTE "base64\n\nAAAA\n--b--\npost\n",
	  .why = REENCODE_LONG_LINES, .result = REENCODE_DONE,
	  .has = "xxx\r\n--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\npost\r\n" },
	{ .in = MIXED CTE "8bit\n\n--b \n\n\xc3\xbc and more than that\n--b--\n", .why = REENCODE_8BIT,
	  .result = REENCODE_DONE, .header = MIXED CTE "7bit\n", .has = "=C3=BC and more than that\r\n--b--" },
	{ .in = MIXED "\n--b\n" TYPE "Multipart/Alternative (x); x=y; Boundary=c\n\n--c\n\n@\n--c--\n\n--b--\n",
	  .why = REENCODE_LONG_LINES, .result = REENCODE_DONE, .has = "--c\r\nContent-Type: text/plain" },
	{ .in = MIXED "\n--b\n" TYPE "message/rfc822\n\nSubject: x\n\n@\n--b--\n",
	  .why = REENCODE_LONG_LINES, .result = REENCODE_DONE,
	  .has = "message/rfc822\r\n\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type" },
	/* The line end in front of a boundary is no part's */
	{ .in = MIXED "\n--b\n" TYPE "application/x\n\n@\n--b--\n", .why = REENCODE_LONG_LINES, .result = REENCODE_DONE,
	  .has = "eHh4\r\n\r\n--b--" },
	/* Two that touch: the first boundary's line ends the part before */
	{ .in = MIXED "\n--b\n--b\n\n@\n--b--\n", .why = REENCODE_LONG_LINES, .result = REENCODE_DONE, .has = "--b\r\n--b\r\nContent" },
	/* Hands off */
	{ .in = MIME SIGNED "\n--s\n\n@\n--s--\n", .why = REENCODE_LONG_LINES, .result = REENCODE_FORBIDDEN },
	{ .in = MIXED "\n--b\n\n@\n--b\n" SIGNED "\n--s\n\n@\n--s--\n--b--\n", .why = REENCODE_LONG_LINES,
	  .result = REENCODE_FORBIDDEN, .has = "--s\r\n\r\nx" },
	{ .in = MIXED "\n--b\nno field\n\n@\n--b--\n", .why = REENCODE_LONG_LINES, .result = REENCODE_FORBIDDEN, .has = "no field" },
	{ .in = "DKIM-Signature: x\n\n@\n", .why = REENCODE_LONG_LINES, .result = REENCODE_FORBIDDEN },
	{ .in = MIME TYPE "multipart/mixed\n\n@\n", .why = REENCODE_LONG_LINES, .result = REENCODE_FORBIDDEN },
	/* The header */
	{ .in = "S: a @ b\n\nx\n", .why = REENCODE_LONG_LINES, .result = REENCODE_DONE, .header = "S: a\n @ b\n" },
	{ .in = "S:@\n\nx\n", .why = REENCODE_LONG_LINES, .result = REENCODE_UNNEEDED },
};

/* The row's text as it stands for, with `end` as line end. */
static char *expand(const char *text, const char *end)
{
	struct buf out;

	buf_init(&out, 100000);
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			buf_puts(&out, end);
		for (int i = 0; *text == '@' && i < 1200; i++)
			buf_putc(&out, 'x');
		for (int i = 0; *text == '#' && i < 400; i++)
			buf_puts(&out, "=41");
		if (strchr("\n@#", *text) == NULL)
			buf_putc(&out, *text);
	}
	return buf_detach(&out);
}

static void read_message(struct message *m, const char *text)
{
	const struct message_options o = { .dots_are_text = true };
	struct parser p;
	struct status st;

	message_init(m);
	parser_init(&p, m, &o);
	parser_feed(&p, text, strlen(text));
	ck_assert(parser_end(&p, &st));
}

static char *header_text(const struct message *m)
{
	struct buf out;

	buf_init(&out, 100000);
	for (size_t i = 0; i < m->header.len; i++)
		buf_add(&out, m->header.v[i].text, m->header.v[i].len);
	return buf_detach(&out);
}

static bool has_long_line(const char *text)
{
	for (const char *p = text, *lf; (lf = strchr(p, '\n')) != NULL; p = lf + 1)
		if (lf - 1 - p > WIRE_LINE_MAX)
			return true;
	return false;
}

static void check_row(const struct row *r)
{
	char *in = expand(r->in, "\n"), *wanted, *got;
	struct message m;

	read_message(&m, in);
	wanted = r->header != NULL ? expand(r->header, "\r\n") : header_text(&m);
	ck_assert_int_eq(message_reencode(&m, r->why), r->result);
	got = header_text(&m);
	ck_assert_str_eq(got, wanted);
	ck_assert_uint_eq(m.body_octets, m.body.len);
	ck_assert_msg(r->has == NULL || strstr(m.body.data, r->has) != NULL, "%s", m.body.data);
	if (r->result == REENCODE_DONE && (r->why & REENCODE_LONG_LINES)) {
		ck_assert(!has_long_line(m.body.data));
		ck_assert_uint_le(m.longest_line, WIRE_LINE_MAX);
	}
	if (r->result == REENCODE_DONE && (r->why & REENCODE_8BIT)) {
		ck_assert(str_is_ascii(m.body.data, m.body.len));
		ck_assert(!m.body_8bit);
	}
	if (r->result == REENCODE_DONE) /* once is enough */
		ck_assert_int_eq(message_reencode(&m, r->why), REENCODE_UNNEEDED);
	message_release(&m);
	free(got);
	free(wanted);
	free(in);
}

START_TEST(row)
{
	check_row(&rows[_i]);
}
END_TEST

/* Of many megabytes, what does not fit into memory: nothing is lost at the seams. */
START_TEST(large)
{
	size_t lines = 3000, width = 1500, n = 0;
	char *text = alloc(lines * (width + 1) + 3);
	struct message m;
	struct message_source source;
	char block[1000];
	long got;
	size_t letters = 0;

	text[n++] = '\n';
	for (size_t i = 0; i < lines; i++) {
		memset(text + n, 'y', width);
		n += width;
		text[n++] = '\n';
	}
	read_message(&m, text);
	ck_assert_int_eq(message_reencode(&m, REENCODE_LONG_LINES), REENCODE_DONE);
	message_start(&source, &m);
	source.part = SOURCE_BODY;
	while ((got = message_next(&source, block, sizeof(block))) > 0)
		for (long i = 0; i < got; i++)
			letters += block[i] == 'y';
	ck_assert_uint_eq(letters, lines * width);
	ck_assert_uint_eq(m.longest_line, 76);
	message_release(&m);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mail/reencode");
	TCase *tc = tcase_create("reencode");

	tcase_add_loop_test(tc, row, 0, COUNT_OF(rows));
	tcase_add_test(tc, large);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
