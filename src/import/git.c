#include "import/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

/* gitconfig: `[section "subsection"]`, `key = value`; only sendemail's sections are looked at. */

struct reader {
	const char *at, *end;
	unsigned line;
	struct buf key, value;
	char *section;             /* "" for [sendemail], the subsection's name; NULL for another's */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end && is_blank(*r->at))
		r->at++;
}

static void skip_line(struct reader *r)
{
	while (r->at < r->end && *r->at != '\n')
		r->at++;
}

/* Behind "[": `sendemail]`, `sendemail "identity"]`. */
static void read_heading(struct reader *r)
{
	buf_reset(&r->key);
	buf_reset(&r->value);
	while (r->at < r->end && *r->at != ']' && *r->at != '"' && *r->at != '\n')
		if (!is_blank(*r->at++))
			buf_putc(&r->key, r->at[-1]);
	if (r->at < r->end && *r->at == '"')
		for (r->at++; r->at < r->end && *r->at != '"' && *r->at != '\n'; r->at++) {
			if (*r->at == '\\' && r->at + 1 < r->end)
				r->at++;
			buf_putc(&r->value, *r->at);
		}
	while (r->at < r->end && *r->at != ']' && *r->at != '\n')
		r->at++;
	if (r->at < r->end && *r->at == ']')
		r->at++;
	free(r->section);
	r->section = str_iequal(r->key.data, "sendemail") ? alloc_copy(r->value.data) : NULL;
}

/* What stands behind a backslash, which joins lines too. */
static void read_escape(struct reader *r)
{
	static const char letters[] = "nt", meant[] = "\n\t";
	const char *letter = *r->at != '\0' ? strchr(letters, *r->at) : NULL;

	if (*r->at == '\n')
		r->line++;
	else if (*r->at != '\r')
		buf_putc(&r->value, letter != NULL ? meant[letter - letters] : *r->at);
	r->at++;
}

static void read_value(struct reader *r)
{
	bool quoted = false;
	size_t kept = 0;           /* blanks behind it outside of quotes are dropped */

	buf_reset(&r->value);
	skip_blanks(r);
	while (r->at < r->end && *r->at != '\n' && (quoted || (*r->at != '#' && *r->at != ';'))) {
		char c = *r->at++;

		if (c == '"')
			quoted = !quoted;
		else if (c == '\\' && r->at < r->end)
			read_escape(r);
		else
			buf_putc(&r->value, c);
		if (quoted || !is_blank(c))
			kept = r->value.len;
	}
	buf_truncate(&r->value, kept);
	skip_line(r);
}

static void read_key(struct reader *r)
{
	buf_reset(&r->key);
	while (r->at < r->end && !is_blank(*r->at) && strchr("=\n#;", *r->at) == NULL)
		buf_putc(&r->key, *r->at++);
	skip_blanks(r);
	if (r->at < r->end && *r->at == '=') {
		r->at++;
		read_value(r);
		return;
	}
	buf_reset(&r->value);
	buf_puts(&r->value, "true");
	skip_line(r);
}

/* The next key, or false at the end; headings and comments are passed. */
static bool next(struct reader *r)
{
	while (r->at < r->end) {
		skip_blanks(r);
		if (r->at == r->end)
			break;
		if (*r->at == '\n') {
			r->line++;
			r->at++;
		} else if (*r->at == '[') {
			r->at++;
			read_heading(r);
		} else if (*r->at == '#' || *r->at == ';') {
			skip_line(r);
		} else {
			const char *before = r->at;

			read_key(r);
			if (r->at == before) /* a NUL, or a "=" without a key */
				r->at++;
			return true;
		}
	}
	return false;
}

static void parse(struct import *im, const char *path, const char *text, size_t len)
{
	struct reader r = { .at = text, .end = text + len, .line = 1 };

	buf_init(&r.key, IMPORT_FILE_MAX);
	buf_init(&r.value, IMPORT_FILE_MAX);
	while (next(&r))
		if (r.section != NULL)
			entries_add(&im->entries, path, r.line, r.section, r.key.data, r.key.len,
				r.value.data, r.value.len);
	buf_wipe(&r.key);
	buf_wipe(&r.value);
	free(r.section);
}

static void take_server(struct import *im, const struct import_key *row, const char *value)
{
	(void)row;
	if (*value == '/')
		plan_left(&im->plan, "a program, not a server");
	else
		import_server(im, value, 0);
}

static void take_port(struct import *im, const struct import_key *row, const char *value)
{
	unsigned short port = import_port(value);
	char *number = alloc_printf("%u", port);

	(void)row;
	if (port != 0)
		import_set(im, "port", number);
	else
		plan_left(&im->plan, "the port %.40s has no number here", value);
	free(number);
}

static void take_mechanisms(struct import *im, const struct import_key *row, const char *value)
{
	(void)row;
	import_set(im, "auth", str_iequal(value, "none") ? "off" : value);
}

static void take_authorities(struct import *im, const struct import_key *row, const char *value)
{
	size_t n = strlen(value);

	(void)row;
	if (n == 0)
		import_set(im, "tls_certcheck", "off");
	else if (value[n - 1] == '/')
		plan_left(&im->plan, "a directory of authorities is no choice here: tls_trust_file takes a file");
	else
		import_set(im, "tls_trust_file", value);
}

static void take_sender(struct import *im, const struct import_key *row, const char *value)
{
	(void)row;
	if (!str_iequal(value, "auto"))
		import_set(im, "from", value);
}

static const char gits[] = "is git's own affair and stays in its configuration, where it goes on having effect";

