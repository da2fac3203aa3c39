#include "route/prepare.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "mail/complete.h"
#include "mail/reencode.h"
#include "route/mapping.h"
#include "route/recipients.h"
#include "route/staging.h"

void prepared_init(struct prepared *p)
{
	*p = (struct prepared){ .id = "" };
	envelope_init(&p->envelope);
	msgid_make(p->id);
}

void prepared_release(struct prepared *p)
{
	if (p->next != NULL)
		prepared_release(p->next);
	free(p->next);
	p->next = NULL;
	route_release(&p->route);
	envelope_release(&p->envelope);
	strv_release(&p->complaints);
}

/* --- for -v -v --- */

static void trace_choice(const struct prepared *p)
{
	const struct route *r = &p->route;

	if (r->entry != NULL)
		trace_detail(p->trace, "account %s is chosen by its from %s", r->account->name, r->entry);
	else
		trace_detail(p->trace, "account %s takes what no other does", r->account->name);
}

static void trace_alias(void *arg, unsigned depth, const char *name, const char *value, const char *where)
{
	const struct prepared *p = arg;

	trace_detail(p->trace, "alias %*s%s: %s (%s)", (int)(2 * depth), "", name, value, where);
}

static void trace_recipients(const struct trace *t, const struct prepared *part)
{
	const struct envelope *e = &part->envelope;

	for (size_t i = 0; i < e->len; i++)
		if (e->v[i].state == RECIPIENT_WAITING)
			trace_detail(t, "%s goes to <%s>%s", e->v[i].given, e->v[i].address,
			             part->held ? ", but is held: allow_to does not name it" : "");
}

static void trace_parts(const struct prepared *p)
{
	for (const struct prepared *part = p; part != NULL; part = part->next) {
		trace_detail(p->trace, "account %s, sender <%s>", part->route.account->name, part->route.sender);
		trace_recipients(p->trace, part);
	}
}

/* --- whom and which way --- */

static bool find_route(struct prepared *p, const struct config *c, const struct caller *who,
                       const struct request *r, const struct message *m, struct status *st)
{
	struct route_request request = {
		.sender = r->sender,
		.header = &m->header,
		.uid = who->uid,
	};

	if (!route_choose(&p->route, c, &request, st))
		return false;
	trace_choice(p);
	return true;
}

/* All of them, whatever way they go.  Before the header is completed, because Bcc goes away then. */
static bool find_recipients(struct prepared *p, const struct config *c, const struct request *r,
                            const struct message *m, struct envelope *all, struct status *st)
{
	const struct strv none = { 0 };
	struct aliases *own = p->aliases == NULL ? aliases_new() : NULL;
	const struct alias_use aliases = {
		.aliases = own ? own : p->aliases,
		.files = r->no_aliases ? &none : &p->route.account->aliases,
		.maildomain = c->settings.maildomain,
		.local = account_local(c) != NULL,
	};
	const struct recipients_source from = {
		.operands = r->recipients,
		.len = r->recipients_len,
		.dsn = r->recipients_dsn,
		.header = r->header_recipients ? &m->header : NULL,
		.maildomain = c->settings.maildomain,
		.aliases = &aliases,
		.step = p->trace != NULL && p->trace->deep ? trace_alias : NULL,
		.arg = p,
	};
	bool ok = recipients_add(all, &from, st);

	aliases_take_complaints(aliases.aliases, &p->complaints);
	aliases_free(own);
	return ok;
}

/* --- ways --- */

/* Where a recipient goes, and from whom. */
struct way {
	const struct account *account;
	const char *sender;
	const char *instead;       /* of the recipient: `redirect`; NULL: to itself */
	bool held;
};

/* For all recipients of a message: the way that most of them go. */
struct ways {
	const struct config *config;
	struct way usual;
	char *redirect;
};

static void go(struct prepared *p, const struct way *way, const struct request *r)
{
	char *sender = alloc_copy(way->sender);

	free(p->route.sender);
	p->route.account = way->account;
	p->route.sender = sender;
	p->held = way->held;
	envelope_set_sender(&p->envelope, sender);
	p->envelope.notify = r->notify;
	p->envelope.ret = r->ret;
	p->envelope.envid = alloc_copy(r->envid);
	p->envelope.smtputf8 |= r->smtputf8;
}

/*
 * Mail of the null sender keeps it, by way of a list, too: a notification must not make another.
 * What is redirected has left lists and programs behind.
 */
static struct way way_of(const struct recipient *r, const struct ways *w)
{
	enum staging staging = staging_of(&w->config->settings, r->address);
	struct way way = w->usual;

	if (staging == STAGING_REDIRECTED) {
		way.instead = w->redirect;
		return way;
	}
	way.held = staging == STAGING_HELD;
	if (r->sender != NULL && *way.sender != '\0')
		way.sender = r->sender;
	if (r->local)
		way.account = account_local(w->config);
	return way;
}

static struct prepared *find_part(struct prepared *p, const struct way *way, const struct request *r)
{
	for (;; p = p->next) {
		if (p->route.account == way->account && p->held == way->held
		    && strcmp(p->route.sender, way->sender) == 0)
			return p;
		if (p->next == NULL)
			break;
	}
	p->next = alloc(sizeof(*p->next));
	prepared_init(p->next);
	go(p->next, way, r);
	return p->next;
}

