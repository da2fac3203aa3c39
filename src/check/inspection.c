#include "check/inspection.h"

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
	va_list ap;

	va_start(ap, what);
	findings_vadd(n->findings, severity, where, remedy, what, ap);
	va_end(ap);
	free(where);
}
