#include "config/kind.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"
#include "config/hostport.h"
#include "config/machine.h"
#include "mail/address.h"
#include "mail/envelope.h"
#include "net/fingerprint.h"
#include "net/tls.h"

enum { SHOWN = 80 };      /* so much of a wrong value is told */

static const char blanks[] = " \t";

/* "VALUE" REASON */
static bool refuse(struct status *st, const char *value, const char *reason)
{
	struct buf shown;

	buf_init(&shown, SHOWN);
	str_escape(&shown, value, strlen(value));
	status_fail(st, EX_CONFIG, "\"%s%s\" %s", shown.data, shown.overflow ? "..." : "", reason);
	buf_release(&shown);
	return false;
}

static size_t count_words(const char *const *words)
{
	size_t n = 0;

	while (words[n] != NULL)
		n++;
	return n;
}

/* Few words are all told, of many the nearest. */
static bool refuse_word(struct status *st, const char *value, const char *const *words)
{
	enum { FEW = 4 };
	size_t n = count_words(words);
	const char *near = str_nearest(value, words, n, sizeof(*words));
	struct buf reason;

	buf_init(&reason, 300);
	buf_puts(&reason, near == NULL || n <= FEW ? "is not one of " : "is not known");
	for (size_t i = 0; (near == NULL || n <= FEW) && i < n; i++)
		buf_printf(&reason, "%s%s", i > 0 ? ", " : "", words[i]);
	if (near != NULL)
		buf_printf(&reason, "; did you mean %s?", near);
	refuse(st, value, reason.data);
	buf_release(&reason);
	return false;
}

/* The word's index, or -1 with a failure. */
static int find_word(const char *value, const char *const *words, struct status *st)
{
	for (int i = 0; words[i] != NULL; i++)
		if (str_iequal(words[i], value))
			return i;
	refuse_word(st, value, words);
	return -1;
}

/* Words: flags and enumerations */

static const char *const off_on[] = { "off", "on", NULL };

static const char *const *flag_words(const struct setting *s)
{
	return s->words != NULL ? s->words : off_on;
}

static bool flag_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	int i = find_word(value, flag_words(s), st);

	(void)at;
	*(bool *)field = i > 0;
	return i >= 0;
}

static void flag_show(const struct setting *s, const void *field, struct strv *values)
{
	strv_add(values, flag_words(s)[*(const bool *)field]);
}

static void flag_clear(void *field)
{
	*(bool *)field = false;
}

const struct kind kind_flag = { flag_parse, flag_show, flag_clear };

static bool word_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	int i = find_word(value, s->words, st);

	(void)at;
	*(int *)field = i < 0 ? 0 : i;
	return i >= 0;
}

static void word_show(const struct setting *s, const void *field, struct strv *values)
{
	strv_add(values, s->words[*(const int *)field]);
}

static void int_clear(void *field)
{
	*(int *)field = 0;
}

const struct kind kind_word = { word_parse, word_show, int_clear };

static bool return_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	return word_parse(s, field, str_iequal(value, "hdrs") ? "headers" : value, at, st);
}

const struct kind kind_return = { return_parse, word_show, int_clear };

static bool fixed_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	(void)field;
	(void)at;
	for (size_t i = 0; s->words != NULL && s->words[i] != NULL; i++)
		if (str_iequal(s->words[i], value))
			return true;
	return refuse(st, value, s->advice);
}

static void fixed_show(const struct setting *s, const void *field, struct strv *values)
{
	(void)s;
	(void)field;
	(void)values;
}

static void fixed_clear(void *field)
{
	(void)field;
}

const struct kind kind_fixed = { fixed_parse, fixed_show, fixed_clear };

/* Sets of words */

static const struct {
	const char *word;
	unsigned bit;
} notify_bits[] = {
	{ "never", NOTIFY_NEVER },
	{ "failure", NOTIFY_FAILURE },
	{ "delay", NOTIFY_DELAY },
	{ "success", NOTIFY_SUCCESS },
};

static bool notify_add(unsigned *set, const char *word, const char *const *words, struct status *st)
{
	int i = find_word(word, words, st);

	if (i >= 0)
		*set |= notify_bits[i].bit;
	return i >= 0;
}

