#ifndef MAIL_ATEXT_H
#define MAIL_ATEXT_H

#include <stdbool.h>
#include <string.h>

/* RFC 5322, 3.2.3: what an atom is made of, but for RFC 6532's UTF-8. */
static inline bool is_atext(char c)
{
	if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
		return true;
	return c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL;
}

#endif
