#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "queue/qfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was understood is written down again and means the same. */
static void check_again(const struct queue_entry *e, uint64_t size)
{
	struct queue_entry again;
	struct buf text;
	uint64_t size_again;
	const char *why;

	buf_init(&text, QFILE_HEAD_MAX);
	qfile_head(&text, e, size);
	queue_entry_init(&again);
	if (!qfile_parse(&again, text.data, text.len, &size_again, &why) || size_again != size
	    || again.envelope.len != e->envelope.len || strcmp(again.id, e->id) != 0
	    || again.info.held != e->info.held)
		abort();
	queue_release(&again);
	buf_release(&text);
}

/* The front is made here, so that the fuzzer need not find 512 octets of it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct queue_entry front, e;
	struct buf text;
	uint64_t octets = 0;
	const char *why;

	queue_entry_init(&front);
	buf_init(&text, QFILE_HEAD_MAX);
	if (size % 8 != 0)
		qfile_front(&text, &front);
	buf_add(&text, data, size);
	queue_entry_init(&e);
	if (qfile_parse(&e, text.data, text.len, &octets, &why))
		check_again(&e, octets);
	queue_release(&e);
	queue_release(&front);
	buf_release(&text);
	return 0;
}
