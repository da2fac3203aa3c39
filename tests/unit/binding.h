#ifndef TEST_BINDING_H
#define TEST_BINDING_H

#include "net/tls.h"

/*
 * No TLS here: this one stands in for net/tls.  The stream's descriptor says
 * which binding the connection has.
 */
enum { LINE_TLS13 = 13, LINE_TLS12 = 12, LINE_NO_BINDING = 10 };

static const char exported[] = "exported, 32 octets of it, \1\2\3\4", unique[] = "twelve octet",
                  end_point[] = "a hash of the certificate";

bool tls_binding(const struct stream *s, enum tls_binding kind, struct buf *out)
{
	if (kind == TLS_BINDING_EXPORTER && s->fd == LINE_TLS13)
		buf_puts(out, exported);
	else if (kind == TLS_BINDING_UNIQUE && s->fd == LINE_TLS12)
		buf_puts(out, unique);
	else if (kind == TLS_BINDING_END_POINT && s->fd != LINE_NO_BINDING)
		buf_puts(out, end_point);
	else
		return false;
	return true;
}

#endif
