#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/alloc.h"
#include "base/str.h"
#include "config/machine.h"
#include "route/alias_file.h"
#include "route/aliases.h"
#include "route/mailbox.h"
#include "route/recipients.h"
#include "unit.h"

#define MAILDOMAIN "corp.example"

static char dir[UNIT_DIR_MAX];

static void make_dir(void)
{
	unit_dir_make(dir);
}

static void remove_dir(void)
{
	unit_dir_remove(dir);
}

static char *path_of(const char *name)
{
	return alloc_printf("%s/%s", dir, name);
}

/* `$` in the text is the directory. */
static void write_text(const char *name, const char *text)
{
	char *path = path_of(name);
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	for (; *text != '\0'; text++)
		if (*text == '$')
			fputs(dir, f);
		else
			putc(*text, f);
	ck_assert_int_eq(fclose(f), 0);
	free(path);
}

static void use_init(struct alias_use *use, struct strv *files)
{
	*use = (struct alias_use){ .aliases = aliases_new(), .files = files, .maildomain = MAILDOMAIN };
}

/* What comes of operands: addresses, `!` before what is refused, `a<s>` with a sender, `a@local`. */
static void add(const struct alias_use *use, const char *operand, struct envelope *e)
{
	const struct recipients_source from = { .operands = &operand, .len = 1,
		                                .maildomain = MAILDOMAIN, .aliases = use };
	struct status st = { 0 };

	envelope_init(e);
	ck_assert_msg(recipients_add(e, &from, &st), "%s", st.text);
}

static void summarize(struct buf *out, const struct envelope *e)
{
	for (size_t i = 0; i < e->len; i++) {
		const struct recipient *r = &e->v[i];

		buf_printf(out, "%s%s%s", i > 0 ? " " : "", r->state == RECIPIENT_FAILED ? "!" : "",
		           r->address);
		if (r->sender != NULL)
			buf_printf(out, "<%s>", r->sender);
		if (r->local)
			buf_puts(out, "(local)");
	}
}

