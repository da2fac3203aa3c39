#include "cmd/keep.h"

#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "deliver/attempt.h"
#include "deliver/run.h"
#include "queue/queue.h"
#include "queue/retry.h"

static void log_kept(const struct keep *k, const struct envelope *e, const struct message *m)
{
	struct log_event *event = log_event("accepted");

	log_text(event, "id", k->id);
	log_number(event, "uid", getuid());
	log_text(event, "account", k->account->name);
	log_text(event, "from", e->sender);
	log_number(event, "size", message_octets(m));
	log_number(event, "recipients", e->len);
	log_text(event, "tag", k->tag);
	log_send(event);
}

static void log_error(const struct keep *k, const struct status *st)
{
	struct log_event *event = log_event("error");

	log_text(event, "id", k->id);
	log_text(event, "error", st->text);
	log_send(event);
}

/* Recipients that no server will see: their sender is yet to be told. */
static bool mark_owed(struct envelope *e)
{
	bool any = false;

	for (size_t i = 0; i < e->len; i++)
		any |= e->v[i].owed = e->v[i].state == RECIPIENT_FAILED && *e->sender != '\0';
	return any;
}

/* A file has room for states; the words that go with them are here. */
static void copy_outcome(struct envelope *to, const struct envelope *from)
{
	for (size_t i = 0; i < to->len && i < from->len; i++) {
		to->v[i].state = from->v[i].state;
		to->v[i].status = from->v[i].status;
	}
}

/*
 * True: it is still in the queue.  It is on the disk by now, so that whatever goes
 * wrong it counts as accepted.
 */
static bool try(const struct keep *k, struct queue *q, struct queue_entry *entry, struct envelope *e)
{
	struct attempt a = {
		.queue = q,
		.config = k->config,
		.entry = entry,
		.trace = k->trace,
		.until = deadline_in(k->config->settings.try_for),
		.submitting = true,
		.by_mail = k->by_mail,
		.keep_only = k->then != KEEP_TRIED,
	};
	enum attempt_result result;
	struct status st;

	copy_outcome(&entry->envelope, e);
	result = attempt(&a, &st);
	copy_outcome(e, &entry->envelope);
	if (result == ATTEMPT_ERROR)
		log_error(k, &st);
	return result != ATTEMPT_DONE;
}

static bool is_empty(struct queue *q)
{
	struct status st;
	struct queue_list *ids = queue_list(q, &st);
	bool empty = ids == NULL || queue_list_next(ids) == NULL;

	queue_list_free(ids);
	return empty;
}

/* What waits for the account is tried by a process of its own. */
static void run_account(const struct keep *k, struct queue *q, bool forced)
{
	const struct filter filter = { .account = k->account->name };
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
static void go_on(const struct keep *k, struct queue *q, const struct envelope *e, bool account_waited)
{
	if (k->then == KEEP_SENDING)
		run_account(k, q, false);
	else if (envelope_count(e, RECIPIENT_SENT) > 0)
		run_account(k, q, account_waited);
}

static bool add(const struct keep *k, struct queue *q, const struct message *m, struct envelope *e,
                bool *kept, struct status *st)
{
	const struct settings *s = &k->config->settings;
	const struct queue_limits limits = { .messages = s->quota_messages, .bytes = s->quota_bytes };
	bool attempted = mark_owed(e) || k->then == KEEP_TRIED;
	const struct queue_info info = {
		.account = k->account->name,
		.tag = (char *)k->tag,
		.uid = getuid(),
		.arrived = time(NULL),
		.sending = attempted,
	};
	struct retry_account before;
	struct queue_entry entry;

	retry_account_load(q, k->account->name, &before);
	if (!queue_add(q, k->id, &info, e, m, &limits, attempted ? &entry : NULL, st))
		return false;
	log_kept(k, e, m);
	*kept = true;
	if (attempted) {
		*kept = try(k, q, &entry, e);
		queue_release(&entry);
	}
	go_on(k, q, e, before.tries > 0);
	return true;
}

bool keep_message(const struct keep *k, const struct message *m, struct envelope *e, bool *kept,
                  struct status *st)
{
	struct queue q;
	bool ok = queue_open(&q, k->config->settings.spool, true, st) && add(k, &q, m, e, kept, st);

	queue_close(&q);
	return ok;
}
