#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "route/alias_file.h"
#include "route/alias_item.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
	if (!condition)
		abort();
}

static void check_item(const struct alias_item *item)
{
	must(item->text != NULL && !strchr(item->text, '\n'));
	if (item->kind == ALIAS_ADDRESS)
		must(item->address.error != NULL || item->address.local != NULL);
}

/* Every entry is found by its name, or one that stands above it. */
static void check_entry(const struct alias_file *f, const struct alias_entry *e)
{
	const char *name = alias_entry_name(f, e), *value = alias_entry_value(f, e);
	struct alias_item item;
	size_t most = strlen(value) + 1;

	must(f->is_list || *name != '\0');
	must(f->is_list || alias_file_find(f, name) <= e);
	must(f->is_list || alias_file_find(f, name) != NULL);
	while (alias_item_next(&item, &value)) {
		must(most-- > 0);
		check_item(&item);
		alias_item_release(&item);
	}
}

static void check(const uint8_t *data, size_t size, bool is_list)
{
	struct alias_file f;

	alias_file_init(&f, "f", is_list);
	alias_file_parse(&f, (const char *)data, size);
	for (size_t i = 0; i < f.len; i++)
		check_entry(&f, &f.v[i]);
	for (size_t i = 0; i < f.complaints.len; i++)
		must(!str_has_control(f.complaints.v[i], strlen(f.complaints.v[i])));
	alias_file_release(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(data, size, false);
	check(data, size, true);
	return 0;
}
