#include "check/inspection.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/str.h"

void inspection_init(struct inspection *n, const struct config *c, struct findings *f)
{
	*n = (struct inspection){ .config = c, .findings = f };
}

void inspect(struct inspection *n)
{
	static void (*const parts[])(struct inspection *n) = {
		inspect_files, inspect_spool, inspect_daemon, inspect_links,
		inspect_machine, inspect_routes, inspect_accounts, inspect_confinement,
	};

	reader_find(&n->reader, n->config);
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		parts[i](n);
	reader_release(&n->reader);
}

void inspect_account_add(struct inspection *n, enum severity severity, const struct account *a,
                         const char *remedy, const char *what, ...)
{
	char *where = alloc_printf("account %s", a->name);
	struct buf text;
	va_list ap;

	buf_init(&text, SIZE_MAX / 2);
	va_start(ap, what);
	buf_vprintf(&text, what, ap);
	va_end(ap);
	findings_add(n->findings, severity, where, remedy, "%s", text.data);
	buf_release(&text);
	free(where);
}
