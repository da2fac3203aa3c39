#include "deliver/bounce.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/str.h"
#include "config/machine.h"
#include "deliver/maillog.h"
#include "deliver/ration.h"
#include "route/staging.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The names in a notification. */
struct names {
	char *reporter, *from;
	char *id, *remote;     /* NULL in a summary */
};

static void find_names(struct names *n, const struct config *c, const struct account *a)
{
	*n = (struct names){
		.reporter = a != NULL && a->domain != NULL ? alloc_copy(a->domain) : machine_name(),
		.from = alloc_printf("postmaster@%s", c->settings.maildomain),
	};
}

static void free_names(struct names *n)
{
	free(n->reporter);
	free(n->from);
	free(n->id);
	free(n->remote);
}

/* --- whether --- */

static bool is_asked_for(unsigned notify, enum bounce_event event)
{
	static const unsigned bits[] = {
		[BOUNCE_FAILED] = NOTIFY_FAILURE,
		[BOUNCE_DELAYED] = NOTIFY_DELAY,
		[BOUNCE_DELIVERED] = NOTIFY_SUCCESS,
	};

	if (notify == 0) /* RFC 3461, 5.2.2 and 4.1: failures at least, delays if we like */
		notify = NOTIFY_FAILURE | NOTIFY_DELAY;
	return (notify & NOTIFY_NEVER) == 0 && (notify & bits[event]) != 0;
}

/* Of the recipients in `about`, those whose outcome their sender wants to hear of: whether there are any. */
static bool find_wanted(const struct queue_entry *e, const struct account *a, enum bounce_event event,
                        const bool *about, bool *wanted)
{
	/* With bounce_from notifications have a sender, and are still not to be notified of. */
	bool ever = e->envelope.sender[0] != '\0' && e->info.about == NULL, any = false;

	for (size_t i = 0; i < e->envelope.len; i++) {
		unsigned notify = envelope_notify(&e->envelope, &e->envelope.v[i], a != NULL ? a->dsn_notify : 0);

		wanted[i] = ever && about[i] && is_asked_for(notify, event);
		any |= wanted[i];
	}
	return any;
}

/* --- into the queue --- */

/* A notification's envelope: from nobody, and about it nobody wants to hear (RFC 3464, 2). */
static void address_to(struct envelope *env, const struct config *c, const char *to)
{
	char *instead = staging_of(&c->settings, to) == STAGING_REDIRECTED ? staging_redirect(&c->settings)
	                                                                   : NULL;

	envelope_init(env);
	envelope_set_sender(env, c->settings.bounce_from != NULL ? c->settings.bounce_from : "");
	envelope_add(env, instead ? instead : to, instead ? instead : to);
	env->notify = NOTIFY_NEVER;
	free(instead);
}

static bool post(struct queue *q, const struct config *c, const char *id, const struct queue_info *info,
                 const char *to, struct message *m, struct status *st)
{
	struct queue_info own = *info;
	struct envelope env;
	bool ok;

	own.held = staging_of(&c->settings, to) == STAGING_HELD;
	staging_header(&c->settings, &m->header);
	address_to(&env, c, to);
	ok = queue_add(q, id, &own, &env, m, NULL, NULL, st); /* no quota: it takes the place of its original */
	if (ok && own.held)
		maillog_held(id, &own, &env);
	envelope_release(&env);
	return ok;
}

static bool send_one(struct queue *q, const struct config *c, const struct bounce_report *r,
                     const struct queue_info *info, struct status *st)
{
	struct message m;
	bool ok;

	message_init(&m);
	ok = bounce_compose(&m, r, st) && post(q, c, r->id, info, r->entry->envelope.sender, &m, st);
	message_release(&m);
	return ok;
}

/* --- summaries --- */

/* A line of the list taken apart, as long as that is valid. */
struct listed {
	char *id, *account, *text;
	uid_t uid;
};