static const struct {
	const char *aliases, *operand, *got;
	const char *list;           /* the file `list` */
	bool local;
} cases[] = {
	/* Nothing found */
	{ .aliases = "", .operand = "root", .got = "root@" MAILDOMAIN },
	{ .aliases = "root: a@x", .operand = "bob", .got = "bob@" MAILDOMAIN },
	{ .aliases = "root: a@x", .operand = "root@elsewhere", .got = "root@elsewhere" },

	/* Found, in any case */
	{ .aliases = "root: a@x", .operand = "root", .got = "a@x" },
	{ .aliases = "root: a@x", .operand = "ROOT", .got = "a@x" },
	{ .aliases = "Root : a@x", .operand = "root", .got = "a@x" },
	{ .aliases = "ROOT:a@x", .operand = "rOOt", .got = "a@x" },
	{ .aliases = "root: a@x\r\nbob: b@x\r\n", .operand = "bob", .got = "b@x" },
	{ .aliases = "root:\ta@x", .operand = "root", .got = "a@x" },
	{ .aliases = "root: A@X", .operand = "root", .got = "A@X" },

	/* Lists */
	{ .aliases = "root: a@x, b@x,c@x", .operand = "root", .got = "a@x b@x c@x" },
	{ .aliases = "root: a@x,, b@x,", .operand = "root", .got = "a@x b@x" },
	{ .aliases = "root: a@x, a@X, a@x", .operand = "root", .got = "a@x" },
	{ .aliases = "root: bob", .operand = "root", .got = "bob@" MAILDOMAIN },
	{ .aliases = "root: Bob <b@x>, (the other) c@x", .operand = "root", .got = "b@x c@x" },
	{ .aliases = "root: \"Smith, Bob\" <b@x>, c@x", .operand = "root", .got = "b@x c@x" },
	{ .aliases = "root: b@x (one, two), c@x", .operand = "root", .got = "b@x c@x" },
	{ .aliases = "root: <@r1,@r2:b@x>, c@x", .operand = "root", .got = "b@x c@x" },
	{ .aliases = "root: root-mail@b\xc3\xbc" "cher.example", .operand = "root",
	  .got = "root-mail@xn--bcher-kva.example" },

	/* Nested */
	{ .aliases = "root: admin\nadmin: ann, bob\nann: ann@x\nbob: b@x", .operand = "root",
	  .got = "ann@x b@x" },
	{ .aliases = "a: b, c\nb: d\nc: d\nd: d@x", .operand = "a", .got = "d@x" },
	{ .aliases = "a: b, b@x\nb: b@x", .operand = "a", .got = "b@x" },
	{ .aliases = "a: b\nB: C\nc: c@x", .operand = "A", .got = "c@x" },

	/* Continuation lines, comments, empty lines */
	{ .aliases = "root: a@x,\n  b@x,\n\tc@x\nbob: d@x", .operand = "root",
	  .got = "a@x b@x c@x" },
	{ .aliases = "root:\n  a@x", .operand = "root", .got = "a@x" },
	{ .aliases = "root: a@x\n# b@x\n\n   # c@x\n  , d@x\nbob: e@x", .operand = "root",
	  .got = "a@x d@x" },
	{ .aliases = "root: a@x, \\\nb@x\nbob: c@x", .operand = "root", .got = "a@x b@x" },
	{ .aliases = "# root: a@x\nroot: b@x", .operand = "root", .got = "b@x" },
	{ .aliases = "  # nothing\n\n \t\nroot: a@x\n\n", .operand = "root", .got = "a@x" },
	{ .aliases = "root: a@x, b\\\n@x", .operand = "root", .got = "a@x b@x" },
	{ .aliases = "root: a@x", .operand = "root", .got = "a@x" },

	/* Quotes */
	{ .aliases = "\"joe smith\": j@x", .operand = "\"joe smith\"", .got = "j@x" },
	{ .aliases = "\"root\": a@x", .operand = "root", .got = "a@x" },
	{ .aliases = "\"a:b\" : c@x", .operand = "\"a:b\"", .got = "c@x" },
	{ .aliases = "\"a\\\"b\": c@x", .operand = "\"a\\\"b\"", .got = "c@x" },
	{ .aliases = "root: \"a@x\"", .operand = "root", .got = "a@x" },
	{ .aliases = "root: \"joe smith\"", .operand = "root", .got = "\"joe smith\"@" MAILDOMAIN },
	{ .aliases = "root: \"joe smith\"\n\"Joe Smith\": j@x", .operand = "root", .got = "j@x" },
	{ .aliases = "root: \"a,b\"@x", .operand = "root", .got = "\"a,b\"@x" },

	/* The first entry counts, of the name and of the file */
	{ .aliases = "root: a@x\nroot: b@x", .operand = "root", .got = "a@x" },

	/* A bad line costs only itself */
	{ .aliases = "root a@x\nbob: b@x", .operand = "bob", .got = "b@x" },
	{ .aliases = "root a@x\nroot: b@x", .operand = "root", .got = "b@x" },
	{ .aliases = ": a@x\nroot: b@x", .operand = "root", .got = "b@x" },
	{ .aliases = "root: \"a@x\nbob: b@x", .operand = "bob", .got = "b@x" },
	{ .aliases = "root: \"a@x\nbob: b@x", .operand = "root", .got = "root@" MAILDOMAIN },
	{ .aliases = "  a@x\nroot: b@x", .operand = "root", .got = "b@x" },
	{ .aliases = "root@x: a@x", .operand = "root@x", .got = "root@x" },
	{ .aliases = "root: a\x01@x\nbob: b@x", .operand = "root", .got = "root@" MAILDOMAIN },
	{ .aliases = "root: a@@x, b@x", .operand = "root", .got = "!a@@x b@x" },
	{ .aliases = "root: a b, c@x", .operand = "root", .got = "!a b c@x" },
	{ .aliases = "root: :fail: gone, c@x", .operand = "root", .got = "!:fail: gone c@x" },

	/* \name */
	{ .aliases = "root: \\root, a@x", .operand = "root", .got = "root@" MAILDOMAIN " a@x" },
	{ .aliases = "root: \\bob\nbob: b@x", .operand = "root", .got = "bob@" MAILDOMAIN },
	{ .aliases = "root: a@x", .operand = "\\root", .got = "root@" MAILDOMAIN },

	/* Itself is meant itself; longer loops end */
	{ .aliases = "ann: ann, a@x", .operand = "ann", .got = "ann@" MAILDOMAIN " a@x" },
	{ .aliases = "ann: ann@" MAILDOMAIN ", a@x", .operand = "ann",
	  .got = "ann@" MAILDOMAIN " a@x" },
	{ .aliases = "ann: Ann@localhost", .operand = "ann", .got = "Ann@" MAILDOMAIN },
	{ .aliases = "a: b, a@x\nb: a, b@x", .operand = "a", .got = "b@x a@x" },
	{ .aliases = "a: b\nb: a", .operand = "a", .got = "!a" },
	{ .aliases = "a: b\nb: c\nc: b, c@x", .operand = "a", .got = "c@x" },
	{ .aliases = "a: b\nb: c\nc: b", .operand = "a", .got = "!a" },

	/* Nobody */
	{ .aliases = "root:", .operand = "root", .got = "!root" },
	{ .aliases = "root: ,", .operand = "root", .got = "!root" },
	{ .aliases = "a: root, a@x\nroot:", .operand = "a", .got = "!root a@x" },

	/* Names of this machine */
	{ .aliases = "root: a@x", .operand = "root@localhost", .got = "a@x" },
	{ .aliases = "root: a@x", .operand = "Root@LocalHost", .got = "a@x" },
	{ .aliases = "root: a@x", .operand = "root@localhost.localdomain", .got = "a@x" },
	{ .aliases = "root: bob@localhost\nbob: b@x", .operand = "root", .got = "b@x" },
	{ .aliases = "", .operand = "bob@localhost", .got = "bob@" MAILDOMAIN },
	{ .aliases = "*: a@x", .operand = "bob@localhost", .got = "a@x" },
	{ .aliases = "root: a@x", .operand = "root@localhost.example",
	  .got = "root@localhost.example" },

	/* maildomain: only what is there by name */
	{ .aliases = "root: a@x", .operand = "root@" MAILDOMAIN, .got = "a@x" },
	{ .aliases = "root: a@x", .operand = "Root@CORP.example", .got = "a@x" },
	{ .aliases = "*: a@x", .operand = "bob@" MAILDOMAIN, .got = "bob@" MAILDOMAIN },
	{ .aliases = "default: a@x", .operand = "bob@" MAILDOMAIN, .got = "bob@" MAILDOMAIN },
	{ .aliases = "root: bob@" MAILDOMAIN "\n*: a@x", .operand = "root",
	  .got = "bob@" MAILDOMAIN },
	{ .aliases = "*: a@x", .operand = "*@" MAILDOMAIN, .got = "a@x" },

	/* Catch-all */
	{ .aliases = "default: a@x", .operand = "bob", .got = "a@x" },
	{ .aliases = "*: a@x", .operand = "bob", .got = "a@x" },
	{ .aliases = "default: a@x\nbob: b@x", .operand = "bob", .got = "b@x" },
	{ .aliases = "*: a@x\ndefault: b@x", .operand = "bob", .got = "b@x" },
	{ .aliases = "default: a@x\nroot: bob", .operand = "root", .got = "a@x" },
	{ .aliases = "default: a@x\nroot: \\bob", .operand = "root", .got = "bob@" MAILDOMAIN },
	{ .aliases = "*: root", .operand = "bob", .got = "root@" MAILDOMAIN },
	{ .aliases = "*: root\nroot: a@x", .operand = "bob", .got = "a@x" },
	{ .aliases = "*: a@x", .operand = "bob@elsewhere", .got = "bob@elsewhere" },

	/* The owner is the sender */
	{ .aliases = "l: a@x, b@x\nowner-l: ann@x", .operand = "l",
	  .got = "a@x<ann@x> b@x<ann@x>" },
	{ .aliases = "l: a@x\nowner-l: ann\nann: ann@x", .operand = "l", .got = "a@x<ann@x>" },
	{ .aliases = "l: a@x\nowner-l: ann", .operand = "l", .got = "a@x<ann@" MAILDOMAIN ">" },
	{ .aliases = "l: a@x\nowner-l: ann@x, bob@x", .operand = "l",
	  .got = "a@x<owner-l@" MAILDOMAIN ">" },
	{ .aliases = "l: a@x\nowner-l: |prog", .operand = "l",
	  .got = "a@x<owner-l@" MAILDOMAIN ">" },
	{ .aliases = "l: a@x\nowner-l: l", .operand = "l", .got = "a@x<a@x>" },
	{ .aliases = "L: a@x\nOwner-L: ann@x", .operand = "l", .got = "a@x<ann@x>" },
	{ .aliases = "l: m, a@x\nm: b@x\nowner-l: ann@x", .operand = "l",
	  .got = "b@x<ann@x> a@x<ann@x>" },
	{ .aliases = "l: m, a@x\nm: b@x\nowner-l: ann@x\nowner-m: bob@x", .operand = "l",
	  .got = "b@x<bob@x> a@x<ann@x>" },
	{ .aliases = "all: l, a@x\nl: b@x\nowner-l: ann@x", .operand = "all",
	  .got = "b@x<ann@x> a@x" },
	{ .aliases = "l: a@x\nowner-l: ann@x", .operand = "owner-l", .got = "ann@x" },
	{ .aliases = "l: a@x\n*: c@x", .operand = "l", .got = "a@x" },
	{ .aliases = "l: :include:$/list\nowner-l: ann@x", .operand = "l",
	  .got = "a@x<ann@x>", .list = "a@x" },
	{ .aliases = "l: a@x, ann\nowner-l: ann\nann: ann@x", .operand = "l",
	  .got = "a@x<ann@x> ann@x<ann@x>" },

	/* Programs and files */
	{ .aliases = "root: |/bin/prog, a@x", .operand = "root", .got = "!|/bin/prog a@x" },
	{ .aliases = "root: \"|/bin/prog a, b\", a@x", .operand = "root",
	  .got = "!\"|/bin/prog a, b\" a@x" },
	{ .aliases = "root: |\"/bin/prog a, b\", a@x", .operand = "root",
	  .got = "!|\"/bin/prog a, b\" a@x" },
	{ .aliases = "root: /var/mail/root", .operand = "root", .got = "!/var/mail/root" },
	{ .aliases = "root: \"/var/mail/the root\"", .operand = "root",
	  .got = "!\"/var/mail/the root\"" },
	{ .aliases = "list: |prog, a@x", .operand = "list",
	  .got = "list@" MAILDOMAIN "(local) a@x", .local = true },
	{ .aliases = "l: /f\nroot: l", .operand = "root",
	  .got = "l@" MAILDOMAIN "(local)", .local = true },
	{ .aliases = "root: :include:$/list", .operand = "root",
	  .got = "root@" MAILDOMAIN "(local)", .list = "|prog", .local = true },

	/* Included files */
	{ .aliases = "l: :include:$/list", .operand = "l",
	  .got = "a@x b@x c@x", .list = "# members\na@x\nb@x, c@x\n\n" },
	{ .aliases = "l: :Include: $/list , d@x", .operand = "l", .got = "a@x d@x", .list = "a@x" },
	{ .aliases = "l: \":include:$/list\"", .operand = "l", .got = "a@x", .list = "a@x" },
	{ .aliases = "l: :include:\"$/list\"", .operand = "l", .got = "a@x", .list = "a@x" },
	{ .aliases = "l: :include:$/list\nann: ann@x", .operand = "l",
	  .got = "ann@x bob@" MAILDOMAIN, .list = "ann\nbob\n" },
	{ .aliases = "l: :include:$/list", .operand = "l", .got = "a@x b@x", .list = "a@x\n  b@x" },
	{ .aliases = "l: :include:$/list", .operand = "l",
	  .got = "a@x", .list = "\"b@x\na@x\x02\n\"c@x\na@x" },
	{ .aliases = "l: :include:$/list", .operand = "l",
	  .got = "a@x !a@@x", .list = "a@x\na@@x" },
	{ .aliases = "l: :include:$/list", .operand = "l", .got = "!l", .list = "" },
	{ .aliases = "l: :include:$/list", .operand = "l", .got = "!l", .list = "l" },
	{ .aliases = "l: :include:$/list", .operand = "l",
	  .got = "a@x", .list = ":include:$/list, a@x" },
	{ .aliases = "l: :include:$/none, a@x", .operand = "l", .got = "!:include:$/none a@x" },
	{ .aliases = "l: :include:list, a@x", .operand = "l",
	  .got = "!:include:list a@x", .list = "b@x" },
	{ .aliases = "l: :include:$, a@x", .operand = "l", .got = "!:include:$ a@x" },
	{ .aliases = "l: :include:/dev/null, a@x", .operand = "l",
	  .got = "!:include:/dev/null a@x" },
	{ .aliases = "l: :include:$/list, :include:$/list", .operand = "l",
	  .got = "a@x", .list = "a@x" },

	/* Several addresses at once */
	{ .aliases = "a: c, a@x\nb: c, b@x\nc: c@x", .operand = "a, b", .got = "c@x a@x b@x" },
	{ .aliases = "a: b\nb: b@x", .operand = "b, a", .got = "b@x" },
};

