#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "smtp/extension.h"

/* What was understood comes back the same from what it is printed as. */
static void check_mail(const char *arguments)
{
	struct request r, again;
	struct strv texts;
	struct status st;
	struct buf one, two;

	strv_init(&texts);
	buf_init(&one, SIZE_MAX / 2);
	buf_init(&two, SIZE_MAX / 2);
	if (extension_parse_mail(&r, &texts, arguments, &st)) {
		extension_print_mail(&one, &r);
		if (buf_has_control(&one)
		    || !extension_parse_mail(&again, &texts, one.data + strlen("XMAIL"), &st))
			abort();
		extension_print_mail(&two, &again);
		if (strcmp(one.data, two.data) != 0)
			abort();
	} else if (str_has_control(st.text, strlen(st.text))) {
		abort();
	}
	strv_release(&texts);
	buf_release(&one);
	buf_release(&two);
}

static void check_xtext(const char *text, size_t n)
{
	char *plain = xtext_parse(text, n), *again;
	struct buf out;

	if (plain == NULL)
		return;
	buf_init(&out, SIZE_MAX / 2);
	xtext_print(&out, plain);
	again = xtext_parse(out.data, out.len);
	if (again == NULL || strcmp(again, plain) != 0 || !str_is_utf8(out.data, out.len))
		abort();
	buf_release(&out);
	free(again);
	free(plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = alloc_copyn((const char *)data, size);
	size_t len;

	check_xtext((const char *)data, size);
	check_mail(text);
	if (extension_exit(text, &len) < 0 || len > strlen(text))
		abort();
	free(text);
	return 0;
}
