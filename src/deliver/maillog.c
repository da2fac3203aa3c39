#include "deliver/maillog.h"

#include <inttypes.h>
#include <stdio.h>

static const char *event_name(enum recipient_state state)
{
	static const char *const names[] = {
		[RECIPIENT_WAITING] = "deferred",
		[RECIPIENT_SENT] = "sent",
		[RECIPIENT_FAILED] = "failed",
	};

	return names[state];
}

static void add_known(struct log_event *e, const char *key, const char *value)
{
	log_text(e, key, value != NULL && *value != '\0' ? value : NULL);
}

/* What the words are.  A maildir does not reply. */
static const char *what_it_is(const struct recipient *r)
{
	if (r->status.reply != 0)
		return "reply";
	return r->state == RECIPIENT_SENT ? "file" : "error";
}

void maillog_uid(struct log_event *e, uid_t uid)
{
	if (uid == CALLER_UNKNOWN)
		log_text(e, "uid", "tcp");
	else
		log_number(e, "uid", uid);
}

void maillog_recipient(const struct maillog *m, const char *sender, const struct recipient *r)
{
	struct log_event *e = log_event(event_name(r->state));
	char delay[32];

	snprintf(delay, sizeof(delay), "%" PRId64 ".%02d", m->delay / 1000, (int)(m->delay % 1000 / 10));
	log_text(e, "id", m->id);
	maillog_uid(e, m->uid);
	log_text(e, "account", m->account);
	add_known(e, "host", m->host);
	add_known(e, "tls", m->tls);
	add_known(e, "auth", m->auth);
	log_text(e, "from", *sender != '\0' ? sender : "<>");
	log_text(e, "to", r->address != NULL ? r->address : r->given);
	log_number(e, "size", m->size);
	log_number(e, "tries", m->tries);
	log_text(e, "delay", delay);
	log_text(e, what_it_is(r), r->status.text);
	log_text(e, "again", m->again ? "yes" : NULL);
	add_known(e, "tag", m->tag);
	log_send(e);
}

void maillog_changes(struct log_event *e, const struct message *m)
{
	if (m->nuls == 0 && m->lone_crs == 0) {
		log_free(e);
		return;
	}
	log_number(e, "nul_dropped", m->nuls);
	log_number(e, "cr_to_blank", m->lone_crs);
	log_send(e);
}

void maillog_held(const char *id, const struct queue_info *info, const struct envelope *e)
{
	for (size_t i = 0; i < e->len; i++) {
		struct log_event *event;

		if (e->v[i].state != RECIPIENT_WAITING)
			continue;
		event = log_event("held");
		log_text(event, "id", id);
		maillog_uid(event, info->uid);
		log_text(event, "account", info->account);
		log_text(event, "from", *e->sender != '\0' ? e->sender : "<>");
		log_text(event, "to", e->v[i].address);
		log_text(event, "error", "allow_to does not name it");
		add_known(event, "tag", info->tag);
		log_send(event);
	}
}

void maillog_aliases(const char *id, const struct strv *complaints)
{
	for (size_t i = 0; i < complaints->len; i++) {
		struct log_event *e = log_event("alias");

		log_text(e, "id", id);
		log_text(e, "error", complaints->v[i]);
		log_send(e);
	}
}
