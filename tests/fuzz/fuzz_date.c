#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "mail/date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a server greets with: a date that is found is one that can be. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = alloc_copyn((const char *)data, size);
	time_t when;

	if (date_find(text, &when) && (when < -24 * 60 * 60 || when > INT64_C(40000000000)))
		abort();
	free(text);
	return 0;
}
