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
#include "route/recipients.h"

void prepared_init(struct prepared *p)
{
	*p = (struct prepared){ .id = "" };
	envelope_init(&p->envelope);
	msgid_make(p->id);
}

void prepared_release(struct prepared *p)
{
	route_release(&p->route);
	envelope_release(&p->envelope);
}

/* Before the header is completed, because Bcc goes away then. */
static bool find_recipients(struct prepared *p, const struct config *c, const struct request *r,
                            const struct message *m, struct status *st)
{
	struct recipients_source from = {
		.operands = r->recipients,
		.len = r->recipients_len,
		.dsn = r->recipients_dsn,
		.header = r->header_recipients ? &m->header : NULL,
		.maildomain = c->settings.maildomain,
	};

	return recipients_add(&p->envelope, &from, st);
}

static bool find_route(struct prepared *p, const struct config *c, const struct caller *who,
                       const struct request *r, const struct message *m, struct status *st)
{
	struct route_request request = {
		.sender = r->sender,
		.header = &m->header,
		.uid = who->uid,
	};

	if (!route_choose(&p->route, c, &request, st) || !config_usable(c, p->route.account, st))
		return false;
	envelope_set_sender(&p->envelope, p->route.sender);
	p->envelope.notify = r->notify;
	p->envelope.ret = r->ret;
	p->envelope.envid = alloc_copy(r->envid);
	p->envelope.smtputf8 |= r->smtputf8;
	return true;
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

	if (r->full_name != NULL)
		return alloc_copy(r->full_name);
	if (p->route.account->from_full_name != NULL)
		return alloc_copy(p->route.account->from_full_name);
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
		.sender = p->envelope.sender,
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
	if (!find_recipients(p, c, r, m, st) || !find_route(p, c, who, r, m, st)
	    || !check_hops(c, r, m, st))
		return false;
	complete(p, c, who, r, m);
	return make_sendable(r, m, st);
}
