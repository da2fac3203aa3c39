#include "mail/date.h"

#include <stddef.h>
#include <stdlib.h>

void date_format(struct buf *out, time_t when)
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
		                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm t;
	long minutes;

	if (localtime_r(&when, &t) == NULL) /* no such year: the epoch has to do */
		t = (struct tm){ .tm_mday = 1, .tm_year = 70, .tm_wday = 4 };
	minutes = labs(t.tm_gmtoff) / 60;
	buf_printf(out, "%s, %02d %s %04ld %02d:%02d:%02d %c%02ld%02ld", days[t.tm_wday], t.tm_mday,
		months[t.tm_mon], 1900L + t.tm_year, t.tm_hour, t.tm_min, t.tm_sec,
		t.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
}
