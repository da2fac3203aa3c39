#include <string.h>

#include "base/str.h"
#include "base/strv.h"
#include "cmd/command.h"
#include "cmd/completion.h"
#include "cmd/options.h"
#include "unit.h"

static const char *const shells[] = { "bash", "zsh", "fish" };

/* The words of the output, however they are quoted. */
static void words_of(const char *shell, struct strv *words)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	strv_init(words);
	ck_assert(completion_write(shell, &out));
	strv_split(words, out.data, " \t\n;'()/|");
	buf_release(&out);
}

START_TEST(has_every_command)
{
	size_t n;
	const struct command *table = command_table(&n);
	struct strv words;

	words_of(shells[_i], &words);
	for (size_t i = 0; i < n; i++) {
		struct strv arguments;

		ck_assert_msg(strv_has(&words, table[i].name), "%s", table[i].name);
		strv_init(&arguments);
		strv_split(&arguments, table[i].arguments, " []|.");
		for (size_t j = 0; j < arguments.len; j++)
			if (*arguments.v[j] == '-' || str_lower(*arguments.v[j]) == *arguments.v[j])
				ck_assert_msg(strv_has(&words, arguments.v[j]), "%s", arguments.v[j]);
		strv_release(&arguments);
	}
	strv_release(&words);
}
END_TEST

static bool has_option(const struct strv *words, const char *shell, const char *name)
{
	char word[32];

	snprintf(word, sizeof(word), "%s%s", strcmp(shell, "fish") == 0 ? "" : "-", name);
	for (size_t i = 0; i < words->len; i++)
		if (strcmp(words->v[i], word) == 0)
			return true;
	return false;
}

START_TEST(has_every_option)
{
	struct option_info row;
	struct strv words;
	size_t n;

	words_of(shells[_i], &words);
	for (n = 0; options_info(n, &row); n++)
		if (!row.refused)
			ck_assert_msg(has_option(&words, shells[_i], row.name), "-%s", row.name);
	ck_assert_uint_gt(n, 30);
	ck_assert(!has_option(&words, shells[_i], "bd"));
	strv_release(&words);
}
END_TEST

START_TEST(unknown_shell)
{
	struct buf out;

	buf_init(&out, 1000);
	ck_assert(!completion_write("tcsh", &out));
	buf_release(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("completion");
	TCase *tcase = tcase_create("completion");

	tcase_add_loop_test(tcase, has_every_command, 0, COUNT_OF(shells));
	tcase_add_loop_test(tcase, has_every_option, 0, COUNT_OF(shells));
	tcase_add_test(tcase, unknown_shell);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
