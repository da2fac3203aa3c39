#include "cmd/keep.h"

#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/strv.h"
#include "deliver/background.h"
#include "deliver/first.h"
#include "deliver/parts.h"
#include "queue/queue.h"
#include "queue/retry.h"

static bool is_empty(struct queue *q)
{
	struct status st;
	struct queue_list *ids = queue_list(q, &st);
	bool empty = ids == NULL || queue_list_next(ids) == NULL;

	queue_list_free(ids);
	return empty;
}

/*
 * What nobody else will try is left to a process of its own.  Where one message got through others
 * may: if it was the account that waited, at once.
 */
static void go_on(const struct keep *k, struct queue *q, const struct prepared *mail,
                  bool account_waited)
{
	bool sent = envelope_count(&mail->envelope, RECIPIENT_SENT) > 0;
	struct background b = { .queue = q, .config = k->config, .forced = sent && account_waited };

	if (k->then == KEEP_ONLY)
		return;
	if (sent)
		strv_add(&b.accounts, mail->route.account->name);
	for (const struct prepared *part = k->then == KEEP_SENDING ? mail : mail->next; part != NULL;
	     part = part->next) {
		if (part->held)
			continue;
		strv_add(&b.ids, part->id);
		if (!strv_has(&b.accounts, part->route.account->name))
			strv_add(&b.accounts, part->route.account->name);
	}
	if (b.accounts.len > 0 && !is_empty(q))
		background_start(&b);
	strv_release(&b.ids);
	strv_release(&b.accounts);
}

static bool nobody_has_it(void *envelope)
{
	return envelope_count(envelope, RECIPIENT_SENT) == 0;
}

/* A message on its way into the queue. */
struct keeping {
	struct queue *queue;
	const struct message *message;
	struct prepared *mail;
	struct parts parts;
};

static bool has_room(const struct keep *k, const struct keeping *g, struct status *st)
{
	const struct queue_limits limits = parts_limits(&k->config->settings);
	struct queue_usage usage;

	return queue_count(g->queue, &limits, &usage, st)
	       && parts_fit(g->mail, message_octets(g->message), &limits, &usage, st);
}

/* It is on the disk if that is true. */
static bool commit(struct keeping *g, const struct queue_info *info, struct status *st)
{
	struct parts *const one = &g->parts;

	if (!parts_stage(&g->parts, g->queue, g->mail, info, g->message, st))
		return false;
	parts_commit(g->queue, &one, 1);
	return queue_settle(g->queue, g->parts.v, g->parts.len, st);
}

/* What is held is in the queue's first part only if all is. */
static bool is_tried(const struct keep *k, const struct prepared *mail)
{
	return k->then == KEEP_TRIED && !mail->held;
}

/* Whether it is still in the queue. */
static bool try(const struct keep *k, const struct keeping *g, struct queue_entry *entry)
{
	return first_attempt(&(struct first){
		.queue = g->queue,
		.config = k->config,
		.entry = entry,
		.envelope = &g->mail->envelope,
		.trace = k->trace,
		.until = deadline_in(k->config->settings.try_for),
		.keep_only = !is_tried(k, g->mail),
		.by_mail = k->told == TELL_SENDER,
		.tell = k->told == TELL_SENDER_IF_SENT ? nobody_has_it : NULL,
		.arg = &entry->envelope,
	});
}

/* All parts or none. */
static bool add(const struct keep *k, struct keeping *g, bool *kept, struct status *st)
{
	bool attempted = first_owes(&g->mail->envelope) || is_tried(k, g->mail);
	const struct queue_info info = {
		.tag = (char *)k->tag,
		.uid = getuid(),
		.arrived = time(NULL),
		.sending = attempted,
	};
	struct retry_account before;
	struct queue_entry entry;

	retry_account_load(g->queue, g->mail->route.account->name, &before);
	if (!has_room(k, g, st) || !commit(g, &info, st))
		return false;
	if (attempted && !queue_adopt(g->queue, &g->parts.v[0], &entry, st)) {
		queue_take_back(g->queue, g->parts.v, g->parts.len);
		return false;
	}
	parts_log(g->mail, &info, NULL, 0, g->message);
	*kept = true;
	if (attempted) {
		*kept = try(k, g, &entry);
		queue_release(&entry);
	}
	go_on(k, g->queue, g->mail, before.tries > 0);
	return true;
}

bool keep_message(const struct keep *k, const struct message *m, struct prepared *mail, bool *kept,
                  struct status *st)
{
	struct queue q;
	struct keeping g = { .queue = &q, .message = m, .mail = mail };
	bool ok = queue_open(&q, k->config->settings.spool, true, st) && add(k, &g, kept, st);

	parts_release(&g.parts, &q);
	queue_close(&q);
	return ok;
}
