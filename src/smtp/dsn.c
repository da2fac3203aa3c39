#include "smtp/dsn.h"

#include "base/str.h"

#include <string.h>

/* RFC 3461, 4: xtext is printable ASCII, and these two are written as hexadecimals as well. */
static bool is_xchar(char c)
{
	return c > 32 && c < 127 && c != '+' && c != '=';
}

static void add_xtext(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++)
		if (is_xchar(*s))
			buf_putc(out, *s);
		else
			buf_printf(out, "+%02X", (unsigned char)*s);
}

/* RFC 6533, 3: utf-8-addr-unitext; what is no QCHAR but ASCII becomes \x{HEX}. */
static void add_unitext(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s > 127 || (is_xchar(*s) && *s != '\\'))
			buf_putc(out, *s);
		else
			buf_printf(out, "\\x{%02X}", (unsigned char)*s);
}

void dsn_mail_parameters(struct buf *out, enum dsn_return ret, const char *envid)
{
	if (ret != RETURN_DEFAULT)
		buf_puts(out, ret == RETURN_FULL ? " RET=FULL" : " RET=HDRS");
	if (envid != NULL) {
		buf_puts(out, " ENVID=");
		add_xtext(out, envid);
	}
}

static void add_notify(struct buf *out, unsigned notify)
{
	static const struct {
		unsigned bit;
		const char *word;
	} words[] = {
		{ NOTIFY_NEVER, "NEVER" },
		{ NOTIFY_SUCCESS, "SUCCESS" },
		{ NOTIFY_FAILURE, "FAILURE" },
		{ NOTIFY_DELAY, "DELAY" },
	};
	const char *separator = " NOTIFY=";

	if (notify & NOTIFY_NEVER) /* stands alone */
		notify = NOTIFY_NEVER;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (notify & words[i].bit) {
			buf_printf(out, "%s%s", separator, words[i].word);
			separator = ",";
		}
}

void dsn_rcpt_parameters(struct buf *out, unsigned notify, const char *original, bool utf8)
{
	if (notify == 0)
		return;
	add_notify(out, notify);
	if (original == NULL)
		return;
	if (str_is_ascii(original, strlen(original))) {
		buf_puts(out, " ORCPT=rfc822;");
		add_xtext(out, original);
	} else if (utf8) {
		buf_puts(out, " ORCPT=utf-8;");
		add_unitext(out, original);
	}
}

void dsn_orcpt(struct buf *out, const char *orcpt, bool utf8)
{
	if (utf8 || str_is_ascii(orcpt, strlen(orcpt)))
		buf_printf(out, " ORCPT=%s", orcpt);
}
