#include "mail/request.h"

#include <string.h>

#include "base/str.h"

/* A word and what it stands for. */
struct word {
	const char *name;
	int value;
};

static bool find(const struct word *words, size_t len, const char *text, size_t n, int *value)
{
	for (size_t i = 0; i < len; i++) {
		if (strlen(words[i].name) == n && str_iequaln(words[i].name, text, n)) {
			*value = words[i].value;
			return true;
		}
	}
	return false;
}

bool request_notify(const char *value, unsigned *out)
{
	static const struct word words[] = {
		{ "never", NOTIFY_NEVER },
		{ "success", NOTIFY_SUCCESS },
		{ "failure", NOTIFY_FAILURE },
		{ "delay", NOTIFY_DELAY },
	};
	unsigned set = 0;
	int bit;

	for (const char *word = value;; word++) {
		size_t n = strcspn(word, ",");

		if (!find(words, COUNT_OF(words), word, n, &bit))
			return false;
		set |= (unsigned)bit;
		word += n;
		if (*word == '\0')
			break;
	}
	/* RFC 3461, 4.1: NEVER stands alone. */
	if ((set & NOTIFY_NEVER) != 0 && set != NOTIFY_NEVER)
		return false;
	*out = set;
	return true;
}

bool request_return(const char *value, enum dsn_return *out)
{
	static const struct word words[] = { { "full", RETURN_FULL }, { "hdrs", RETURN_HEADERS } };
	int found;

	if (!find(words, COUNT_OF(words), value, strlen(value), &found))
		return false;
	*out = (enum dsn_return)found;
	return true;
}

bool request_body(const char *value, enum body_type *out)
{
	static const struct word words[] = { { "7bit", BODY_7BIT }, { "8bitmime", BODY_8BITMIME } };
	int found;

	if (!find(words, COUNT_OF(words), value, strlen(value), &found))
		return false;
	*out = (enum body_type)found;
	return true;
}

bool request_is_envid(const char *value)
{
	return strlen(value) <= 100 && str_is_ascii(value, strlen(value));
}

bool request_delivery(const char *value, enum delivery_mode *out)
{
	static const struct word words[] = {
		{ "i", DELIVERY_WAIT },
		{ "b", DELIVERY_BACKGROUND },
		{ "q", DELIVERY_QUEUE },
		{ "d", DELIVERY_QUEUE },
	};
	int found;

	if (!find(words, COUNT_OF(words), value, *value != '\0', &found))
		return false;
	*out = (enum delivery_mode)found;
	return true;
}

bool request_errors(const char *value, enum error_mode *out)
{
	static const struct word words[] = {
		{ "p", ERRORS_PRINT },
		{ "w", ERRORS_PRINT },
		{ "m", ERRORS_MAIL },
		{ "e", ERRORS_MAIL },
		{ "q", ERRORS_QUIET },
	};
	int found;

	if (!find(words, COUNT_OF(words), value, *value != '\0', &found))
		return false;
	*out = (enum error_mode)found;
	return true;
}