static bool take_apart(struct listed *l, char *line)
{
	char *uid, *save;

	l->id = strtok_r(line, "\t", &save);
	uid = strtok_r(NULL, "\t", &save);
	l->account = strtok_r(NULL, "\t", &save);
	l->text = strtok_r(NULL, "\t", &save);
	l->uid = uid != NULL ? (uid_t)strtoul(uid, NULL, 10) : 0;
	return l->text != NULL;
}

/* The original's id in that of a notification. */
static char *original_of(const char *id)
{
	const char *dash = strrchr(id, '-');

	return alloc_copyn(id, dash != NULL ? (size_t)(dash - id) : strlen(id));
}

/* Whether its original has written down that it was told of, as queue_may_send has it. */
static bool is_settled(struct queue *q, const char *id)
{
	struct queue_entry e = { .info.about = original_of(id) };
	bool may;

	snprintf(e.id, sizeof(e.id), "%s", id);
	may = queue_may_send(q, &e);
	free(e.info.about);
	return may;
}

/* What goes into a summary: the list up to the first that is not settled. */
struct batch {
	char *copy;            /* of the list, taken apart */
	size_t octets;
	struct strv texts;
	struct listed last;
};

static void collect(struct batch *b, struct queue *q, const struct buf *list)
{
	char *line, *end;

	*b = (struct batch){ .copy = alloc_copyn(list->data, list->len) };
	for (line = b->copy; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		struct listed l;

		*end = '\0';
		if (take_apart(&l, line)) {
			if (!is_settled(q, l.id))
				break;
			strv_add(&b->texts, l.text);
			b->last = l;
		}
		b->octets = (size_t)(end + 1 - b->copy);
	}
}

/*
 * The summary has the id of its last line: another list gives another id, the
 * same one, found again after a crash, the same.
 */
static bool send_batch(struct queue *q, const struct config *c, const struct ration *r,
                       const struct batch *b, time_t now, struct status *st)
{
	const struct queue_info info = {
		.account = b->last.account,
		.about = original_of(b->last.id),
		.uid = b->last.uid,
		.arrived = now,
	};
	struct names names;
	struct message m;
	bool ok;

	find_names(&names, c, account_named(c, b->last.account));
	message_init(&m);
	ok = bounce_compose_summary(&m, &(struct bounce_summary){
		.to = r->sender,
		.reporter = names.reporter,
		.from = names.from,
		.id = b->last.id,
		.now = now,
		.lines = b->texts.v,
		.len = b->texts.len,
		.more = r->more,
	}, st) && post(q, c, b->last.id, &info, r->sender, &m, st);
	message_release(&m);
	free_names(&names);
	free(info.about);
	return ok;
}

/* Once the hour is over. */
static bool sum_up(struct queue *q, const struct config *c, struct ration *r, time_t now, struct status *st)
{
	struct batch b;
	bool ok = true;

	if (!ration_is_over(r, now) || r->list.len == 0)
		return true;
	collect(&b, q, &r->list);
	if (b.texts.len > 0)
		ok = send_batch(q, c, r, &b, now, st);
	if (ok && b.octets > 0)
		ok = ration_drop(r, b.octets, now, st);
	strv_release(&b.texts);
	free(b.copy);
	return ok;
}

bool bounce_sum_up(struct queue *q, const struct config *c, time_t now, struct status *st)
{
	struct strv files;
	struct ration r;
	struct status one;
	bool ok = true;

	strv_init(&files);
	ration_files(q, &files);
	for (size_t i = 0; i < files.len; i++) {
		if (!ration_open_file(&r, q, files.v[i], &one) || !sum_up(q, c, &r, now, &one)) {
			*st = one;
			ok = false;
		} else if (r.list.len == 0 && ration_is_over(&r, now)) {
			ration_remove(&r);
		}
		ration_close(&r);
	}
	strv_release(&files);
	return ok;
}

/* --- one event --- */

