#ifndef TEST_LINES_H
#define TEST_LINES_H

#include "config/settings.h"
#include "mail/field.h"
#include "unit.h"

/* Settings and headers from the lines that rows have them in. */

static inline void lines_set(struct settings *s, const char *key, const char *value)
{
	static const struct origin nowhere = { .file = "test", .line = 1 };
	struct status st;

	ck_assert_msg(setting_set(setting_find(key, SCOPE_GLOBAL), s, value, &nowhere, &st), "%s", st.text);
}

/* "masquerade a b|rewrite c d"; maildomain is mail.example. */
static inline void lines_settings(struct settings *s, const char *lines)
{
	settings_init(s);
	lines_set(s, "maildomain", "mail.example");
	while (lines != NULL && *lines != '\0') {
		size_t n = strcspn(lines, "|"), key = strcspn(lines, " ");
		char *name = strndup(lines, key), *value = strndup(lines + key + 1, n - key - 1);

		lines_set(s, name, value);
		free(name);
		free(value);
		lines += n + (lines[n] == '|');
	}
}

/* Fields, each line with a CRLF behind it. */
static inline void lines_header(struct header *h, const char *in)
{
	header_init(h);
	while (*in != '\0') {
		size_t n = (size_t)(strstr(in, "\r\n") - in) + 2;

		if (*in == ' ')
			header_continue(h, in, n);
		else
			ck_assert(header_add(h, in, n));
		in += n;
	}
}

/* And back; the caller frees it. */
static inline char *lines_of_header(const struct header *h)
{
	struct buf text;

	buf_init(&text, 64 * 1024);
	for (size_t i = 0; i < h->len; i++)
		buf_add(&text, h->v[i].text, h->v[i].len);
	return buf_detach(&text);
}

/* What `change` makes of a header; the size that it counts is true. */
static inline void lines_check(const char *settings, const char *in, const char *out,
                               void (*change)(const struct settings *s, struct header *h))
{
	struct header h;
	struct settings s;
	char *got;

	lines_settings(&s, settings);
	lines_header(&h, in);
	change(&s, &h);
	got = lines_of_header(&h);
	ck_assert_str_eq(got, out);
	ck_assert_uint_eq(h.octets, strlen(got));
	free(got);
	header_release(&h);
	settings_release(&s);
}

#endif
