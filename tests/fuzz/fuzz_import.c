#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "base/str.h"
#include "config/config.h"
#include "import/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every file that is asked for is what stands behind the first NUL. */
static bool read_rest(void *arg, const char *path, struct buf *out)
{
	const struct buf *rest = arg;

	(void)path;
	buf_add(out, rest->data, rest->len);
	return true;
}

/* What comes out can be loaded, whatever went in. */
static void check_loads(const struct buf *text)
{
	int fd = memfd_create("import", MFD_CLOEXEC);
	char path[64];
	struct config c;
	struct status st;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || !io_write_all(fd, text->data, text->len) || setenv("MAILCHUTE_CONFIG", path, 1) != 0)
		abort();
	config_init(&c);
	if (!config_load(&c, NULL, &st)) {
		fprintf(stderr, "%s\n%s", st.text, text->data);
		abort();
	}
	config_release(&c);
	close(fd);
}

static void try_format(const struct import_format *format, const char *text, size_t len, struct buf *rest)
{
	struct import_files files = { .read = read_rest, .arg = rest };
	struct import im;
	struct buf out;

	buf_init(&out, SIZE_MAX / 2);
	import_init(&im, format, &files);
	if (import_read(&im, "/dir/file", text, len)) {
		plan_write(&im.plan, "file", &out);
		check_loads(&out);
	}
	import_release(&im);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size > 1 ? memchr(data + 1, '\0', size - 1) : NULL;
	size_t n, len = nul != NULL ? (size_t)(nul - data) : size;
	const struct import_format *const *formats = import_formats(&n);
	struct buf rest;

	if (size == 0)
		return 0;
	buf_init(&rest, size);
	buf_add(&rest, data + len, size - len);
	if (rest.len > 0)
		buf_consume(&rest, 1);
	import_recognise("/dir/x", (const char *)data + 1, len - 1);
	try_format(formats[data[0] % n], (const char *)data + 1, len - 1, &rest);
	buf_release(&rest);
	return 0;
}
