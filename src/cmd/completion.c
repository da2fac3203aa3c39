#include "cmd/completion.h"

#include <string.h>

#include "base/str.h"
#include "base/strv.h"
#include "cmd/command.h"
#include "cmd/options.h"

/* --- what a command takes --- */

enum lookup { LOOK_ID = 1, LOOK_ACCOUNT = 2, LOOK_FILE = 4, LOOK_COMMAND = 8 };

/* Some first words of a command (none: the command itself), and what may stand behind them. */
struct group {
	struct strv first, options;
	unsigned lookups;
};

enum { GROUPS_MAX = 16 };

struct usage {
	struct group v[GROUPS_MAX];
	size_t len;
};

static unsigned lookup_of(const char *word)
{
	static const struct {
		const char *word;
		enum lookup lookup;
	} words[] = {
		{ "ID", LOOK_ID },
		{ "ACCOUNT", LOOK_ACCOUNT },
		{ "FILE", LOOK_FILE },
		{ "COMMAND", LOOK_COMMAND },
	};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].lookup;
	return 0;
}

static struct group *last(struct usage *u)
{
	return &u->v[u->len - 1];
}

static void usage_word(struct usage *u, const char *word)
{
	const struct group *g = last(u);

	if (*word == '-') {
		strv_add(&last(u)->options, word);
	} else if (*word < 'a' || *word > 'z') {
		last(u)->lookups |= lookup_of(word);
	} else {
		if ((g->first.len == 0 || g->options.len > 0 || g->lookups != 0) && u->len < GROUPS_MAX)
			u->len++;
		strv_add(&last(u)->first, word);
	}
}

/* "[list [--json] | show|hold ID...]" */
static void usage_parse(struct usage *u, const char *arguments)
{
	struct strv words;

	*u = (struct usage){ .len = 1 };
	strv_init(&words);
	strv_split(&words, arguments, " []|.");
	for (size_t i = 0; i < words.len; i++)
		usage_word(u, words.v[i]);
	strv_release(&words);
}

static void usage_release(struct usage *u)
{
	for (size_t i = 0; i < u->len; i++) {
		strv_release(&u->v[i].first);
		strv_release(&u->v[i].options);
	}
}

static void each_command(struct buf *out, void (*each)(const struct command *c, const struct usage *u, struct buf *out))
{
	size_t n;
	const struct command *table = command_table(&n);

	for (size_t i = 0; i < n; i++) {
		struct usage u;

		usage_parse(&u, table[i].arguments);
		each(&table[i], &u, out);
		usage_release(&u);
	}
}

static void put_words(const struct strv *words, const char *before, struct buf *out)
{
	for (size_t i = 0; i < words->len; i++)
		buf_printf(out, "%s%s", before, words->v[i]);
}

static void put_first(const struct usage *u, struct buf *out)
{
	for (size_t i = 0; i < u->len; i++)
		put_words(&u->v[i].first, " ", out);
}

static void put_commands(struct buf *out)
{
	size_t n;
	const struct command *table = command_table(&n);

	for (size_t i = 0; i < n; i++)
		buf_printf(out, " %s", table[i].name);
}

static void put_options(struct buf *out)
{
	struct option_info row;

	for (size_t i = 0; options_info(i, &row); i++)
		if (!row.refused)
			buf_printf(out, " -%s", row.name);
}

/* --- bash and zsh: one `case`, which calls what each shell has its own way for --- */

static void put_lookups(unsigned lookups, struct buf *out)
{
	if (lookups & LOOK_ID)
		buf_puts(out, " _mailchute_ids;");
	if (lookups & LOOK_ACCOUNT)
		buf_puts(out, " _mailchute_accounts;");
	if (lookups & LOOK_FILE)
		buf_puts(out, " _mailchute_files;");
	if (lookups & LOOK_COMMAND) {
		buf_puts(out, " _mailchute_words");
		put_commands(out);
		buf_putc(out, ';');
	}
}

static void put_group(const char *pattern, const struct group *g, struct buf *out)
{
	buf_printf(out, "\t%s)", pattern);
	if (g->options.len > 0) {
		buf_puts(out, " _mailchute_words");
		put_words(&g->options, " ", out);
		buf_putc(out, ';');
	}
	put_lookups(g->lookups, out);
	buf_puts(out, " ;;\n");
}

