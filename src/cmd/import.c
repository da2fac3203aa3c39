#include "cmd/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/str.h"
#include "config/machine.h"
#include "import/import.h"

static bool read_file(void *arg, const char *path, struct buf *out)
{
	struct status st;

	(void)arg;
	return io_read_file(path, out, &st);
}

static const struct import_files disk = { .read = read_file };

static int fail(int sysexit, const char *text)
{
	fprintf(stderr, "mailchute: %s\n", text);
	return sysexit;
}

static void write_plan(const struct import *im, const char *path)
{
	char *from = alloc_printf("%s's %s", im->format->name, path);
	struct buf out;

	buf_init(&out, SIZE_MAX / 2);
	plan_write(&im->plan, from, &out);
	fwrite(out.data, 1, out.len, stdout);
	buf_wipe(&out);
	free(from);
}

/* --- a file that is named --- */

static int convert(const struct import_format *format, const char *path, const struct buf *text)
{
	struct import im;
	int code = EX_OK;

	import_init(&im, format, &disk);
	if (!import_read(&im, path, text->data, text->len))
		code = EX_CONFIG;
	write_plan(&im, path);
	if (code != EX_OK)
		fail(code, "it names no server to send mail to; the comments say more");
	import_release(&im);
	return code;
}

/* nullmailer's directory, and files that are read together with another one, stand for that. */
static char *main_file(const char *given)
{
	struct stat is;
	char *path;

	if (stat(given, &is) == 0 && S_ISDIR(is.st_mode))
		return alloc_printf("%s/%s", given, import_nullmailer.files[0]);
	path = import_main_file(given);
	return path != NULL ? path : alloc_copy(given);
}

static int import_file(const char *given)
{
	const struct import_format *format;
	char *path = main_file(given);
	struct status st;
	struct buf text;
	int code;

	buf_init(&text, IMPORT_FILE_MAX);
	if (!io_read_file(path, &text, &st))
		code = fail(st.sysexit, st.text);
	else if ((format = import_recognise(path, text.data, text.len)) == NULL)
		code = fail(EX_DATAERR, "neither its name nor its lines tell whose configuration this is");
	else
		code = convert(format, path, &text);
	buf_wipe(&text);
	free(path);
	return code;
}

/* --- what the machine has --- */

static char *place(const char *where)
{
	char *home, *path;

	if (*where != '~')
		return alloc_copy(where);
	home = machine_home();
	path = home != NULL ? alloc_printf("%s%s", home, where + 1) : NULL;
	free(home);
	return path;
}

/* Whether it is there and names a server. */
static bool is_used(const struct import_format *format, const char *path)
{
	struct import im;
	struct buf text;
	bool used;

	buf_init(&text, IMPORT_FILE_MAX);
	import_init(&im, format, &disk);
	used = read_file(NULL, path, &text) && import_read(&im, path, text.data, text.len);
	import_release(&im);
	buf_wipe(&text);
	return used;
}

static void find_format(const struct import_format *format, struct strv *found)
{
	for (const char *const *p = format->places; *p != NULL; p++) {
		char *path = place(*p);

		if (path != NULL && is_used(format, path))
			strv_add(found, path);
		free(path);
	}
}

static int import_machine(void)
{
	size_t n;
	const struct import_format *const *formats = import_formats(&n);
	struct strv found;
	int code;

	strv_init(&found);
	for (size_t i = 0; i < n; i++)
		find_format(formats[i], &found);
	code = found.len > 0 ? import_file(found.v[0])
	                     : fail(EX_CONFIG, "no configuration of another program was found that names a "
	                            "server; `mailchute import FILE` reads one from anywhere");
	for (size_t i = 1; i < found.len; i++)
		fprintf(stderr, "mailchute: there is also %s: `mailchute import %s`\n", found.v[i], found.v[i]);
	strv_release(&found);
	return code;
}

int import_command(const struct call *call)
{
	if (call->argc > 2)
		return command_usage(call);
	return call->argc == 2 ? import_file(call->argv[1]) : import_machine();
}
