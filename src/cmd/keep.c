#include "cmd/keep.h"

#include <time.h>
#include <unistd.h>

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

static bool nobody_has_it(void *envelope)
{
	return envelope_count(envelope, RECIPIENT_SENT) == 0;
}

static bool add(const struct keep *k, struct queue *q, const struct message *m, struct envelope *e,
                bool *kept, struct status *st)
{
	const struct settings *s = &k->config->settings;
	const struct queue_limits limits = { .messages = s->quota_messages, .bytes = s->quota_bytes };
	bool attempted = first_owes(e) || k->then == KEEP_TRIED;
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
	first_log(k->id, &info, NULL, 0, e, m);
	*kept = true;
	if (attempted) {
		*kept = first_attempt(&(struct first){
			.queue = q,
			.config = k->config,
			.entry = &entry,
			.envelope = e,
			.trace = k->trace,
			.until = deadline_in(s->try_for),
			.keep_only = k->then != KEEP_TRIED,
			.by_mail = k->told == TELL_SENDER,
			.tell = k->told == TELL_SENDER_IF_SENT ? nobody_has_it : NULL,
			.arg = &entry.envelope,
		});
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
