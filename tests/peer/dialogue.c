#include "dialogue.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "login.h"
#include "strict.h"

/* ---- EHLO ---- */

static bool is_withheld(const struct talk *t, const char *keyword)
{
	return strv_has(&t->b->withhold, keyword);
}

static void offer(struct talk *t, struct buf *lines, const char *text)
{
	char *keyword = alloc_copyn(text, strcspn(text, " ="));

	if (!is_withheld(t, keyword)) {
		strv_add(&t->offered, keyword);
		buf_printf(lines, "250-%s\n", text);
	}
	free(keyword);
}

static void offer_all(struct talk *t, struct buf *lines, const struct strv *list)
{
	for (size_t i = 0; i < list->len; i++)
		offer(t, lines, list->v[i]);
}

static void offer_auth(struct talk *t, struct buf *lines, const struct strv *mechanisms)
{
	struct buf text;

	if (mechanisms->len == 0)
		return;
	buf_init(&text, 8192);
	buf_puts(&text, "AUTH");
	for (size_t i = 0; i < mechanisms->len; i++)
		buf_printf(&text, " %s", mechanisms->v[i]);
	offer(t, lines, text.data);
	buf_release(&text);
}

static void do_ehlo(struct talk *t, const char *arg)
{
	bool tls = t->wire.tls != NULL;
	struct buf lines;

	if (*arg == '\0')
		record_violation(t->record, "EHLO without a name");
	talk_reset(t);
	strv_release(&t->offered);
	buf_init(&lines, SIZE_MAX / 2);
	buf_puts(&lines, "250-peer.example greets you\n");
	offer_all(t, &lines, &t->b->offer);
	offer_all(t, &lines, tls ? &t->b->offer_tls : &t->b->offer_clear);
	offer_auth(t, &lines, tls ? &t->b->auth : &t->b->auth_clear);
	if (!tls && t->b->tls == TLS_STARTTLS)
		offer(t, &lines, "STARTTLS");
	buf_puts(&lines, "250 HELP");
	if (!talk_answer(t, tls ? STAGE_EHLO_TLS : STAGE_EHLO, lines.data))
		strv_release(&t->offered);
	buf_release(&lines);
}

static void do_helo(struct talk *t, const char *arg)
{
	if (*arg == '\0')
		record_violation(t->record, "HELO without a name");
	talk_reset(t);
	strv_release(&t->offered);
	talk_answer(t, STAGE_HELO, "250 peer.example");
}

static void do_starttls(struct talk *t, const char *arg)
{
	(void)arg;
	if (t->wire.tls != NULL || t->b->tls != TLS_STARTTLS) {
		talk_say(t, "503 5.5.1 no TLS now");
		return;
	}
	if (wire_has_more(&t->wire))
		record_violation(t->record, "sent ahead behind STARTTLS");
	strv_release(&t->offered);     /* RFC 3207, 4.2: all of it is forgotten */
	if (talk_answer(t, STAGE_STARTTLS, "220 2.0.0 go ahead"))
		talk_start_tls(t);
}

/* ---- AUTH ---- */

/* 334 and the client's answer; NULL when it is gone or gave up. */
static const char *exchange(struct talk *t, const char *challenge)
{
	char *reply = alloc_printf("334 %s", challenge);

	talk_answer(t, STAGE_AUTH_STEP, reply);
	free(reply);
	if (!talk_read(t))
		return NULL;
	if (strcmp(t->line.data, "*") == 0) {
		talk_say(t, "501 5.7.0 given up");
		return NULL;
	}
	return t->line.data;
}

static void log_in(struct talk *t, struct login *l, const char *initial)
{
	enum login_result result;
	struct buf challenge;

	buf_init(&challenge, SIZE_MAX / 2);
	while ((result = login_step(l, initial, &challenge)) == LOGIN_MORE) {
		initial = exchange(t, challenge.data);
		if (initial == NULL)
			goto out;
	}
	if (login_why(l) != NULL)
		record_note(t->record, "NTLM: %s", login_why(l));
	t->logged_in = talk_answer(t, STAGE_AUTH_END,
	                           result == LOGIN_GOOD ? "235 2.7.0 welcome"
	                                                : "535 5.7.8 wrong user or password");
out:
	buf_release(&challenge);
}

static void check_auth(struct talk *t, const char *mechanism)
{
	const struct strv *offered = t->wire.tls != NULL ? &t->b->auth : &t->b->auth_clear;

	if (login_is_plain(mechanism) && t->wire.tls == NULL && t->b->listen[0] != '/')
		record_violation(t->record, "a password in clear text");
	if (t->logged_in)
		record_violation(t->record, "AUTH after a login");
	if (!strv_has(offered, mechanism))
		record_violation(t->record, "AUTH %s was not offered", mechanism);
}

