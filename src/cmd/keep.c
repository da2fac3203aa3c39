#include "cmd/keep.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "deliver/first.h"
#include "deliver/run.h"
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

/* What waits for the account is tried by a process of its own. */
static void run_account(const struct keep *k, struct queue *q, const struct account *account,
                        bool forced)
{
	const struct filter filter = { .account = account->name };
	const struct run run = {
		.queue = q,
		.config = k->config,
		.filter = &filter,
		.forced = forced,
	};

	if (!is_empty(q))
		run_detached(&run);
}

/* Where one message got through others may: if it was the account that waited, at once. */
static void go_on(const struct keep *k, struct queue *q, const struct prepared *mail,
                  bool account_waited)
{
	bool sent = envelope_count(&mail->envelope, RECIPIENT_SENT) > 0;
	const struct account *done = NULL;

	if (k->then == KEEP_SENDING || sent)
		run_account(k, q, done = mail->route.account, k->then != KEEP_SENDING && account_waited);
	if (k->then == KEEP_ONLY)
		return;
	for (const struct prepared *part = mail->next; part != NULL; part = part->next)
		if (part->route.account != done)
			run_account(k, q, done = part->route.account, false);
}

static bool nobody_has_it(void *envelope)
{
	return envelope_count(envelope, RECIPIENT_SENT) == 0;
}

/* A message and its parts on their way into the queue. */
struct keeping {
	struct queue *queue;
	const struct message *message;
	struct prepared *mail;
	bool attempted;
	struct queue_staged *v;     /* one for each part, the first one's first */
	size_t len;
};

static struct queue_info info_of(const struct keep *k, const struct keeping *g,
                                 const struct prepared *part)
{
	return (struct queue_info){
		.account = part->route.account->name,
		.tag = (char *)k->tag,
		.uid = getuid(),
		.arrived = time(NULL),
		.sending = g->attempted && part == g->mail,
	};
}

static bool has_room(const struct keep *k, const struct keeping *g, struct status *st)
{
	const struct settings *s = &k->config->settings;
	const struct queue_limits limits = { .messages = s->quota_messages, .bytes = s->quota_bytes };
	struct queue_usage usage;
	bool ok = queue_count(g->queue, &limits, &usage, st);

	for (const struct prepared *part = g->mail; ok && part != NULL; part = part->next) {
		ok = queue_has_room(&limits, &usage, message_octets(g->message), st);
		usage.messages++;
		usage.bytes += message_octets(g->message);
	}
	return ok;
}

static bool stage(const struct keep *k, struct keeping *g, struct status *st)
{
	bool ok = true;

	for (const struct prepared *part = g->mail; ok && part != NULL; part = part->next) {
		const struct queue_info info = info_of(k, g, part);

		g->v = alloc_array(g->v, g->len + 1, sizeof(*g->v));
		ok = queue_stage(g->queue, part->id, &info, &part->envelope, g->message, info.sending,
		                 &g->v[g->len++], st);
	}
	return ok;
}

static bool commit(struct keeping *g, struct status *st)
{
	struct queue_staged **v = alloc_array(NULL, g->len, sizeof(*v));

	for (size_t i = 0; i < g->len; i++)
		v[i] = &g->v[i];
	queue_commit(g->queue, v, g->len);
	free(v);
	return queue_settle(g->queue, g->v, g->len, st);
}

static void log_kept(const struct keep *k, const struct keeping *g)
{
	for (const struct prepared *part = g->mail; part != NULL; part = part->next) {
		const struct queue_info info = info_of(k, g, part);

		first_log(part->id, &info, NULL, 0, &part->envelope, g->message);
	}
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
		.keep_only = k->then != KEEP_TRIED,
		.by_mail = k->told == TELL_SENDER,
		.tell = k->told == TELL_SENDER_IF_SENT ? nobody_has_it : NULL,
		.arg = &entry->envelope,
	});
}

/* All parts or none. */
static bool add(const struct keep *k, struct keeping *g, bool *kept, struct status *st)
{
	struct retry_account before;
	struct queue_entry entry;

	retry_account_load(g->queue, g->mail->route.account->name, &before);
	g->attempted = first_owes(&g->mail->envelope) || k->then == KEEP_TRIED;
	if (!has_room(k, g, st) || !stage(k, g, st) || !commit(g, st))
		return false;
	if (g->attempted && !queue_adopt(g->queue, &g->v[0], &entry, st)) {
		queue_take_back(g->queue, g->v, g->len);
		return false;
	}
	log_kept(k, g);
	*kept = true;
	if (g->attempted) {
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

	for (size_t i = 0; i < g.len; i++)
		queue_staged_release(&q, &g.v[i]);
	free(g.v);
	queue_close(&q);
	return ok;
}
