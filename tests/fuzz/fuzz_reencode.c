#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/parser.h"
#include "mail/reencode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* Whatever the message: it stays one, and what was made need not be made again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct message_options o = { .dots_are_text = true };
	struct message m;
	struct parser p;
	struct status st;
	unsigned why = n > 0 ? data[0] & 3U : 0;

	message_init(&m);
	parser_init(&p, &m, &o);
	if (n > 1)
		parser_feed(&p, (const char *)data + 1, n - 1);
	if (parser_end(&p, &st)) {
		enum reencode_result result = message_reencode(&m, why);

		must(m.body_octets == m.body.len || m.fd >= 0);
		if (result == REENCODE_DONE)
			must(message_reencode(&m, why) == REENCODE_UNNEEDED);
	}
	message_release(&m);
	return 0;
}
