#include "serve/policy.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "config/config.h"
#include "config/kind_parts.h"
#include "mail/address.h"
#include "route/mailbox.h"

static const char blanks[] = " \t";

/* --- whom a line is for --- */

/* The nearer, the higher. */
enum nearness { NOT_MEANT, FOR_ALL, FOR_GROUP, FOR_USER };

static bool is_login(const char *user, uid_t uid)
{
	const struct passwd *pw = getpwuid(uid);
	char number[24];

	snprintf(number, sizeof(number), "%lu", (unsigned long)uid);
	return strcmp(user, number) == 0 || (pw != NULL && strcmp(user, pw->pw_name) == 0);
}

static enum nearness nearness(const char *user, const struct peer *p)
{
	if (strcmp(user, "*") == 0)
		return FOR_ALL;
	if (p->caller.tcp)
		return strcmp(user, "tcp") == 0 ? FOR_USER : NOT_MEANT;
	if (user[0] == '@')
		return peer_is_member(p, user + 1) ? FOR_GROUP : NOT_MEANT;
	return is_login(user, p->caller.uid) ? FOR_USER : NOT_MEANT;
}

static enum nearness nearness_of_line(const char *line, const struct peer *p)
{
	char *user = alloc_copyn(line, strcspn(line, blanks));
	enum nearness near = nearness(user, p);

	free(user);
	return near;
}

/* How near the nearest of the lines is. */
static enum nearness nearest(const struct strv *lines, const struct peer *p)
{
	enum nearness best = NOT_MEANT, near;

	for (size_t i = 0; i < lines->len; i++)
		if ((near = nearness_of_line(lines->v[i], p)) > best)
			best = near;
	return best;
}

/* --- allow_from --- */

/* The patterns that count for the caller; false if it may use any address. */
static bool find_patterns(struct strv *patterns, const struct strv *lines, const struct peer *p)
{
	enum nearness near = nearest(lines, p);

	for (size_t i = 0; near != NOT_MEANT && i < lines->len; i++)
		if (nearness_of_line(lines->v[i], p) == near)
			strv_split(patterns, lines->v[i] + strcspn(lines->v[i], blanks), " \t,");
	return near != NOT_MEANT;
}

static bool deny(const char *what, struct status *st)
{
	struct buf shown;

	buf_init(&shown, 256);
	str_escape(&shown, what, strlen(what));
	status_fail(st, EX_NOPERM, "this user may not send as %s", shown.data);
	buf_release(&shown);
	return false;
}

static bool is_allowed(const struct strv *patterns, const struct address *a, const char *maildomain,
                       struct status *st)
{
	struct status ignored;
	char *wire = mailbox_wire(a, maildomain, &ignored);
	bool ok = false;

	for (size_t i = 0; wire != NULL && !ok && i < patterns->len; i++)
		ok = account_matches(patterns->v[i], wire);
	ok = ok || deny(wire != NULL ? wire : a->raw, st);
	free(wire);
	return ok;
}

static bool may_send_as(const struct strv *patterns, const char *sender, const char *maildomain, struct status *st)
{
	struct address a;
	bool ok;

	address_parse(&a, sender);
	ok = address_is_null(&a) || is_allowed(patterns, &a, maildomain, st);
	address_release(&a);
	return ok;
}

/* A field that names nobody, or what cannot be read, is no way around. */
static bool may_write(const struct strv *patterns, const struct field *f, const char *maildomain, struct status *st)
{
	struct address_list list;
	bool ok = true;

	address_list_init(&list);
	address_parse_list(&list, f->text + f->body, f->len - f->body);
	if (list.len == 0 || list.overflow)
		ok = deny("the author of such a From field", st);
	for (size_t i = 0; ok && i < list.len; i++)
		ok = is_allowed(patterns, &list.v[i], maildomain, st);
	address_list_release(&list);
	return ok;
}

bool policy_may_send(const struct settings *s, const struct peer *p, const struct request *r,
                     const struct message *m, struct status *st)
{
	struct strv patterns;
	bool ok = true;

	strv_init(&patterns);
	if (find_patterns(&patterns, &s->allow_from, p)) {
		ok = r->sender == NULL || may_send_as(&patterns, r->sender, s->maildomain, st);
		for (size_t i = 0; ok && i < m->header.len; i++)
			if (field_is(&m->header.v[i], "From") || field_is(&m->header.v[i], "Resent-From"))
				ok = may_write(&patterns, &m->header.v[i], s->maildomain, st);
	}
	strv_release(&patterns);
	return ok;
}

/* --- limit --- */

/* A line taken apart; its grammar was checked when it was read. */
struct rule {
	struct rate messages, recipients;
	enum policy_verdict then;
};