START_TEST(expand)
{
	struct strv files = { 0 };
	struct alias_use use;
	struct envelope e;
	struct buf got, want;

	write_text("aliases", cases[_i].aliases);
	if (cases[_i].list != NULL)
		write_text("list", cases[_i].list);
	strv_take(&files, path_of("aliases"));
	use_init(&use, &files);
	use.local = cases[_i].local;
	add(&use, cases[_i].operand, &e);
	buf_init(&got, 4096);
	buf_init(&want, 4096);
	summarize(&got, &e);
	for (const char *p = cases[_i].got; *p != '\0'; p++)
		buf_printf(&want, "%.*s", *p == '$' ? UNIT_DIR_MAX : 1, *p == '$' ? dir : p);
	ck_assert_str_eq(got.data, want.data);
	for (size_t i = 0; i < e.len; i++)
		ck_assert(e.v[i].state == RECIPIENT_WAITING || *e.v[i].status.text != '\0');
	buf_release(&got);
	buf_release(&want);
	envelope_release(&e);
	aliases_free(use.aliases);
	strv_release(&files);
}
END_TEST

/* What newaliases says, each line without the directory, "|" between them. */
static const struct {
	const char *aliases, *got, *list;
	bool local;
} bad[] = {
	{ .aliases = "", .got = "" },
	{ .aliases = "# c\nroot: a@x,\n b\nb: \\root\n\n*: root\nowner-root: a@x\n", .got = "" },
	{ .aliases = "root a@x", .got = "aliases:1: an alias is NAME: ADDRESS, ..." },
	{ .aliases = "\n\nroot a@x\n", .got = "aliases:3: an alias is NAME: ADDRESS, ..." },
	{ .aliases = "two words: a@x", .got = "aliases:1: an alias is NAME: ADDRESS, ..." },
	{ .aliases = ": a@x", .got = "aliases:1: an alias is NAME: ADDRESS, ..." },
	{ .aliases = "\"\": a@x", .got = "aliases:1: an alias is NAME: ADDRESS, ..." },
	{ .aliases = "a@x: b@x",
	  .got = "aliases:1: an alias is for a name of this machine, without an @" },
	{ .aliases = "\"a: b@x", .got = "aliases:1: a quote is missing its other half" },
	{ .aliases = "a: \"b@x", .got = "aliases:1: a quote is missing its other half" },
	{ .aliases = "a: b@x\x7f", .got = "aliases:1: a control character" },
	{ .aliases = " a: b@x",
	  .got = "aliases:1: it starts with a blank, but there is no line that it continues" },
	{ .aliases = "a: a@x\nb: b@x\nA: c@x",
	  .got = "aliases:3: there is an alias of that name above, which counts" },
	{ .aliases = "a: b@@x", .got = "aliases:1: b@@x: at column 3: a domain expected" },
	{ .aliases = "a: x@y,\n b@@x", .got = "aliases:1: b@@x: at column 3: a domain expected" },
	{ .aliases = "a: :fail: gone", .got = "aliases:1: :fail: gone: of such words :include: alone is known" },
	{ .aliases = "a:", .got = "aliases:1: a: this alias leads to nobody" },
	{ .aliases = "a: |prog", .got = "aliases:1: |prog: no program is run for mail" },
	{ .aliases = "a: /dev/null", .got = "aliases:1: /dev/null: no mail is written to files" },
	{ .aliases = "a: |prog", .got = "", .local = true },
	{ .aliases = "a: b\nb: a", .got = "aliases:1: a loop: a > b > a" },
	{ .aliases = "x: a\na: b, x@y\nb: c\nc: a", .got = "aliases:2: a loop: a > b > c > a" },
	{ .aliases = "a: b, c\nb: a\nc: a",
	  .got = "aliases:1: a loop: a > b > a" },
	{ .aliases = "a: :include:$/list",
	  .got = "aliases:1: a loop: a > :include:$/list > a", .list = "a" },
	{ .aliases = "a: :include:$/list",
	  .got = "list:2: a control character", .list = "b@x\nc\x01@x" },
	{ .aliases = "a: :include:$/list",
	  .got = "list:2: c@@x: at column 3: a domain expected", .list = "b@x\nc@@x" },
	{ .aliases = "a: :include:$/none", .got = "aliases:1: $/none: No such file or directory" },
	{ .aliases = "a: :include:none",
	  .got = "aliases:1: :include:none: its path does not start with /" },
};