static void do_auth(struct talk *t, const char *arg)
{
	struct login_context context = {
		.behaviour = t->b, .tls = t->wire.tls, .client_verified = t->client_verified,
	};
	char *mechanism = alloc_copyn(arg, strcspn(arg, " "));
	char *initial = arg[strlen(mechanism)] == ' ' ? alloc_copy(strchr(arg, ' ') + 1) : NULL;
	struct login *l = login_new(&context, mechanism);

	check_auth(t, mechanism);
	if (l == NULL)
		talk_say(t, "504 5.7.4 no such mechanism");
	else if (talk_answer(t, STAGE_AUTH, NULL))
		log_in(t, l, initial);
	login_free(l);
	free(mechanism);
	free(initial);
}

/* ---- the transaction ---- */

/* Parameters of MAIL and RCPT, and what the server must have offered for them. */
static const struct {
	const char *parameter, *keyword;
} parameters[] = {
	{ "SIZE", "SIZE" }, { "BODY", "8BITMIME" }, { "SMTPUTF8", "SMTPUTF8" }, { "AUTH", "AUTH" },
	{ "RET", "DSN" }, { "ENVID", "DSN" }, { "NOTIFY", "DSN" }, { "ORCPT", "DSN" },
};

static void check_parameter(struct talk *t, const char *word)
{
	size_t n = strcspn(word, "=");

	for (size_t i = 0; i < COUNT_OF(parameters); i++) {
		const char *p = parameters[i].parameter;

		if (strlen(p) == n && str_iequaln(p, word, n)) {
			if (!strv_has(&t->offered, parameters[i].keyword))
				record_violation(t->record, "%s without %s", p, parameters[i].keyword);
			return;
		}
	}
	record_violation(t->record, "an unknown parameter: %s", word);
}

/* Behind the '>' of "<...>", a quoted local part skipped; NULL if it is none. */
static const char *after_path(const char *path)
{
	bool quoted = false;

	if (*path != '<')
		return NULL;
	for (const char *p = path + 1; *p != '\0'; p++) {
		if (quoted && *p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (*p == '>' && !quoted)
			return p + 1;
	}
	return NULL;
}

/* "FROM:<path> parameters": false, answered, if it is not that. */
static bool check_path(struct talk *t, const char *arg, const char *word)
{
	const char *rest = str_istarts(arg, word) ? after_path(arg + strlen(word)) : NULL;
	struct strv words;

	if (rest == NULL || (*rest != '\0' && *rest != ' ')) {
		record_violation(t->record, "syntax of %s", t->line.data);
		talk_say(t, "501 5.5.4 syntax");
		return false;
	}
	strv_init(&words);
	strv_split(&words, rest, " ");
	for (size_t i = 0; i < words.len; i++)
		check_parameter(t, words.v[i]);
	if (!str_is_ascii(arg, strlen(arg)) && !strv_has(&t->offered, "SMTPUTF8"))
		record_violation(t->record, "a non-ASCII address without SMTPUTF8");
	strv_release(&words);
	return true;
}

/* The limit that an offered "SIZE N" states; 0 is none. */
static size_t size_limit(const struct talk *t)
{
	const struct strv *lists[] = { &t->b->offer, &t->b->offer_tls };
	size_t limit = 0;

	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		for (size_t k = 0; k < lists[i]->len; k++) {
			if (str_istarts(lists[i]->v[k], "SIZE "))
				limit = strtoul(lists[i]->v[k] + 5, NULL, 10);
		}
	}
	return limit;
}

static bool is_too_large(const struct talk *t, const char *arg)
{
	const char *size = strstr(arg, " SIZE=");

	return size != NULL && size_limit(t) > 0 && strtoul(size + 6, NULL, 10) > size_limit(t);
}

static void do_mail(struct talk *t, const char *arg)
{
	const char *usual = "250 2.1.0 ok";

	if (t->has_mail)
		record_violation(t->record, "MAIL within a transaction");
	if (!check_path(t, arg, "FROM:"))
		return;
	if (t->b->must_auth && !t->logged_in)
		usual = "530 5.7.0 log in first";
	else if (is_too_large(t, arg))
		usual = "552 5.3.4 too large";
	else if (t->b->strict && !strict_takes_path(strchr(arg, '<'), true))
		usual = "553 5.1.7 no domain in the sender";
	t->has_mail = talk_answer(t, STAGE_MAIL, usual);
}

