#include "mail/date.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

void date_format(struct buf *out, time_t when)
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	struct tm t;
	long minutes;

	if (localtime_r(&when, &t) == NULL) /* no such year: the epoch has to do */
		t = (struct tm){ .tm_mday = 1, .tm_year = 70, .tm_wday = 4 };
	minutes = labs(t.tm_gmtoff) / 60;
	buf_printf(out, "%s, %02d %s %04ld %02d:%02d:%02d %c%02ld%02ld", days[t.tm_wday], t.tm_mday,
		months[t.tm_mon], 1900L + t.tm_year, t.tm_hour, t.tm_min, t.tm_sec,
		t.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

static bool find_month(const char *name, int *out)
{
	for (*out = 0; *out < (int)COUNT_OF(months); ++*out)
		if (str_iequal(months[*out], name))
			return true;
	return false;
}

static bool is_within(int n, int least, int most)
{
	return n >= least && n <= most;
}

static bool is_plausible(const struct tm *t, int zone)
{
	return is_within(t->tm_year, 70, 999) && is_within(t->tm_mday, 1, 31) && is_within(t->tm_hour, 0, 23)
	       && is_within(t->tm_min, 0, 59) && is_within(t->tm_sec, 0, 60)
	       && is_within(abs(zone), 0, 1400) && is_within(abs(zone) % 100, 0, 59);
}

/* "24 Nov 2026 14:09:13 +0000", from its first digit. */
static bool read_date(const char *p, time_t *out)
{
	struct tm t = { 0 };
	char month[4], sign;
	int year, zone;

	if (sscanf(p, "%2d %3s %4d %2d:%2d:%2d %c%4d", &t.tm_mday, month, &year, &t.tm_hour, &t.tm_min, &t.tm_sec,
	           &sign, &zone) == 8 && (sign == '+' || sign == '-'))
		zone = sign == '-' ? -zone : zone;
	else if (sscanf(p, "%2d %3s %4d %2d:%2d:%2d %3s", &t.tm_mday, month, &year, &t.tm_hour, &t.tm_min, &t.tm_sec,
	                (char[4]){ 0 }) == 7)
		zone = 0; /* GMT, UT: what stands there else is too old to be met */
	else
		return false;
	t.tm_year = year - 1900;
	if (!find_month(month, &t.tm_mon) || !is_plausible(&t, zone))
		return false;
	*out = timegm(&t) - (zone / 100 * 60 + zone % 100) * 60;
	return true;
}

bool date_find(const char *text, time_t *out)
{
	for (const char *p = text; *p != '\0'; p++)
		if (*p >= '0' && *p <= '9' && (p == text || p[-1] == ' ') && read_date(p, out))
			return true;
	return false;
}