static bool notify_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	static const char *const words[] = { "never", "failure", "delay", "success", NULL };
	unsigned set = 0;
	struct strv list;
	bool ok = true;

	(void)s;
	(void)at;
	strv_init(&list);
	strv_split(&list, value, ", \t");
	for (size_t i = 0; ok && i < list.len; i++)
		ok = notify_add(&set, list.v[i], words, st);
	strv_release(&list);
	if (ok && (set == 0 || ((set & NOTIFY_NEVER) && set != NOTIFY_NEVER)))
		ok = refuse(st, value, "is not a list of failure, delay, success, nor never alone");
	if (ok)
		*(unsigned *)field = set;
	return ok;
}

static void notify_show(const struct setting *s, const void *field, struct strv *values)
{
	struct buf out;

	(void)s;
	buf_init(&out, SHOWN);
	for (size_t i = 0; i < COUNT_OF(notify_bits); i++)
		if (*(const unsigned *)field & notify_bits[i].bit)
			buf_printf(&out, "%s%s", out.len > 0 ? "," : "", notify_bits[i].word);
	if (out.len > 0)
		strv_add(values, out.data);
	buf_release(&out);
}

static void notify_clear(void *field)
{
	*(unsigned *)field = 0;
}

const struct kind kind_notify = { notify_parse, notify_show, notify_clear };

/* In one order: the words and their facilities. */
static const char *const facility_words[] = {
	"mail", "on", "user", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "local0",
	"local1", "local2", "local3", "local4", "local5", "local6", "local7", NULL,
};
static const int facilities[] = {
	LOG_MAIL, LOG_MAIL, LOG_USER, LOG_DAEMON, LOG_AUTH, LOG_SYSLOG, LOG_LPR, LOG_NEWS, LOG_UUCP,
	LOG_CRON, LOG_LOCAL0, LOG_LOCAL1, LOG_LOCAL2, LOG_LOCAL3, LOG_LOCAL4, LOG_LOCAL5, LOG_LOCAL6,
	LOG_LOCAL7,
};

static bool syslog_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	int i = find_word(str_istarts(value, "LOG_") ? value + 4 : value, facility_words, st);

	(void)s;
	(void)at;
	*(int *)field = i < 0 ? -1 : facilities[i];
	return i >= 0;
}

static void syslog_show(const struct setting *s, const void *field, struct strv *values)
{
	(void)s;
	for (size_t i = 0; i < COUNT_OF(facilities); i++) {
		if (facilities[i] == *(const int *)field) {
			strv_add(values, facility_words[i]);
			return;
		}
	}
}

static void syslog_clear(void *field)
{
	*(int *)field = -1;
}

const struct kind kind_syslog = { syslog_parse, syslog_show, syslog_clear };

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

	buf_init(&out, SHOWN);
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
		return refuse(st, value, "is no duration such as 30s, 5m, 1h30m or 5d");
	if (ms == 0)
		return refuse(st, value, s->flags & SETTING_OFF ? "is no duration; say off" : "is too short");
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
		|| refuse(st, value, "is no size such as 5000, 64K, 100M or 1G");
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
	return parse_number(value, no_units, 1, field) || refuse(st, value, "is no number");
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
		&& (*(uint64_t *)field > 0 || refuse(st, value, "must be at least 1"));
}

const struct kind kind_positive = { positive_parse, count_show, number_clear };

static bool port_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	(void)s;
	(void)at;
	return hostport_parse_port(value, field) || refuse(st, value, "is no port: 1 to 65535");
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

/* N/PERIOD, where the period may be a bare unit: 60/h */
static bool parse_rate(const char *value, struct rate *rate, struct status *st)
{
	static const char *const reason = "is no rate such as 60/1h";
	const char *p = value;
	uint64_t period = 0;

	if (!take_digits(&p, &rate->count) || rate->count == 0 || *p++ != '/')
		return refuse(st, value, reason);
	if (strlen(p) == 1 && strchr("dhms", str_lower(*p)) != NULL)
		period = take_unit(&p, time_units, 0);
	else if (!parse_number(p, time_units, 1000, &period))
		period = 0;
	rate->period = (int64_t)period;
	return period > 0 || refuse(st, value, reason);
}

