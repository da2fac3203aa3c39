#include "config/kind_parts.h"

#include <string.h>

#include "base/str.h"
#include "config/hostport.h"

/* Numbers, with or without a unit */

struct unit {
	char letter;
	uint64_t worth;
};

static const struct unit time_units[] = {
	{ 'd', 24 * 60 * 60 * 1000 }, { 'h', 60 * 60 * 1000 }, { 'm', 60 * 1000 }, { 's', 1000 }, { 0, 0 },
};
static const struct unit size_units[] = { { 'G', 1 << 30 }, { 'M', 1 << 20 }, { 'K', 1 << 10 }, { 0, 0 } };
static const struct unit no_units[] = { { 0, 0 } };

static bool take_digits(const char **p, uint64_t *value)
{
	const char *from = *p;

	for (*value = 0; **p >= '0' && **p <= '9'; ++*p) {
		uint64_t digit = (uint64_t)(**p - '0');

		if (*value > (INT64_MAX - digit) / 10)
			return false;
		*value = *value * 10 + digit;
	}
	return *p > from;
}

static uint64_t take_unit(const char **p, const struct unit *units, uint64_t bare)
{
	if (**p == '\0')
		return bare;
	for (; units->letter != '\0'; units++) {
		if (str_lower(units->letter) == str_lower(**p)) {
			++*p;
			return units->worth;
		}
	}
	return 0;
}

/* Numbers with units ("1h30m"), or a bare one.  The sum is at most INT64_MAX. */
static bool parse_number(const char *p, const struct unit *units, uint64_t bare, uint64_t *sum)
{
	uint64_t value, worth;
	const char *first = p;

	first += strspn(p, "0123456789");
	*sum = 0;
	do {
		if (!take_digits(&p, &value) || (worth = take_unit(&p, units, p == first ? bare : 0)) == 0
			|| value > (INT64_MAX - *sum) / worth)
			return false;
		*sum += value * worth;
	} while (*p != '\0');
	return true;
}

/* The largest unit that leaves no rest. */
static void format_number(uint64_t value, const struct unit *units, struct buf *out)
{
	while (units->letter != '\0' && (value == 0 || value % units->worth != 0))
		units++;
	if (units->letter != '\0')
		buf_printf(out, "%llu%c", (unsigned long long)(value / units->worth), units->letter);
	else
		buf_printf(out, "%llu", (unsigned long long)value);
}

static void show_number(uint64_t value, const struct unit *units, struct strv *values)
{
	struct buf out;

	buf_init(&out, KIND_SHOWN);
	format_number(value, units, &out);
	strv_take(values, buf_detach(&out));
}

static void number_clear(void *field)
{
	*(uint64_t *)field = 0;
}

static bool duration_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	uint64_t ms;

	(void)at;
	if (!parse_number(value, time_units, 1000, &ms))
		return kind_refuse(st, value, "is no duration such as 30s, 5m, 1h30m or 5d");
	if (ms == 0)
		return kind_refuse(st, value, s->flags & SETTING_OFF ? "is no duration; say off" : "is too short");
	*(int64_t *)field = (int64_t)ms;
	return true;
}

static void duration_show(const struct setting *s, const void *field, struct strv *values)
{
	(void)s;
	if (*(const int64_t *)field != 0)
		show_number((uint64_t)*(const int64_t *)field, time_units, values);
}

static void duration_clear(void *field)
{
	*(int64_t *)field = 0;
}

const struct kind kind_duration = { duration_parse, duration_show, duration_clear };

static bool size_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	(void)s;
	(void)at;
	return parse_number(value, size_units, 1, field)
		|| kind_refuse(st, value, "is no size such as 5000, 64K, 100M or 1G");
}

static void size_show(const struct setting *s, const void *field, struct strv *values)
{
	(void)s;
	show_number(*(const uint64_t *)field, size_units, values);
}

const struct kind kind_size = { size_parse, size_show, number_clear };

static bool count_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	(void)s;
	(void)at;
	return parse_number(value, no_units, 1, field) || kind_refuse(st, value, "is no number");
}

static void count_show(const struct setting *s, const void *field, struct strv *values)
{
	(void)s;
	show_number(*(const uint64_t *)field, no_units, values);
}

const struct kind kind_count = { count_parse, count_show, number_clear };

static bool positive_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	return count_parse(s, field, value, at, st)
		&& (*(uint64_t *)field > 0 || kind_refuse(st, value, "must be at least 1"));
}

const struct kind kind_positive = { positive_parse, count_show, number_clear };

static bool port_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	(void)s;
	(void)at;
	return hostport_parse_port(value, field) || kind_refuse(st, value, "is no port: 1 to 65535");
}

static void port_show(const struct setting *s, const void *field, struct strv *values)
{
	(void)s;
	if (*(const unsigned short *)field != 0)
		show_number(*(const unsigned short *)field, no_units, values);
}

static void port_clear(void *field)
{
	*(unsigned short *)field = 0;
}

const struct kind kind_port = { port_parse, port_show, port_clear };

bool kind_parse_rate(const char *value, struct rate *rate, struct status *st)
{
	static const char *const reason = "is no rate such as 60/1h";
	const char *p = value;
	uint64_t period = 0;

	if (!take_digits(&p, &rate->count) || rate->count == 0 || *p++ != '/')
		return kind_refuse(st, value, reason);
	if (strlen(p) == 1 && strchr("dhms", str_lower(*p)) != NULL)
		period = take_unit(&p, time_units, 0);
	else if (!parse_number(p, time_units, 1000, &period))
		period = 0;
	rate->period = (int64_t)period;
	return period > 0 || kind_refuse(st, value, reason);
}

static bool rate_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	(void)s;
	(void)at;
	return kind_parse_rate(value, field, st);
}

static void rate_show(const struct setting *s, const void *field, struct strv *values)
{
	const struct rate *rate = field;
	struct buf out;

	(void)s;
	if (rate->count == 0)
		return;
	buf_init(&out, KIND_SHOWN);
	buf_printf(&out, "%llu/", (unsigned long long)rate->count);
	format_number((uint64_t)rate->period, time_units, &out);
	strv_take(values, buf_detach(&out));
}

static void rate_clear(void *field)
{
	*(struct rate *)field = (struct rate){ 0 };
}

const struct kind kind_rate = { rate_parse, rate_show, rate_clear };
