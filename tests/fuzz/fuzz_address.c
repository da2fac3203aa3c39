#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "mail/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
	if (!condition)
		abort();
}

/* What goes on the wire must be one address, and the same one, to whoever reads it. */
static void check_address(const struct address *a)
{
	char *wire = address_string(a), *again;
	struct address back;

	must(!str_has_control(wire, strlen(wire)) && str_is_utf8(wire, strlen(wire)));
	must(address_parse(&back, wire));
	must(strcmp(a->local, back.local) == 0);
	must(a->domain ? strcmp(a->domain, back.domain) == 0 : back.domain == NULL);
	again = address_string(&back);
	must(strcmp(wire, again) == 0 && address_compare(wire, again) == 0);
	address_release(&back);
	free(again);
	free(wire);
}

static void check_error(const struct address *a, size_t size)
{
	struct buf text;

	buf_init(&text, 4096);
	address_explain(&text, a);
	must(a->local == NULL && a->domain == NULL && a->error_at <= size);
	must(buf_ok(&text) && !buf_has_control(&text) && str_is_utf8(text.data, text.len));
	buf_release(&text);
}

/* Whatever the name is, it must not change the address behind it. */
static void check_name(const char *name)
{
	struct address back;
	struct buf text;

	buf_init(&text, SIZE_MAX / 2);
	address_format_name(&text, name);
	must(str_is_ascii(text.data, text.len));
	buf_puts(&text, " <a@b>");
	must(address_parse(&back, text.data));
	must(strcmp(back.local, "a") == 0 && strcmp(back.domain, "b") == 0);
	address_release(&back);
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = alloc_copyn((const char *)data, size);
	struct address_list list;
	struct address one;

	address_list_init(&list);
	address_parse_list(&list, text, size);
	for (size_t i = 0; i < list.len; i++) {
		struct address *a = &list.v[i];

		must(a->start <= a->end && a->end <= size && a->raw != NULL);
		if (a->error == NULL)
			check_address(a);
		else
			check_error(a, size);
		if (a->name != NULL)
			check_name(a->name);
	}
	address_list_release(&list);

	if (!address_parse(&one, text))
		check_error(&one, size);
	address_release(&one);
	check_name(text);
	free(text);
	return 0;
}