/* Without the directory where a line starts with it. */
static void join(struct buf *out, const struct strv *lines)
{
	size_t n = strlen(dir) + 1;

	for (size_t i = 0; i < lines->len; i++)
		buf_printf(out, "%s%s", i > 0 ? "|" : "",
		           lines->v[i] + (str_starts(lines->v[i], dir) ? n : 0));
}

START_TEST(examine)
{
	struct strv files = { 0 }, complaints = { 0 };
	struct alias_use use;
	struct buf got, want;

	write_text("aliases", bad[_i].aliases);
	if (bad[_i].list != NULL)
		write_text("list", bad[_i].list);
	strv_take(&files, path_of("aliases"));
	use_init(&use, &files);
	use.local = bad[_i].local;
	aliases_examine(&use, &complaints);
	buf_init(&got, 4096);
	buf_init(&want, 4096);
	join(&got, &complaints);
	for (const char *p = bad[_i].got; *p != '\0'; p++)
		buf_printf(&want, "%.*s", *p == '$' ? UNIT_DIR_MAX : 1, *p == '$' ? dir : p);
	ck_assert_str_eq(got.data, want.data);
	buf_release(&got);
	buf_release(&want);
	strv_release(&complaints);
	strv_release(&files);
	aliases_free(use.aliases);
}
END_TEST

