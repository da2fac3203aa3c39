#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/message.h"
#include "mail/parser.h"
#include "smtp/dot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Feed it in pieces of lengths that the first octets choose. */
static void parse(struct message *m, const uint8_t *lengths, const char *text, size_t n)
{
	const struct message_options o = { .dots_are_text = lengths[0] & 1 };
	struct parser p;
	struct status st;

	parser_init(&p, m, &o);
	for (size_t i = 0, turn = 0, piece; i < n; i += piece, turn++) {
		piece = 1 + lengths[1 + turn % 3];
		if (piece > n - i)
			piece = n - i;
		parser_feed(&p, text + i, piece);
	}
	must(parser_end(&p, &st));
}

static void collect(const struct message *m, size_t step, struct buf *plain, struct buf *dotted)
{
	struct message_source s;
	struct dot d;
	char block[256];
	long n;

	message_start(&s, m);
	dot_init(&d);
	while ((n = message_next(&s, block, step)) > 0) {
		buf_add(plain, block, (size_t)n);
		dot_encode(&d, dotted, block, (size_t)n);
	}
	must(n == 0);
	dot_finish(&d, dotted);
}

/* CRLF or nothing, no NUL, and a line end at the end. */
static void check_wire(const struct buf *b)
{
	must(b->len >= 2 && memcmp(b->data + b->len - 2, "\r\n", 2) == 0);
	must(memchr(b->data, '\0', b->len) == NULL);
	for (size_t i = 0; i < b->len; i++) {
		must(b->data[i] != '\r' || b->data[i + 1] == '\n');
		must(b->data[i] != '\n' || (i > 0 && b->data[i - 1] == '\r'));
	}
}

/* Whoever looks for the end of the data finds ours, and only that. */
static void check_end(const struct buf *b)
{
	const char *end = b->data[0] == '.' && b->data[1] == '\r' ? b->data : strstr(b->data, "\n.\r");

	must(end == b->data + b->len - 3 - (end != b->data));
	must(strstr(b->data, "\n.\n") == NULL && strstr(b->data, "\r.\r") == NULL);
}

/* The same bytes in one piece give the same message. */
static void check_split(const uint8_t *lengths, const char *text, size_t n, const struct buf *plain)
{
	const struct message_options o = { .dots_are_text = lengths[0] & 1 };
	struct message m;
	struct parser p;
	struct status st;
	struct buf again, dotted;

	message_init(&m);
	buf_init(&again, plain->max);
	buf_init(&dotted, plain->max);
	parser_init(&p, &m, &o);
	parser_feed(&p, text, n);
	must(parser_end(&p, &st));
	collect(&m, 256, &again, &dotted);
	must(again.len == plain->len && memcmp(again.data, plain->data, plain->len) == 0);
	buf_release(&again);
	buf_release(&dotted);
	message_release(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message m;
	struct buf plain, dotted;

	if (size < 4)
		return 0;
	message_init(&m);
	buf_init(&plain, 1 << 24);
	buf_init(&dotted, 1 << 24);
	parse(&m, data, (const char *)data + 4, size - 4);
	collect(&m, 1 + data[1], &plain, &dotted);
	must(plain.len == message_octets(&m));
	check_wire(&plain);
	check_wire(&dotted);
	check_end(&dotted);
	check_split(data, (const char *)data + 4, size - 4, &plain);
	buf_release(&plain);
	buf_release(&dotted);
	message_release(&m);
	return 0;
}