static enum policy_verdict verdict_of(const char *word)
{
	if (str_iequal(word, "hold"))
		return POLICY_HOLD;
	return str_iequal(word, "reject") ? POLICY_REJECT : POLICY_DEFER;
}

static struct rule parse_rule(const char *line)
{
	struct rule rule = { .then = POLICY_DEFER };
	struct strv words;
	struct status st;

	strv_init(&words);
	strv_split(&words, line, blanks);
	for (size_t i = 1; i + 1 < words.len; i += 2)
		if (str_iequal(words.v[i], "messages"))
			kind_parse_rate(words.v[i + 1], &rule.messages, &st);
		else if (str_iequal(words.v[i], "recipients"))
			kind_parse_rate(words.v[i + 1], &rule.recipients, &st);
		else
			rule.then = verdict_of(words.v[i + 1]);
	strv_release(&words);
	return rule;
}

/* One period and the one before. */
struct window {
	int64_t  began;
	uint64_t now, before;
};

/* Of a caller, by one line. */
struct usage {
	char  *rule;
	uid_t  uid;
	bool   tcp;
	struct window messages, recipients;
	int64_t bit_until;         /* it was told of, and need not be again before */
};

static void move_on(struct window *w, int64_t period, int64_t now)
{
	int64_t passed = now - w->began;

	if (w->began == 0)
		w->began = now;
	if (w->began == now || passed < period)
		return;
	w->before = passed < 2 * period ? w->now : 0;
	w->now = 0;
	w->began = passed < 2 * period ? w->began + period : now;
}

static bool has_room(struct window *w, const struct rate *rate, uint64_t n, int64_t now)
{
	int64_t left;

	if (rate->count == 0)
		return true;
	move_on(w, rate->period, now);
	left = rate->period - (now - w->began);
	return (double)w->before * (double)left / (double)rate->period + (double)(w->now + n) <= (double)rate->count;
}

static struct usage *usage_of(struct policy *p, const char *rule, const struct peer *who)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->v[i].uid == who->caller.uid && p->v[i].tcp == who->caller.tcp
		    && strcmp(p->v[i].rule, rule) == 0)
			return &p->v[i];
	if (p->len == p->cap) {
		p->cap = p->cap != 0 ? 2 * p->cap : 16;
		p->v = alloc_array(p->v, p->cap, sizeof(*p->v));
	}
	p->v[p->len] = (struct usage){ .rule = alloc_copy(rule), .uid = who->caller.uid, .tcp = who->caller.tcp };
	return &p->v[p->len++];
}

void policy_release(struct policy *p)
{
	for (size_t i = 0; i < p->len; i++)
		free(p->v[i].rule);
	free(p->v);
	*p = (struct policy){ 0 };
}

static int64_t longest(const struct rule *r)
{
	return r->messages.period > r->recipients.period ? r->messages.period : r->recipients.period;
}

static enum policy_verdict bite(struct usage *u, const struct rule *rule, const char *line, bool never,
                                int64_t now, struct policy_bite *out, struct status *st)
{
	enum policy_verdict then = never && rule->then == POLICY_DEFER ? POLICY_REJECT : rule->then;

	*out = (struct policy_bite){ .rule = line, .first = now >= u->bit_until };
	u->bit_until = now + longest(rule);
	status_fail(st, then == POLICY_DEFER ? EX_TEMPFAIL : EX_NOPERM, "this user may not send so much (limit %s)", line);
	return then;
}

static enum policy_verdict count(struct policy *p, const char *line, const struct peer *who, size_t recipients,
                                 int64_t now, struct policy_bite *out, struct status *st)
{
	struct rule rule = parse_rule(line);
	struct usage *u = usage_of(p, line, who);
	bool never = rule.recipients.count != 0 && recipients > rule.recipients.count;

	if (!has_room(&u->messages, &rule.messages, 1, now)
	    || !has_room(&u->recipients, &rule.recipients, recipients, now))
		return bite(u, &rule, line, never, now, out, st);
	u->messages.now++;
	u->recipients.now += recipients;
	return POLICY_PASS;
}

enum policy_verdict policy_count(struct policy *p, const struct settings *s, const struct peer *who,
                                 size_t recipients, int64_t now, struct policy_bite *out, struct status *st)
{
	enum nearness near = nearest(&s->limit, who);
	enum policy_verdict verdict = POLICY_PASS;

	*out = (struct policy_bite){ 0 };
	for (size_t i = 0; near != NOT_MEANT && verdict == POLICY_PASS && i < s->limit.len; i++)
		if (nearness_of_line(s->limit.v[i], who) == near)
			verdict = count(p, s->limit.v[i], who, recipients, now, out, st);
	return verdict;
}