/* The way of the first that can be sent, or else is only held, is the first one's. */
static struct way first_way(const struct envelope *all, const struct ways *w)
{
	struct way first = w->usual, way;
	bool any = false;

	for (size_t i = 0; i < all->len; i++) {
		if (all->v[i].state != RECIPIENT_WAITING)
			continue;
		way = way_of(&all->v[i], w);
		if (!way.held)
			return way;
		if (!any)
			first = way;
		any = true;
	}
	return first;
}

/*
 * One who is redirected is no original recipient that a server could report on
 * (ORCPT, RFC 3461, 5.2.7.1): of several the first says what is to be notified.
 */
static void add(struct envelope *e, const struct recipient *to, const char *instead)
{
	size_t before = e->len;

	if (to->state == RECIPIENT_FAILED)
		envelope_add_failed(e, to->address, to->given, &to->status);
	else if (instead != NULL)
		envelope_add(e, instead, instead);
	else
		envelope_add(e, to->address, to->given);
	if (e->len == before)
		return;
	e->v[e->len - 1].notify = to->notify;
	e->v[e->len - 1].orcpt = instead == NULL ? alloc_copy(to->orcpt) : NULL;
}

static void divide(struct prepared *p, const struct config *c, const struct request *r,
                   const struct envelope *all)
{
	char *sender = alloc_copy(p->route.sender);
	const struct ways ways = {
		.config = c,
		.usual = { .account = p->route.account, .sender = sender },
		.redirect = staging_redirect(&c->settings),
	};
	struct way way = first_way(all, &ways);

	go(p, &way, r);
	for (size_t i = 0; i < all->len; i++) {
		const struct recipient *to = &all->v[i];

		way = way_of(to, &ways);
		add(to->state == RECIPIENT_FAILED ? &p->envelope : &find_part(p, &way, r)->envelope, to,
		    way.instead);
	}
	free(ways.redirect);
	free(sender);
}

/* A message that goes round in circles has to end somewhere. */
static bool check_hops(const struct config *c, const struct request *r, const struct message *m,
                       struct status *st)
{
	uint64_t hops = header_hops(&m->header) + r->hops;
	uint64_t most = c->settings.max_hops;

	return most == 0 || hops <= most
	       || status_fail(st, EX_UNAVAILABLE,
	                      "the message made %llu hops, more than max_hops allows (%llu)",
	                      (unsigned long long)hops, (unsigned long long)most);
}

static enum complete_from from_rule(enum set_from set)
{
	switch (set) {
	case SET_FROM_ON:
		return COMPLETE_FROM_ALWAYS;
	case SET_FROM_OFF:
		return COMPLETE_FROM_NEVER;
	default:
		return COMPLETE_FROM_MISSING;
	}
}

/* -F, the account's, passwd's. */
static char *full_name(const struct prepared *p, const struct caller *who, const struct request *r)
{
	const struct passwd *pw;
	char *name;

	if (r->full_name != NULL)
		return alloc_copy(r->full_name);
	name = account_full_name(p->route.account, who->uid);
	if (name != NULL)
		return name;
	pw = who->tcp ? NULL : getpwuid(who->uid);
	return pw ? complete_user_name(pw) : NULL;
}

static void complete(struct prepared *p, const struct config *c, const struct caller *who,
                     const struct request *r, struct message *m)
{
	const struct account *account = p->route.account;
	char *name = full_name(p, who, r);
	char host[256] = "";
	struct completion how = {
		.sender = p->route.sender,
		.domain = c->settings.maildomain,
		.name = name,
		.from = from_rule(account->set_from_header),
		.qualify = c->settings.qualify,
		.undisclosed_recipients = account->undisclosed_recipients,
		.received = c->settings.received,
		.id = p->id,
		.now = time(NULL),
		.host = host,
		.uid = who->uid,
	};

	gethostname(host, sizeof(host) - 1);
	message_complete(m, &how);
	free(name);
}

/* What may not be touched goes as it is: a server may take it. */
static bool make_sendable(const struct request *r, struct message *m, struct status *st)
{
	unsigned why = REENCODE_LONG_LINES | (r->body == BODY_7BIT ? REENCODE_8BIT : 0);

	return message_reencode(m, why) != REENCODE_ERROR
	       || status_fail(st, EX_TEMPFAIL, "storing the message: %s", strerror(errno));
}

bool prepare(struct prepared *p, const struct config *c, const struct caller *who,
             const struct request *r, struct message *m, struct status *st)
{
	struct envelope all;
	bool ok;

	envelope_init(&all);
	ok = find_route(p, c, who, r, m, st) && find_recipients(p, c, r, m, &all, st)
	     && check_hops(c, r, m, st);
	if (ok) {
		mapping_header(&c->settings, &m->header);
		complete(p, c, who, r, m);
		staging_header(&c->settings, &m->header);
		ok = make_sendable(r, m, st);
	}
	if (ok) {
		divide(p, c, r, &all);
		trace_parts(p);
	}
	envelope_release(&all);
	return ok;
}