static bool rate_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	(void)s;
	(void)at;
	return parse_rate(value, field, st);
}

static void rate_show(const struct setting *s, const void *field, struct strv *values)
{
	const struct rate *rate = field;
	struct buf out;

	(void)s;
	if (rate->count == 0)
		return;
	buf_init(&out, SHOWN);
	buf_printf(&out, "%llu/", (unsigned long long)rate->count);
	format_number((uint64_t)rate->period, time_units, &out);
	strv_take(values, buf_detach(&out));
}

static void rate_clear(void *field)
{
	*(struct rate *)field = (struct rate){ 0 };
}

const struct kind kind_rate = { rate_parse, rate_show, rate_clear };

/* Text */

static bool take_text(void *field, char *text)
{
	*(char **)field = text;
	return true;
}

static void text_show(const struct setting *s, const void *field, struct strv *values)
{
	const char *text = *(char *const *)field;

	(void)s;
	if (text != NULL)
		strv_add(values, text);
}

static void text_clear(void *field)
{
	free(*(char **)field);
	*(char **)field = NULL;
}

static bool check_text(const char *value, struct status *st)
{
	return !str_has_control(value, strlen(value)) || refuse(st, value, "holds a control character");
}

static bool text_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	(void)s;
	(void)at;
	return check_text(value, st) && take_text(field, alloc_copy(value));
}

const struct kind kind_text = { text_parse, text_show, text_clear };

static bool secret_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	(void)s;
	(void)at;
	(void)st;
	return take_text(field, alloc_copy(value));
}

static void secret_show(const struct setting *s, const void *field, struct strv *values)
{
	(void)s;
	if (*(char *const *)field != NULL)
		strv_add(values, "(set)");
}

static void secret_clear(void *field)
{
	alloc_wipe(*(char **)field);
	*(char **)field = NULL;
}

const struct kind kind_secret = { secret_parse, secret_show, secret_clear };

static bool expand_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	(void)at;
	return check_text(value, st) && take_text(field, machine_expand(value, s->words[0]));
}

const struct kind kind_expand = { expand_parse, text_show, text_clear };

static bool host_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	unsigned short port;
	char *host;
	bool ok;

	(void)s;
	(void)at;
	ok = hostport_parse(value, &host, &port) && port == 0 && !str_istarts(host, "srv:");
	if (ok)
		return take_text(field, host);
	free(host);
	return refuse(st, value, "is no host name or address");
}

const struct kind kind_host = { host_parse, text_show, text_clear };

static bool ip_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	struct in6_addr any;

	(void)s;
	(void)at;
	if (inet_pton(AF_INET, value, &any) != 1 && inet_pton(AF_INET6, value, &any) != 1)
		return refuse(st, value, "is no IPv4 or IPv6 address");
	return take_text(field, alloc_copy(value));
}

const struct kind kind_ip = { ip_parse, text_show, text_clear };

static bool is_loopback(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &six) == 1 ? IN6_IS_ADDR_LOOPBACK(&six)
	                                            : str_iequal(host, "localhost");
}

static bool listen_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	unsigned short port;
	char *host;
	bool ok, here;

	(void)s;
	(void)at;
	ok = hostport_parse(value, &host, &port) && port != 0;
	here = ok && is_loopback(host);
	free(host);
	if (!ok)
		return refuse(st, value, "is no ADDRESS:PORT");
	if (!here)
		return refuse(st, value, "is not the loopback: 127.0.0.1:PORT or [::1]:PORT");
	return take_text(field, alloc_copy(value));
}

const struct kind kind_listen = { listen_parse, text_show, text_clear };

static bool priorities_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	(void)s;
	(void)at;
	if (!tls_check_priorities(value))
		return refuse(st, value, "is no GnuTLS priority string, such as NORMAL:-VERS-TLS1.2");
	return take_text(field, alloc_copy(value));
}