static void do_rcpt(struct talk *t, const char *arg)
{
	const char *usual = "250 2.1.5 ok";

	if (!check_path(t, arg, "TO:"))
		return;
	if (!t->has_mail)
		usual = "503 5.5.1 MAIL first";
	else if (t->b->strict && !strict_takes_path(strchr(arg, '<'), false))
		usual = "553 5.1.3 no domain in the recipient";
	if (talk_answer(t, STAGE_RCPT, usual))
		t->recipients++;
}

static void do_data(struct talk *t, const char *arg)
{
	(void)arg;
	if (talk_answer(t, STAGE_DATA, t->recipients > 0 ? "354 go ahead" : "554 5.5.1 no recipients"))
		talk_take_data(t);
}

static void do_bdat(struct talk *t, const char *arg)
{
	char *end;
	size_t octets = strtoul(arg, &end, 10);

	if (!strv_has(&t->offered, "CHUNKING"))
		record_violation(t->record, "BDAT without CHUNKING");
	if (end == arg || (*end != '\0' && !str_iequal(end, " LAST")))
		record_violation(t->record, "syntax of %s", t->line.data);
	talk_take_chunk(t, octets, *end != '\0');
}

static void do_rset(struct talk *t, const char *arg)
{
	(void)arg;
	talk_reset(t);
	talk_answer(t, STAGE_RSET, "250 2.0.0 forgotten");
}

static void do_noop(struct talk *t, const char *arg)
{
	(void)arg;
	talk_answer(t, STAGE_NOOP, "250 2.0.0 ok");
}

static void do_quit(struct talk *t, const char *arg)
{
	(void)arg;
	talk_answer(t, STAGE_QUIT, "221 2.0.0 bye");
	talk_close(t);
}

/* ---- the commands ---- */

struct command {
	const char *verb;
	void (*run)(struct talk *t, const char *arg);
	bool last;              /* RFC 2920, 3.1: nothing may be sent ahead behind it */
};

static const struct command commands[] = {
	{ "EHLO", do_ehlo, true }, { "LHLO", do_ehlo, true },  { "HELO", do_helo, true },
	{ "STARTTLS", do_starttls, true }, { "AUTH", do_auth, true }, { "MAIL", do_mail, false },
	{ "RCPT", do_rcpt, false }, { "DATA", do_data, true },  { "BDAT", do_bdat, false },
	{ "RSET", do_rset, false }, { "NOOP", do_noop, true },  { "QUIT", do_quit, true },
};

static void check_command(struct talk *t, const struct command *c)
{
	bool lmtp = t->b->protocol == PROTOCOL_LMTP;

	if (wire_has_more(&t->wire)) {
		if (c->last)
			record_violation(t->record, "sent ahead behind %s", c->verb);
		else if (!strv_has(&t->offered, "PIPELINING") && c->run != do_bdat)
			record_violation(t->record, "pipelining was not offered");
	}
	if ((c->run == do_ehlo && lmtp != (c->verb[0] == 'L')) || (c->run == do_helo && lmtp))
		record_violation(t->record, "%s is not for this protocol", c->verb);
}

/* Do the command on t->line. */
static void obey(struct talk *t)
{
	size_t n = strcspn(t->line.data, " ");

	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		const struct command *c = &commands[i];

		if (strlen(c->verb) == n && str_iequaln(c->verb, t->line.data, n)) {
			const char *arg = t->line.data + n;
			char *copy = alloc_copy(*arg == ' ' ? arg + 1 : arg);

			check_command(t, c);
			c->run(t, copy);
			free(copy);
			return;
		}
	}
	record_violation(t->record, "an unknown command");
	talk_say(t, "500 5.5.2 what?");
}

void dialogue(struct peer *p, int fd)
{
	struct talk t = { .peer = p, .b = p->behaviour, .record = &p->record };

	wire_init(&t.wire, fd, p->behaviour->pace);
	buf_init(&t.line, SIZE_MAX / 2);
	record_note(t.record, "connection");
	if ((!p->behaviour->socks5 || talk_pass_proxy(&t))
	    && (p->behaviour->tls != TLS_NOW || talk_start_tls(&t)))
		talk_answer(&t, STAGE_GREETING, "220 peer.example ESMTP");
	while (talk_read(&t))
		obey(&t);
	talk_reset(&t);
	buf_release(&t.line);
	strv_release(&t.offered);
}