static void put_case(const struct command *c, const struct usage *u, struct buf *out)
{
	struct buf pattern;

	buf_init(&pattern, 1000);
	if (u->len > 1) {
		buf_printf(out, "\t%s/) _mailchute_words", c->name);
		put_first(u, out);
		buf_puts(out, " ;;\n");
	}
	for (size_t i = 1; i < u->len; i++) {
		buf_reset(&pattern);
		for (size_t j = 0; j < u->v[i].first.len; j++)
			buf_printf(&pattern, "%s%s/%s", j > 0 ? "|" : "", c->name, u->v[i].first.v[j]);
		put_group(pattern.data, &u->v[i], out);
	}
	buf_reset(&pattern);
	buf_printf(&pattern, "%s/*", c->name);
	if (u->v[0].options.len > 0 || u->v[0].lookups != 0)
		put_group(pattern.data, &u->v[0], out);
	buf_release(&pattern);
}

/* Needs $command and $sub; $previous and $current for sendmail. */
static void put_functions(struct buf *out)
{
	buf_puts(out,
	         "_mailchute_ids() {\n"
	         "\t_mailchute_words $(mailchute \"${config[@]}\" queue list --json 2>/dev/null |\n"
	         "\t\tsed -n 's/^{\"id\":\"\\([^\"]*\\)\".*/\\1/p')\n"
	         "}\n"
	         "_mailchute_accounts() {\n"
	         "\t_mailchute_words $(mailchute \"${config[@]}\" check 2>/dev/null | sed -n 's/^account //p')\n"
	         "}\n"
	         "_mailchute_command() {\n"
	         "\tcase $command/$sub in\n"
	         "\t/*) _mailchute_words -C");
	put_commands(out);
	buf_puts(out, " ;;\n");
	each_command(out, put_case);
	buf_puts(out,
	         "\tesac\n"
	         "}\n"
	         "_mailchute_sendmail() {\n"
	         "\tcase $previous/$current in\n"
	         "\t-C/*) _mailchute_files ;;\n"
	         "\t*/-*) _mailchute_words");
	put_options(out);
	buf_puts(out, " ;;\n\tesac\n}\n");
}

static void write_bash(struct buf *out)
{
	buf_puts(out,
	         "# bash completion for mailchute and sendmail; made by `mailchute help --completion bash`\n"
	         "_mailchute_words() { COMPREPLY+=($(compgen -W \"$*\" -- \"$current\")); }\n"
	         "_mailchute_files() { compopt -o filenames; COMPREPLY+=($(compgen -f -- \"$current\")); }\n");
	put_functions(out);
	buf_puts(out,
	         "_mailchute() {\n"
	         "\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
	         "\tlocal command= sub= at=1\n"
	         "\tlocal -a config=()\n"
	         "\tCOMPREPLY=()\n"
	         "\tif [[ ${1##*/} == sendmail ]]; then _mailchute_sendmail; return; fi\n"
	         "\tif [[ $COMP_CWORD == 2 && $previous == -C ]]; then _mailchute_files; return; fi\n"
	         "\tif [[ ${COMP_WORDS[1]} == -C ]]; then config=(-C \"${COMP_WORDS[2]}\"); at=3; fi\n"
	         "\tif ((COMP_CWORD > at)); then command=${COMP_WORDS[at]}; fi\n"
	         "\tif ((COMP_CWORD > at + 1)); then sub=${COMP_WORDS[at+1]}; fi\n"
	         "\t_mailchute_command\n"
	         "}\n"
	         "complete -F _mailchute mailchute sendmail\n");
}

static void write_zsh(struct buf *out)
{
	buf_puts(out,
	         "#compdef mailchute sendmail\n"
	         "# zsh completion for mailchute and sendmail; made by `mailchute help --completion zsh`\n"
	         "_mailchute_words() { compadd -- \"$@\" }\n"
	         "_mailchute_files() { _files }\n");
	put_functions(out);
	buf_puts(out,
	         "_mailchute() {\n"
	         "\tlocal current=${words[CURRENT]} previous=${words[CURRENT-1]} command= sub= at=2\n"
	         "\tlocal -a config\n"
	         "\tif [[ ${service:t} == sendmail ]]; then _mailchute_sendmail; return; fi\n"
	         "\tif [[ $CURRENT == 3 && $previous == -C ]]; then _mailchute_files; return; fi\n"
	         "\tif [[ ${words[2]} == -C ]]; then config=(-C \"${words[3]}\"); at=4; fi\n"
	         "\tif ((CURRENT > at)); then command=${words[at]}; fi\n"
	         "\tif ((CURRENT > at + 1)); then sub=${words[at+1]}; fi\n"
	         "\t_mailchute_command\n"
	         "}\n"
	         "_mailchute \"$@\"\n");
}