/* One file, looked at again and again as a daemon does. */
static void expect(const struct alias_use *use, const char *operand, const char *want)
{
	struct envelope e;
	struct buf got;

	buf_init(&got, 4096);
	add(use, operand, &e);
	summarize(&got, &e);
	ck_assert_str_eq(got.data, want);
	envelope_release(&e);
	buf_release(&got);
}

static void set_age(const char *name, time_t seconds)
{
	char *path = path_of(name);
	const struct timespec times[2] = { { .tv_sec = time(NULL) - seconds }, { .tv_sec = time(NULL) - seconds } };

	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
	free(path);
}

START_TEST(changes_are_seen)
{
	struct strv files = { 0 };
	struct alias_use use;

	write_text("aliases", "a: b@x\nl: :include:$/list");
	write_text("list", "c@x");
	strv_take(&files, path_of("aliases"));
	use_init(&use, &files);
	set_age("aliases", 0);
	expect(&use, "a", "b@x");
	expect(&use, "l", "c@x");
	write_text("aliases", "a: c@x\nl: :include:$/list");
	write_text("list", "d@x");
	set_age("aliases", 0);
	expect(&use, "a", "c@x");          /* the same size within the same second */
	expect(&use, "l", "d@x");
	set_age("aliases", 100);
	expect(&use, "a", "c@x");
	write_text("aliases", "a: e@x");
	set_age("aliases", 50);
	expect(&use, "a", "e@x");
	aliases_free(use.aliases);
	strv_release(&files);
}
END_TEST

