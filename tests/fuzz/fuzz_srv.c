#include <stdint.h>
#include <stdlib.h>

#include "net/srv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t lot;

static uint32_t chance(void)
{
	return lot += 0x9e3779b9u;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct srv s;

	if (!srv_parse(&s, data, size))
		return 0;
	if (s.n > SRV_MAX)
		abort();
	srv_order(&s, chance);
	for (size_t i = 0; i < s.n; i++)
		if (s.v[i].port == 0 || s.v[i].host[0] == '\0'
		    || (i > 0 && s.v[i].priority < s.v[i - 1].priority))
			abort();
	return 0;
}
