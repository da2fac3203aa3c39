#include <stdint.h>
#include <stdlib.h>

#include "config/netrc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const logins[] = { NULL, "u" };
	struct buf password;

	for (size_t i = 0; i < 2; i++) {
		buf_init(&password, 100);
		if (!netrc_find((const char *)data, size, "h", logins[i], &password) && password.len > 0)
			abort();
		buf_wipe(&password);
	}
	return 0;
}