START_TEST(unchanged_is_not_read_again)
{
	char *path;
	struct alias_file f;
	struct status st;
	const char *text;

	write_text("aliases", "a: b@x");
	set_age("aliases", 100);
	path = path_of("aliases");
	alias_file_init(&f, path, false);
	ck_assert(alias_file_refresh(&f, 0, &st));
	f.text.data[f.v[0].value] = 'X';   /* ours alone */
	text = f.text.data;
	ck_assert(alias_file_refresh(&f, 0, &st));
	ck_assert_ptr_eq(f.text.data, text);
	ck_assert_str_eq(alias_entry_value(&f, &f.v[0]), "X@x");
	set_age("aliases", 99);
	ck_assert(alias_file_refresh(&f, 0, &st));
	ck_assert_str_eq(alias_entry_value(&f, &f.v[0]), "b@x");
	alias_file_release(&f);
	free(path);
}
END_TEST

START_TEST(several_files)
{
	struct strv files = { 0 };
	struct alias_use use;

	write_text("one", "a: a@one\n*: all@one");
	write_text("two", "a: a@two\nb: b@two");
	strv_take(&files, path_of("one"));
	strv_take(&files, path_of("two"));
	use_init(&use, &files);
	expect(&use, "a", "a@one");
	expect(&use, "b", "b@two");
	expect(&use, "c", "all@one");
	aliases_free(use.aliases);
	strv_release(&files);
}
END_TEST

