#include "base/clock.h"

#include <limits.h>
#include <time.h>

int64_t clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

deadline deadline_in(int64_t ms)
{
	int64_t now = clock_now();

	return ms <= 0 || ms > DEADLINE_NEVER - now ? DEADLINE_NEVER : now + ms;
}

deadline deadline_min(deadline a, deadline b)
{
	return a < b ? a : b;
}

int deadline_poll(deadline d)
{
	int64_t left;

	if (d == DEADLINE_NEVER)
		return -1;
	left = d - clock_now();
	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

void clock_print(time_t when, struct buf *out)
{
	struct tm tm;
	char text[64];

	if (gmtime_r(&when, &tm) == NULL || strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm) == 0)
		buf_puts(out, "an unknown time");
	else
		buf_puts(out, text);
}
