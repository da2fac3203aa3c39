#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "smtp/ehlo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = alloc_copyn((const char *)data, size);
	struct ehlo e;

	ehlo_init(&e);
	ehlo_parse(&e, text);
	if (e.mechanisms.len > 32 || (e.mechanisms.len > 0 && !e.auth) || (e.max_size > 0 && !e.size))
		abort();
	ehlo_release(&e);
	free(text);
	return 0;
}