const struct kind kind_priorities = { priorities_parse, text_show, text_clear };

/* File names */

static char *from_home(const char *rest, struct status *st)
{
	char *home = machine_home(), *path = NULL;

	if (home != NULL)
		path = alloc_printf("%s%s", strcmp(home, "/") == 0 && *rest == '/' ? "" : home, rest);
	else
		status_fail(st, EX_CONFIG, "~: this user has no home in the passwd file");
	free(home);
	return path;
}

static char *beside(const char *file, const char *value)
{
	const char *slash = strrchr(file, '/');

	return slash == NULL ? alloc_copy(value)
	                     : alloc_printf("%.*s/%s", (int)(slash - file), file, value);
}

/* The whole name of a file, or NULL with a failure. */
static char *resolve_path(const char *value, const struct origin *at, struct status *st)
{
	if (!check_text(value, st))
		return NULL;
	if (*value == '/')
		return alloc_copy(value);
	if (*value == '~' && (value[1] == '/' || value[1] == '\0'))
		return from_home(value + 1, st);
	if (at->line > 0)
		return beside(at->file, value);
	refuse(st, value, "must begin with / or ~/");
	return NULL;
}

static bool path_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	char *path = resolve_path(value, at, st);

	(void)s;
	return path != NULL && take_text(field, path);
}

const struct kind kind_path = { path_parse, text_show, text_clear };

static bool device_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	bool uri = str_istarts(value, "pkcs11:") || str_istarts(value, "tpmkey:")
		|| str_istarts(value, "system:");

	return (uri ? text_parse : path_parse)(s, field, value, at, st);
}

const struct kind kind_device = { device_parse, text_show, text_clear };

static bool system_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	return strcmp(value, "system") == 0 || path_parse(s, field, value, at, st);
}

static void system_show(const struct setting *s, const void *field, struct strv *values)
{
	const char *path = *(char *const *)field;

	(void)s;
	strv_add(values, path != NULL ? path : "system");
}

const struct kind kind_system = { system_parse, system_show, text_clear };

static bool log_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	return (strcmp(value, "-") == 0 ? text_parse : path_parse)(s, field, value, at, st);
}

const struct kind kind_log = { log_parse, text_show, text_clear };

static bool credential_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	return (*value == '/' || *value == '~' ? path_parse : text_parse)(s, field, value, at, st);
}

const struct kind kind_credential = { credential_parse, text_show, text_clear };

/* Addresses */

bool kind_is_pattern(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if (*p == '*' || *p == '?' || (*p == '[' && (p == text || p[-1] != '@')))
			return true;
	return false;
}

static bool explain_address(struct status *st, const char *value, const struct address *a)
{
	struct buf why;

	if (a->error == NULL)
		return refuse(st, value, "is nobody's address");
	buf_init(&why, sizeof(st->text));
	address_explain(&why, a);
	status_fail(st, EX_CONFIG, "%s", why.data);
	buf_release(&why);
	return false;
}

/* The address in its plain form, or NULL with a failure. */
static char *plain_address(const char *value, struct status *st)
{
	struct address a;
	char *plain = NULL;

	if (address_parse(&a, value) && !address_is_null(&a))
		plain = address_string(&a);
	else
		explain_address(st, value, &a);
	address_release(&a);
	return plain;
}

static bool address_kind_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	char *plain = plain_address(value, st);

	(void)s;
	(void)at;
	return plain != NULL && take_text(field, plain);
}

const struct kind kind_address = { address_kind_parse, text_show, text_clear };

static bool sender_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	if (strcmp(value, "<>") == 0)
		return take_text(field, alloc_copy(""));
	return address_kind_parse(s, field, value, at, st);
}

static void sender_show(const struct setting *s, const void *field, struct strv *values)
{
	const char *sender = *(char *const *)field;

	(void)s;
	if (sender != NULL)
		strv_add(values, *sender != '\0' ? sender : "<>");
}

const struct kind kind_sender = { sender_parse, sender_show, text_clear };

/* Lists, parted by blanks */