/* --- fish: a line for each thing --- */

static void put_quoted(const char *text, struct buf *out)
{
	buf_putc(out, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '\\')
			buf_putc(out, '\\');
		buf_putc(out, *text);
	}
	buf_putc(out, '\'');
}

/* "complete -c mailchute -n WHEN", the condition being that the group's words stand there. */
static void put_when(const struct command *c, const struct group *g, struct buf *out)
{
	buf_printf(out, "complete -c mailchute -n '__fish_seen_subcommand_from %s", c->name);
	if (g->first.len > 0) {
		buf_puts(out, "; and __fish_seen_subcommand_from");
		put_words(&g->first, " ", out);
	}
	buf_puts(out, "' ");
}

static void put_fish_group(const struct command *c, const struct group *g, struct buf *out)
{
	static const struct {
		enum lookup lookup;
		const char *how;
	} lookups[] = {
		{ LOOK_ID, "-a '(__mailchute_ids)'" },
		{ LOOK_ACCOUNT, "-a '(__mailchute_accounts)'" },
		{ LOOK_FILE, "-F" },
	};

	for (size_t i = 0; i < g->options.len; i++) {
		put_when(c, g, out);
		buf_printf(out, "-a '%s'\n", g->options.v[i]);
	}
	for (size_t i = 0; i < COUNT_OF(lookups); i++)
		if (g->lookups & lookups[i].lookup) {
			put_when(c, g, out);
			buf_printf(out, "%s\n", lookups[i].how);
		}
	if (g->lookups & LOOK_COMMAND) {
		put_when(c, g, out);
		buf_puts(out, "-a '");
		put_commands(out);
		buf_puts(out, "'\n");
	}
}

static void put_fish_command(const struct command *c, const struct usage *u, struct buf *out)
{
	buf_printf(out, "complete -c mailchute -n __fish_use_subcommand -a %s -d ", c->name);
	put_quoted(c->summary, out);
	buf_putc(out, '\n');
	if (u->len > 1) {
		buf_printf(out, "complete -c mailchute -n '__fish_seen_subcommand_from %s; and not "
			"__fish_seen_subcommand_from", c->name);
		put_first(u, out);
		buf_puts(out, "' -a '");
		put_first(u, out);
		buf_puts(out, "'\n");
	}
	for (size_t i = 0; i < u->len; i++)
		put_fish_group(c, &u->v[i], out);
}

static void put_fish_options(struct buf *out)
{
	struct option_info row;

	for (size_t i = 0; options_info(i, &row); i++)
		if (!row.refused)
			buf_printf(out, "complete -c sendmail %s %s%s\n", strlen(row.name) == 1 ? "-s" : "-o",
				row.name, row.takes_value ? strcmp(row.name, "C") == 0 ? " -r -F" : " -x" : "");
}

static void write_fish(struct buf *out)
{
	buf_puts(out,
	         "# fish completion for mailchute and sendmail; made by `mailchute help --completion fish`\n"
	         "function __mailchute_ids\n"
	         "\tmailchute queue list --json 2>/dev/null | string replace -rf '^{\"id\":\"([^\"]*)\".*' '$1'\n"
	         "end\n"
	         "function __mailchute_accounts\n"
	         "\tmailchute check 2>/dev/null | string replace -rf '^account (.*)$' '$1'\n"
	         "end\n"
	         "complete -c mailchute -f\n"
	         "complete -c mailchute -n __fish_use_subcommand -s C -r -F\n");
	each_command(out, put_fish_command);
	put_fish_options(out);
}

static const struct {
	const char *name;
	void (*write)(struct buf *out);
} shells[] = {
	{ "bash", write_bash },
	{ "zsh", write_zsh },
	{ "fish", write_fish },
};

bool completion_write(const char *shell, struct buf *out)
{
	for (size_t i = 0; i < COUNT_OF(shells); i++)
		if (strcmp(shells[i].name, shell) == 0) {
			shells[i].write(out);
			return buf_ok(out);
		}
	return false;
}