START_TEST(a_file_that_is_not_there)
{
	struct strv files = { 0 };
	struct alias_use use;
	struct status st;

	strv_take(&files, path_of("none"));
	use_init(&use, &files);
	ck_assert(!aliases_begin(&use, &st));
	ck_assert_int_eq(st.sysexit, EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(st.text, "/none"));
	aliases_free(use.aliases);
	strv_release(&files);
}
END_TEST

/* Mode, and whether it may be included. */
START_TEST(included_files_are_safe)
{
	static const struct {
		mode_t mode;
		uid_t owner;
		bool safe;
	} files[] = { { 0644, 0, true }, { 0664, 0, true }, { 0646, 0, false }, { 0602, 0, false },
		      { 0644, 12345, false } };

	for (size_t i = 0; i < COUNT_OF(files); i++) {
		char *path = path_of("list");
		struct alias_file f;
		struct status st = { 0 };

		write_text("list", "a@x");
		ck_assert_int_eq(chmod(path, files[i].mode), 0);
		if (files[i].owner != 0 && (geteuid() != 0 || chown(path, files[i].owner, (gid_t)-1) < 0)) {
			free(path);
			continue;
		}
		alias_file_init(&f, path, true);
		ck_assert_int_eq(alias_file_refresh(&f, getuid(), &st), files[i].safe);
		ck_assert_int_eq(st.sysexit, files[i].safe ? 0 : EX_CONFIG);
		if (files[i].owner != 0)   /* but to its own owner it is */
			ck_assert(alias_file_refresh(&f, files[i].owner, &st));
		alias_file_release(&f);
		free(path);
	}
}
END_TEST

