#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "net/stream.h"
#include "smtp/reply.h"

/* A carrier that hands out the input in pieces of its own choice: the first octet. */
struct input {
	const uint8_t *at;
	size_t left, piece;
};

static ssize_t input_read(void *carrier, void *p, size_t n, short *events)
{
	struct input *in = carrier;

	*events = POLLIN;
	if (n > in->piece)
		n = in->piece;
	if (n > in->left)
		n = in->left;
	memcpy(p, in->at, n);
	in->at += n;
	in->left -= n;
	return (ssize_t)n;
}

static const struct stream_ops ops = { .read = input_read };

static void check_reply(const struct reply *r)
{
	struct status st;
	struct buf line;

	buf_init(&line, 1 << 20);
	reply_print(r, &line);
	reply_fail(r, EX_UNAVAILABLE, &st);
	if (r->code < 200 || r->code > 559 || !buf_ok(&r->text) || buf_has_control(&line)
	    || strlen(r->text.data) != r->text.len || !str_is_utf8(line.data, line.len))
		abort();
	buf_release(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { .at = data, .left = size, .piece = size > 0 ? data[0] + 1U : 1 };
	struct stream s;
	struct status st;
	struct reply r;

	stream_init(&s, -1);
	stream_carry(&s, &ops, &in);
	reply_init(&r);
	while (reply_read(&r, &s, DEADLINE_NEVER, &st))
		check_reply(&r);
	if (str_has_control(st.text, strlen(st.text)) || st.wait != WAIT_HOST)
		abort();
	reply_release(&r);
	stream_close(&s);
	return 0;
}
