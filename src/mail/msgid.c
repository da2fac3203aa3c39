#include "mail/msgid.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"

enum { CHANCE_DIGITS = 5, TIME_DIGITS = MSGID_SIZE - 1 - CHANCE_DIGITS };

static const char base32[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void digits(char *out, int n, uint64_t value)
{
	while (n-- > 0) {
		out[n] = base32[value % 32];
		value /= 32;
	}
}

void msgid_format(char id[MSGID_SIZE], uint64_t microseconds, uint32_t chance)
{
	digits(id, TIME_DIGITS, microseconds);
	digits(id + TIME_DIGITS, CHANCE_DIGITS, chance);
	id[MSGID_SIZE - 1] = '\0';
}

void msgid_make(char id[MSGID_SIZE])
{
	struct timespec now;
	uint32_t chance;

	clock_gettime(CLOCK_REALTIME, &now);
	if (getentropy(&chance, sizeof(chance)) != 0)
		chance = (uint32_t)getpid() ^ (uint32_t)now.tv_nsec;
	msgid_format(id, (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000, chance);
}

int64_t msgid_seconds(const char *id)
{
	uint64_t value = 0;

	if (strspn(id, base32) < TIME_DIGITS)
		return 0;
	for (int i = 0; i < TIME_DIGITS; i++)
		value = value * 32 + (uint64_t)(strchr(base32, id[i]) - base32);
	return (int64_t)(value / 1000000);
}

char *msgid_field(const char *id, const char *domain)
{
	return alloc_printf("<%s@%s>", id, domain);
}