static void list_show(const struct setting *s, const void *field, struct strv *values)
{
	const struct strv *list = field;
	struct buf out;

	(void)s;
	if (list->len == 0)
		return;
	buf_init(&out, SIZE_MAX / 2);
	for (size_t i = 0; i < list->len; i++)
		buf_printf(&out, "%s%s", i > 0 ? " " : "", list->v[i]);
	strv_take(values, buf_detach(&out));
}

static void list_clear(void *field)
{
	strv_release(field);
}

/* The item as it is kept, or NULL with a failure. */
typedef char *list_item(const struct setting *s, const char *item, const struct origin *at,
	struct status *st);

static bool parse_list(const struct setting *s, struct strv *list, const char *value,
	list_item *item, const struct origin *at, struct status *st)
{
	struct strv words;
	bool ok;

	strv_init(&words);
	strv_split(&words, value, blanks);
	ok = words.len > 0 || refuse(st, value, "is empty");
	for (size_t i = 0; ok && i < words.len; i++) {
		char *kept = item(s, words.v[i], at, st);

		ok = kept != NULL;
		if (ok)
			strv_take(list, kept);
	}
	strv_release(&words);
	return ok;
}

static char *path_item(const struct setting *s, const char *item, const struct origin *at,
	struct status *st)
{
	char *path, *source;

	(void)s;
	if (!str_starts(item, "ldap:"))
		return resolve_path(item, at, st);
	path = resolve_path(item + 5, at, st);
	source = path != NULL ? alloc_printf("ldap:%s", path) : NULL;
	free(path);
	return source;
}

static bool paths_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	return parse_list(s, field, value, path_item, at, st);
}

const struct kind kind_paths = { paths_parse, list_show, list_clear };

static char *host_item(const struct setting *s, const char *item, const struct origin *at,
	struct status *st)
{
	unsigned short port;
	char *host;
	bool ok = hostport_parse(item, &host, &port);

	(void)s;
	(void)at;
	free(host);
	if (!ok)
		refuse(st, item, "is no NAME, NAME:PORT, [IPv6]:PORT or srv:DOMAIN");
	return ok ? alloc_copy(item) : NULL;
}

static bool hosts_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	return parse_list(s, field, value, host_item, at, st);
}

const struct kind kind_hosts = { hosts_parse, list_show, list_clear };

static char *domain_item(const struct setting *s, const char *item, const struct origin *at,
	struct status *st)
{
	char *domain = NULL;

	return host_parse(s, &domain, item, at, st) ? domain : NULL;
}

static bool domains_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	return parse_list(s, field, value, domain_item, at, st);
}

const struct kind kind_domains = { domains_parse, list_show, list_clear };

static char *pattern_item(const struct setting *s, const char *item, const struct origin *at,
	struct status *st)
{
	(void)s;
	(void)at;
	if (kind_is_pattern(item))
		return check_text(item, st) ? alloc_copy(item) : NULL;
	return plain_address(item, st);
}

static bool patterns_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	return parse_list(s, field, value, pattern_item, at, st);
}

const struct kind kind_patterns = { patterns_parse, list_show, list_clear };

static bool from_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	char *expanded = machine_expand(value, s->words[0]), *one;
	bool ok;

	if (strchr(expanded, '<') == NULL) {
		ok = parse_list(s, field, expanded, pattern_item, at, st);
	} else if ((ok = (one = plain_address(expanded, st)) != NULL)) {
		strv_take(field, one);
	}
	free(expanded);
	return ok;
}

const struct kind kind_from = { from_parse, list_show, list_clear };

static char *fingerprint_item(const struct setting *s, const char *item, const struct origin *at,
	struct status *st)
{
	struct fingerprint print;
	const char *error = fingerprint_parse(item, &print);

	(void)s;
	(void)at;
	if (error != NULL)
		refuse(st, item, error);
	return error == NULL ? alloc_copy(item) : NULL;
}

static bool fingerprints_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	return parse_list(s, field, value, fingerprint_item, at, st);
}

const struct kind kind_fingerprints = { fingerprints_parse, list_show, list_clear };

static char *mechanism_item(const struct setting *s, const char *item, const struct origin *at,
	struct status *st)
{
	int i = find_word(item, s->words, st);

