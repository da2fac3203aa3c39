#include "deliver/first.h"

#include "base/log.h"
#include "deliver/attempt.h"
#include "deliver/maillog.h"

void first_log(const char *id, const struct queue_info *info, const char *program, pid_t pid,
               const struct envelope *e, const struct message *m)
{
	struct log_event *event = log_event("accepted");

	log_text(event, "id", id);
	maillog_uid(event, info->uid);
	if (pid != 0)
		log_number(event, "pid", (uint64_t)pid);
	log_text(event, "program", program);
	log_text(event, "account", info->account);
	log_text(event, "from", e->sender);
	log_number(event, "size", message_octets(m));
	log_number(event, "recipients", e->len);
	log_text(event, "tag", info->tag);
	log_send(event);
}

bool first_owes(struct envelope *e)
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

static void log_error(const char *id, const struct status *st)
{
	struct log_event *event = log_event("error");

	log_text(event, "id", id);
	log_text(event, "error", st->text);
	log_send(event);
}

bool first_attempt(const struct first *f)
{
	struct attempt a = {
		.queue = f->queue,
		.config = f->config,
		.entry = f->entry,
		.trace = f->trace,
		.until = f->until,
		.submitting = true,
		.by_mail = f->by_mail,
		.keep_only = f->keep_only,
		.tell = f->tell,
		.arg = f->arg,
	};
	enum attempt_result result;
	struct status st;

	copy_outcome(&f->entry->envelope, f->envelope);
	result = attempt(&a, &st);
	copy_outcome(f->envelope, &f->entry->envelope);
	if (result == ATTEMPT_ERROR)
		log_error(f->entry->id, &st);
	return result != ATTEMPT_DONE;
}
