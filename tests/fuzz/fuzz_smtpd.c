#include <stdlib.h>
#include <string.h>

#include "smtp/smtpd.h"

/*
 * What a client sends, the first octet saying to whom: octet by octet it must
 * come to the same as in one piece, and no reply may hold what ends a line.
 */
struct talk {
	struct smtpd *s;
	struct buf got;
};

static void add_text(struct buf *out, const struct message *m)
{
	struct message_source source;
	char block[512];
	long n;

	message_start(&source, m);
	while ((n = message_next(&source, block, sizeof(block))) > 0)
		buf_add(out, block, (size_t)n);
}

static void take_message(void *arg, const struct request *r, struct message *m)
{
	struct talk *t = arg;

	for (size_t i = 0; i < r->recipients_len; i++)
		buf_printf(&t->got, "%s %u\n", r->recipients[i], r->recipients_dsn[i].notify);
	add_text(&t->got, m);
	smtpd_answer(t->s, 250, EX_OK, "2.0.0 OK");
}

static void run(void *arg, const struct strv *words)
{
	struct talk *t = arg;

	for (size_t i = 0; i < words->len; i++)
		buf_puts(&t->got, words->v[i]);
}

static void converse(struct talk *t, unsigned char how, const char *p, size_t n, size_t piece)
{
	static const struct smtpd_ops ops = { .message = take_message, .run = run };
	const struct smtpd_options options = {
		.name = "h",
		.strict = how & 1,
		.private = how & 2,
		.max_message = how & 4 ? 100 : 0,
		.in_memory = 1 << 20,
	};

	buf_init(&t->got, 1 << 24);
	t->s = smtpd_new(&options, &ops, t);
	for (size_t at = 0; at < n && smtpd_state(t->s) == SMTPD_READING;)
		at += smtpd_feed(t->s, p + at, piece < n - at ? piece : n - at);
}

static void check_replies(const struct buf *out)
{
	for (size_t i = 0; i < out->len; i++)
		if ((out->data[i] == '\n') != (i > 0 && out->data[i - 1] == '\r'))
			abort();
}

static bool same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
	struct talk whole, parts;

	if (n == 0)
		return 0;
	converse(&whole, data[0], (const char *)data + 1, n - 1, n);
	converse(&parts, data[0], (const char *)data + 1, n - 1, 1);
	check_replies(smtpd_out(whole.s));
	if (!same(&whole.got, &parts.got) || !same(smtpd_out(whole.s), smtpd_out(parts.s))
	    || smtpd_state(whole.s) != smtpd_state(parts.s))
		abort();
	smtpd_free(whole.s);
	smtpd_free(parts.s);
	buf_release(&whole.got);
	buf_release(&parts.got);
	return 0;
}