static const struct import_key keys[] = {
	{ .name = "identity" },
	{ .name = "smtpEncryption" },
	{ .name = "smtpSSL" },
	{ .name = "smtpServer", .take = take_server },
	{ .name = "smtpServerPort", .take = take_port },
	{ .name = "smtpServerOption", .why = "is for a program" },
	{ .name = "sendmailCmd", .why = "is a program; it may be mailchute's: git config --global sendemail.sendmailCmd "
	  "\"/usr/sbin/sendmail -i\"" },
	{ .name = "smtpUser", .to = "user" },
	{ .name = "smtpPass", .to = "password" },
	{ .name = "smtpAuth", .take = take_mechanisms },
	{ .name = "smtpDomain", .to = "domain" },
	{ .name = "smtpSSLCertPath", .take = take_authorities },
	{ .name = "smtpSSLClientCert", .to = "tls_cert_file" },
	{ .name = "smtpSSLClientKey", .to = "tls_key_file" },
	{ .name = "from", .take = take_sender },
	{ .name = "envelopeSender", .take = take_sender },
	{ .name = "smtpBatchSize", .why = "messages that wait share a connection; `rate` paces them" },
	{ .name = "smtpReloginDelay", .why = "messages that wait share a connection; `rate` paces them" },
	{ .name = "smtpDebug", .why = "`sendmail -v` shows the dialogue" },
	{ .name = "aliasesFile", .why = gits }, { .name = "aliasFile", .why = gits }, { .name = "aliasFileType", .why = gits },
	{ .name = "annotate", .why = gits }, { .name = "assume8bitEncoding", .why = gits }, { .name = "bcc", .why = gits },
	{ .name = "cc", .why = gits }, { .name = "ccCmd", .why = gits }, { .name = "ccCover", .why = gits },
	{ .name = "chainReplyTo", .why = gits }, { .name = "composeEncoding", .why = gits }, { .name = "confirm", .why = gits },
	{ .name = "forbidSendmailVariables", .why = gits }, { .name = "headerCmd", .why = gits }, { .name = "mailmap*", .why = gits },
	{ .name = "multiEdit", .why = gits }, { .name = "outlookidfix", .why = gits }, { .name = "replyTo", .why = gits },
	{ .name = "signedOffByCc", .why = gits }, { .name = "signedOffCc", .why = gits }, { .name = "suppressCc", .why = gits },
	{ .name = "suppressFrom", .why = gits }, { .name = "thread", .why = gits }, { .name = "to", .why = gits },
	{ .name = "toCmd", .why = gits }, { .name = "toCover", .why = gits }, { .name = "transferEncoding", .why = gits },
	{ .name = "validate", .why = gits }, { .name = "xmailer", .why = gits },
};

/* smtpEncryption is not a matter of identities: the main section's counts where one has none. */
static const char *encryption(const struct import *im, const char *section)
{
	const char *own = import_get(im, section, "smtpEncryption");

	if (own == NULL)
		own = import_get(im, "", "smtpEncryption");
	if (own == NULL && (import_yes(im, section, "smtpSSL") || import_yes(im, "", "smtpSSL")))
		own = "ssl";
	return own != NULL ? own : "";
}

static void settle(struct import *im, const char *section)
{
	const char *how = encryption(im, section);
	bool at_once = strcmp(how, "ssl") == 0;

	import_tls(im, at_once ? IMPORT_AT_ONCE : strcmp(how, "tls") == 0 ? IMPORT_STARTTLS : IMPORT_PLAIN);
	if (plan_get(im->to, "port") == NULL)
		import_set(im, "port", at_once ? "465" : "25");
}

/* An identity has what the main section says, and its own. */
static void carry_section(struct import *im, const char *section)
{
	const struct plan_part *main = im->plan.len > 0 ? im->plan.accounts[0] : NULL;

	im->to = plan_account(&im->plan, *section != '\0' ? section : "sendemail");
	if (main != NULL) {
		plan_copy(&im->plan, im->to, main);
		plan_unset(im->to, "port");
	}
	import_carry(im, section);
	if (plan_get(im->to, "port") == NULL && import_get(im, "", "smtpServerPort") != NULL
		&& import_get(im, section, "smtpServer") == NULL)
		take_port(im, NULL, import_get(im, "", "smtpServerPort"));
	settle(im, section);
}

static void carry(struct import *im)
{
	const char *chosen = import_get(im, "", "identity");
	struct strv seen;

	strv_init(&seen);
	strv_add(&seen, "");
	if (im->entries.len > 0)
		carry_section(im, "");
	for (size_t i = 0; i < im->entries.len; i++)
		if (!strv_has(&seen, im->entries.v[i].section)) {
			strv_add(&seen, im->entries.v[i].section);
			carry_section(im, im->entries.v[i].section);
		}
	strv_release(&seen);
	im->plan.default_account = alloc_copy(chosen != NULL ? chosen : "sendemail");
	if (im->plan.len > 1 && plan_get(im->plan.accounts[0], "host") == NULL && chosen == NULL) {
		free(im->plan.default_account);
		im->plan.default_account = alloc_copy(im->plan.accounts[1]->account.name);
	}
}

static const char *const files[] = { ".gitconfig", "gitconfig", NULL };
static const char *const places[] = { "~/.gitconfig", "~/.config/git/config", "/etc/gitconfig", NULL };

const struct import_format import_git = {
	.name = "git",
	.files = files,
	.places = places,
	.any_case = true,
	.keys = keys,
	.n = COUNT_OF(keys),
	.parse = parse,
	.carry = carry,
	.settle = settle,
};