	(void)at;
	return i >= 0 ? alloc_copy(s->words[i]) : NULL;
}

static bool mechanisms_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	struct strv *list = field;

	return parse_list(s, list, value, mechanism_item, at, st)
		&& (list->len == 1 || !strv_has(list, "ON")
			|| refuse(st, value, "names mechanisms beside on"));
}

static void mechanisms_show(const struct setting *s, const void *field, struct strv *values)
{
	struct strv all;

	strv_init(&all);
	list_show(s, field, &all);
	for (size_t i = 0; i < all.len; i++) {
		for (char *p = all.v[i]; *p != '\0'; p++)
			*p = str_lower(*p);
		strv_add(values, all.v[i]);
	}
	strv_release(&all);
}

const struct kind kind_mechanisms = { mechanisms_parse, mechanisms_show, list_clear };

/* Rules: each line adds one */

static void rules_show(const struct setting *s, const void *field, struct strv *values)
{
	const struct strv *rules = field;

	(void)s;
	for (size_t i = 0; i < rules->len; i++)
		strv_add(values, rules->v[i]);
}

static bool rewrite_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	struct strv words;
	char *pattern, *address;
	bool ok;

	strv_init(&words);
	strv_split(&words, value, blanks);
	pattern = words.len == 2 ? pattern_item(s, words.v[0], at, st) : NULL;
	address = pattern != NULL ? plain_address(words.v[1], st) : NULL;
	ok = address != NULL;
	if (words.len != 2)
		refuse(st, value, "is no PATTERN ADDRESS");
	strv_release(&words);
	if (!ok) {
		free(pattern);
		return false;
	}
	strv_take(field, pattern);
	strv_take(field, address);
	return true;
}

static void rewrite_show(const struct setting *s, const void *field, struct strv *values)
{
	const struct strv *rules = field;

	(void)s;
	for (size_t i = 0; i + 1 < rules->len; i += 2)
		strv_take(values, alloc_printf("%s %s", rules->v[i], rules->v[i + 1]));
}

const struct kind kind_rewrite = { rewrite_parse, rewrite_show, list_clear };

/* USER messages N/PERIOD [recipients N/PERIOD] [then defer|hold|reject] */
static bool check_limit(const struct strv *w, const char *value, struct status *st)
{
	static const char *const actions[] = { "defer", "hold", "reject", NULL };
	struct rate rate;
	size_t i = 1;

	if (i + 1 < w->len && str_iequal(w->v[i], "messages")) {
		if (!parse_rate(w->v[i + 1], &rate, st))
			return false;
		i += 2;
	}
	if (i + 1 < w->len && str_iequal(w->v[i], "recipients")) {
		if (!parse_rate(w->v[i + 1], &rate, st))
			return false;
		i += 2;
	}
	if (i > 1 && i + 1 < w->len && str_iequal(w->v[i], "then")) {
		if (find_word(w->v[i + 1], actions, st) < 0)
			return false;
		i += 2;
	}
	return (i > 1 && i == w->len)
		|| refuse(st, value, "is no USER messages N/PERIOD [recipients N/PERIOD] [then ACTION]");
}

static bool limit_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	struct strv words;
	bool ok;

	(void)s;
	(void)at;
	strv_init(&words);
	strv_split(&words, value, blanks);
	ok = check_text(value, st) && check_limit(&words, value, st);
	strv_release(&words);
	if (ok)
		strv_add(field, value);
	return ok;
}

const struct kind kind_limit = { limit_parse, rules_show, list_clear };

static bool allow_from_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	const char *patterns = value + strcspn(value, blanks);
	struct strv checked;
	bool ok;

	strv_init(&checked);
	patterns += strspn(patterns, blanks);
	ok = *patterns != '\0' ? parse_list(s, &checked, patterns, pattern_item, at, st)
	                       : refuse(st, value, "is no USER PATTERN...");
	strv_release(&checked);
	if (ok)
		strv_add(field, value);
	return ok;
}

const struct kind kind_allow_from = { allow_from_parse, rules_show, list_clear };
