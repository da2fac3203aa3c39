#include "config/kind_parts.h"

#include <syslog.h>

#include "base/str.h"
#include "mail/envelope.h"

/* Words: flags and enumerations */

static const char *const off_on[] = { "off", "on", NULL };

static const char *const *flag_words(const struct setting *s)
{
	return s->words != NULL ? s->words : off_on;
}

static bool flag_parse(const struct setting *s, void *field, const char *value,
	const struct origin *at, struct status *st)
{
	int i = kind_find_word(value, flag_words(s), st);

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
	int i = kind_find_word(value, s->words, st);

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
	return kind_refuse(st, value, s->advice);
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
	int i = kind_find_word(word, words, st);

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
		ok = kind_refuse(st, value, "is not a list of failure, delay, success, nor never alone");
	if (ok)
		*(unsigned *)field = set;
	return ok;
}

static void notify_show(const struct setting *s, const void *field, struct strv *values)
{
	struct buf out;

	(void)s;
	buf_init(&out, KIND_SHOWN);
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
	int i = kind_find_word(str_istarts(value, "LOG_") ? value + 4 : value, facility_words, st);

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