/* Whether it is in the list now, there being too many.  What cannot be counted is sent. */
static bool is_listed(struct queue *q, const struct config *c, const struct bounce_report *r,
                      const struct queue_info *info)
{
	struct ration ration;
	struct status st;
	char *line = bounce_line(r);
	bool listed = false;

	if (ration_open(&ration, q, r->entry->envelope.sender, &st)) {
		sum_up(q, c, &ration, r->now, &st); /* if it fails, it stays in the list */
		/* One that is there already was made by an attempt that a crash has cut off. */
		listed = (ration_has(&ration, r->id) || !ration_take(&ration, r->now))
		         && ration_add(&ration, r->id, info->uid, info->account, line, &st);
	}
	ration_close(&ration);
	free(line);
	return listed;
}

/* The log tells of every one, also of those that a summary has no room for. */
static void log_notice(const struct bounce_report *r, const struct queue_info *info, bool listed)
{
	static const char *const names[] = {
		[BOUNCE_FAILED] = "failed",
		[BOUNCE_DELAYED] = "delayed",
		[BOUNCE_DELIVERED] = "delivered",
	};
	struct log_event *e = log_event("bounced");

	log_text(e, "id", info->about);
	maillog_uid(e, info->uid);
	log_text(e, "account", info->account);
	log_text(e, "to", r->entry->envelope.sender);
	log_text(e, "event", names[r->event]);
	log_text(e, "notice", r->id);
	log_text(e, "sent", listed ? "later" : NULL);
	log_text(e, "tag", info->tag);
	log_send(e);
}

static time_t given_up_at(const struct queue_entry *e, const struct settings *s)
{
	return s->expire > 0 ? e->info.arrived + (time_t)(s->expire / 1000) : 0;
}

/* The account's server, if it has but one: which of several spoke is not known here. */
static char *only_host(const struct account *a)
{
	unsigned short port = 0;
	char *host = NULL;

	if (a != NULL && a->socket == NULL && a->maildir == NULL && a->hosts.len == 1
	    && !str_istarts(a->hosts.v[0], "srv:"))
		account_host(a, 0, &host, &port);
	return host;
}

static bool reaches_mailbox(const struct account *a)
{
	return a != NULL && (a->lmtp || a->maildir != NULL);
}

static enum dsn_return return_of(const struct queue_entry *e, const struct account *a)
{
	return e->envelope.ret == RETURN_DEFAULT && a != NULL ? (enum dsn_return)a->dsn_return : e->envelope.ret;
}

static bool notify(struct queue *q, const struct config *c, const struct bounce_report *r, struct status *st)
{
	const struct queue_entry *e = r->entry;
	const struct queue_info info = {
		.account = e->info.account,
		.tag = e->info.tag,
		.about = (char *)e->id,
		.uid = e->info.uid,
		.arrived = r->now,
	};
	bool listed = is_listed(q, c, r, &info);

	if (!listed && !send_one(q, c, r, &info, st))
		return status_during(st, "notifying <%s>", e->envelope.sender);
	log_notice(r, &info, listed);
	return true;
}

static bool tell(struct queue *q, const struct config *c, const struct account *a, const struct queue_entry *e,
                 enum bounce_event event, const bool *about, struct status *st)
{
	struct names names;
	bool ok;

	find_names(&names, c, a);
	names.id = alloc_printf("%s-%u", e->id, e->info.notices);
	names.remote = only_host(a);
	ok = notify(q, c, &(struct bounce_report){
		.entry = e,
		.event = event,
		.about = about,
		.reporter = names.reporter,
		.from = names.from,
		.id = names.id,
		.now = time(NULL),
		.remote = names.remote,
		.ret = return_of(e, a),
		.until = given_up_at(e, &c->settings),
		.relayed = !reaches_mailbox(a),
	}, st);
	free_names(&names);
	return ok;
}

bool bounce_send(struct queue *q, const struct config *c, const struct queue_entry *e,
                 enum bounce_event event, const bool *about, struct status *st)
{
	const struct account *a = account_named(c, e->info.account);
	bool *wanted = alloc(e->envelope.len + 1), ok;

	ok = !find_wanted(e, a, event, about, wanted) || tell(q, c, a, e, event, wanted, st);
	free(wanted);
	return ok;
}