START_TEST(this_host)
{
	char *host = machine_name(), *operand = alloc_printf("root@%s", host);
	struct strv files = { 0 };
	struct alias_use use;

	write_text("aliases", "root: a@x");
	strv_take(&files, path_of("aliases"));
	use_init(&use, &files);
	expect(&use, operand, "a@x");
	aliases_free(use.aliases);
	strv_release(&files);
	free(operand);
	free(host);
}
END_TEST

START_TEST(given_is_what_was_asked_for)
{
	struct strv files = { 0 };
	struct alias_use use;
	struct envelope e;

	write_text("aliases", "root: a@x, |p");
	strv_take(&files, path_of("aliases"));
	use_init(&use, &files);
	add(&use, "root@localhost", &e);
	ck_assert_uint_eq(e.len, 2);
	ck_assert_str_eq(e.v[0].given, "root@localhost");
	ck_assert_str_eq(e.v[1].given, "root@localhost");
	ck_assert_ptr_nonnull(strstr(e.v[1].status.text, "aliases:1: |p: no program is run for mail"));
	envelope_release(&e);
	aliases_free(use.aliases);
	strv_release(&files);
}
END_TEST

/* Neither lines nor entries nor lists have a limit. */
START_TEST(large)
{
	enum { MANY = 100 * 1000 };
	struct strv files = { 0 };
	struct alias_use use;
	struct envelope e;
	char *path = path_of("aliases");
	FILE *f = fopen(path, "w");

	fputs("all: u0@x", f);
	for (int i = 1; i < MANY; i++)
		fprintf(f, ",\n u%d@x", i);
	for (int i = 0; i < MANY; i++)
		fprintf(f, "\nname%d: n%d@x", i, i);
	ck_assert_int_eq(fclose(f), 0);
	strv_take(&files, path);
	use_init(&use, &files);
	expect(&use, "name0, name99999", "n0@x n99999@x");
	add(&use, "all", &e);
	ck_assert_uint_eq(e.len, MANY);
	envelope_release(&e);
	aliases_free(use.aliases);
	strv_release(&files);
}
END_TEST

/* What doubles with each step must not take forever, what is deep not end the process. */
START_TEST(deep)
{
	struct strv files = { 0 };
	struct alias_use use;
	struct envelope e;
	char *path = path_of("aliases");
	FILE *f = fopen(path, "w");

	for (int i = 0; i < 500; i++)
		fprintf(f, "a%d: a%d, a%d, b%d\n", i, i + 1, i + 1, i + 1);
	for (int i = 0; i < 5000; i++)
		fprintf(f, "c%d: c%d\n", i, i + 1);
	ck_assert_int_eq(fclose(f), 0);
	strv_take(&files, path);
	use_init(&use, &files);
	add(&use, "a0", &e);
	ck_assert_uint_eq(e.len, 501);
	envelope_release(&e);
	add(&use, "c0", &e);
	ck_assert_uint_eq(e.len, 1);
	ck_assert_int_eq(e.v[0].state, RECIPIENT_FAILED);
	envelope_release(&e);
	aliases_free(use.aliases);
	strv_release(&files);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("route/aliases");
	TCase *tc = tcase_create("aliases");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, make_dir, remove_dir);
	tcase_add_loop_test(tc, expand, 0, COUNT_OF(cases));
	tcase_add_loop_test(tc, examine, 0, COUNT_OF(bad));
	tcase_add_test(tc, changes_are_seen);
	tcase_add_test(tc, unchanged_is_not_read_again);
	tcase_add_test(tc, several_files);
	tcase_add_test(tc, a_file_that_is_not_there);
	tcase_add_test(tc, included_files_are_safe);
	tcase_add_test(tc, this_host);
	tcase_add_test(tc, given_is_what_was_asked_for);
	tcase_add_test(tc, large);
	tcase_add_test(tc, deep);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
