#include "cmd/queue.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "cmd/mailq.h"
#include "cmd/report.h"
#include "cmd/runq.h"
#include "cmd/spool.h"
#include "mail/date.h"
#include "queue/watch.h"

/* --- show --- */

static void show_text(const char *key, const char *value)
{
	struct buf shown;

	if (value == NULL || *value == '\0')
		return;
	buf_init(&shown, 1024 * 1024);
	str_escape(&shown, value, strlen(value));
	printf("%-9s %s\n", key, shown.data);
	buf_release(&shown);
}

static void show_time(const char *key, time_t when)
{
	struct buf date;

	if (when == 0)
		return;
	buf_init(&date, 64);
	date_format(&date, when);
	show_text(key, date.data);
	buf_release(&date);
}

static void show_state(const struct queue_entry *e)
{
	const struct envelope *env = &e->envelope;

	show_text("id", e->id);
	show_text("state", mailq_state(e, queue_is_busy(e)));
	show_text("last", e->last);
	show_time("arrived", e->info.arrived);
	show_time("next", e->info.next);
	printf("%-9s %u\n", "tries", e->info.tries);
	show_text("account", e->info.account);
	printf("%-9s %lu\n", "uid", (unsigned long)e->info.uid);
	show_text("tag", e->info.tag);
	show_text("about", e->info.about);
	show_text("sender", *env->sender != '\0' ? env->sender : "<>");
	for (size_t i = 0; i < env->len; i++)
		show_text(mailq_recipient_state(&env->v[i]), env->v[i].address);
}

/* With the line ends of a text file; on a terminal without what steers it. */
static void show_message(const struct message *m)
{
	bool terminal = isatty(STDOUT_FILENO) == 1;
	struct message_source source;
	char block[4096];
	long n;

	message_start(&source, m);
	while ((n = message_next(&source, block, sizeof(block))) > 0)
		for (long i = 0; i < n; i++) {
			char c = block[i];

			if (c == '\r') /* the wire form has them before LF alone */
				continue;
			putchar(terminal && c != '\n' && c != '\t' && str_has_control(&c, 1) ? '?' : c);
		}
}

static bool show(struct queue *q, struct queue_entry *e, struct status *st)
{
	(void)q;
	(void)st;
	show_state(e);
	putchar('\n');
	show_message(&e->message);
	return true;
}

/* --- changes --- */

static bool hold(struct queue *q, struct queue_entry *e, struct status *st)
{
	(void)q;
	e->info.held = true;
	return queue_save_attempt(e, st);
}

static bool release(struct queue *q, struct queue_entry *e, struct status *st)
{
	(void)q;
	e->info.held = false;
	e->info.next = 0;
	return queue_save_attempt(e, st) && watch_tell(e, st);
}

static bool retry(struct queue *q, struct queue_entry *e, struct status *st)
{
	(void)q;
	e->info.next = 0;
	return queue_save_attempt(e, st) && watch_tell(e, st);
}

/* For good: a crash must not bring it back. */
static bool delete(struct queue *q, struct queue_entry *e, struct status *st)
{
	if (!queue_remove(q, e, st))
		return false;
	return fsync(q->queue_fd) == 0 || status_fail(st, EX_TEMPFAIL, "removing %s: %s", e->id, strerror(errno));
}

/* --- the words behind `queue` --- */

struct action {
	const char *name;
	bool (*run)(struct queue *q, struct queue_entry *e, struct status *st);
	const char *event;       /* for the log; NULL: it changes nothing and needs no claim */
};

static const struct action actions[] = {
	{ "show", show, NULL },
	{ "hold", hold, "held" },
	{ "release", release, "released" },
	{ "delete", delete, "deleted" },
	{ "retry", retry, "retried" },
};

static void log_action(const struct action *a, const struct viewer *v, const struct queue_entry *e)
{
	struct log_event *event;

	if (a->event == NULL)
		return;
	event = log_event(a->event);
	log_text(event, "id", e->id);
	log_number(event, "uid", v != NULL ? v->uid : getuid());
	log_text(event, "from", e->envelope.sender);
	log_send(event);
}

static bool found(enum queue_result result, const char *id, struct status *st)
{
	struct buf shown;

	if (result == QUEUE_OK)
		return true;
	if (result == QUEUE_BUSY)
		return status_fail(st, EX_TEMPFAIL, "%s is being sent at this moment", id);
	if (result != QUEUE_GONE)
		return false;
	buf_init(&shown, 100);
	str_escape(&shown, id, strlen(id));
	status_fail(st, EX_USAGE, "%s is not in the queue", shown.data);
	buf_release(&shown);
	return false;
}

static enum queue_result open_entry(struct spool *s, const struct action *a, const char *id,
                                    struct queue_entry *e, struct status *st)
{
	if (!s->there)
		return QUEUE_GONE;
	status_fail(st, EX_SOFTWARE, "%s: this file of the queue cannot be understood", id);
	if (a->event == NULL)
		return queue_look(&s->queue, id, e, st);
	return queue_claim(&s->queue, id, e, st);
}

static bool is_allowed(const struct viewer *v, const struct queue_entry *e, struct status *st)
{
	return spool_may(v, e) || status_fail(st, EX_NOPERM, "%s is another user's mail", e->id);
}

static bool act(struct spool *s, const struct viewer *v, const struct action *a, const char *id, struct status *st)
{
	struct queue_entry e;
	bool ok;

	queue_entry_init(&e);
	ok = found(open_entry(s, a, id, &e, st), id, st) && is_allowed(v, &e, st) && a->run(&s->queue, &e, st);
	if (ok)
		log_action(a, v, &e);
	queue_release(&e);
	return ok;
}

/* Every id; the exit code of the first that failed. */
static int act_on_all(struct spool *s, const struct viewer *v, const struct action *a, char *const *ids)
{
	struct status st;
	int code = EX_OK;

	for (; *ids != NULL; ids++)
		if (!act(s, v, a, *ids, &st)) {
			report_failure("mailchute", &st);
			code = code == EX_OK ? st.sysexit : code;
		}
	return code;
}

static int run(const struct call *call, const struct action *a)
{
	struct spool spool;
	struct status st;
	int code;

	if (spool_open(&spool, call->config, &st)) {
		code = act_on_all(&spool, call->viewer, a, call->argv + 2);
	} else {
		report_failure("mailchute", &st);
		code = st.sysexit;
	}
	spool_close(&spool);
	return code;
}

static const struct action *action_named(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(actions); i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

int queue_command(const struct call *call)
{
	const char *word = call->argc > 1 ? call->argv[1] : "list";
	const struct action *action = action_named(word);
	bool json = call->argc == 3 && strcmp(call->argv[2], "--json") == 0;

	if (strcmp(word, "list") == 0 && (call->argc <= 2 || json))
		return mailq_list(call->config, call->viewer, json);
	if (strcmp(word, "flush") == 0)
		return runq_flush(call, call->argv + 2, (size_t)call->argc - 2);
	if (action == NULL || call->argc < 3)
		return command_usage(call);
	return run(call, action);
}
