#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "base/str.h"
#include "cmd/options.h"

/* A command line whose words end in NULs. */
static void split(struct strv *args, const char *data, size_t n)
{
	for (const char *end; n > 0 && (end = memchr(data, '\0', n)) != NULL; data = end + 1) {
		strv_add(args, data);
		n -= (size_t)(end + 1 - data);
	}
}

static void must(bool ok)
{
	if (!ok)
		abort();
}

static bool is_clean(const char *s)
{
	return s == NULL || !str_has_control(s, strlen(s));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct strv args;
	struct options o;
	struct status st;

	strv_init(&args);
	split(&args, (const char *)data, n);
	options_init(&o);
	if (options_parse(&o, args.len, (const char *const *)args.v, &st)) {
		must(is_clean(o.request.sender) && is_clean(o.request.full_name) && is_clean(o.request.envid)
		     && is_clean(o.request.tag));
		must(o.request.recipients_len <= args.len);
		for (size_t i = 0; i < o.request.recipients_len; i++)
			must(is_clean(o.request.recipients[i]));
	} else {
		must(st.sysexit == EX_USAGE || st.sysexit == EX_DATAERR);
		must(is_clean(st.text) && st.text[0] != '\0');
	}
	strv_release(&args);
	return 0;
}
