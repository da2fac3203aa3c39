#include "cmd/mailq.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "cmd/report.h"
#include "cmd/spool.h"

/* A row may have any number of recipients; nothing else in it is long. */
enum { ROW_MAX = 256 * 1024 * 1024 };

/* Postfix's columns, as wide as its long queue ids. */
#define COLUMNS "%-17s %8s %-20s "
enum { REASON_ENDS = 78 };

const char mailq_heading[] = "-Queue ID-        --Size-- ----Arrival Time---- -Sender/Recipient-------\n";

/* --- the form of Postfix --- */

static void put_escaped(struct buf *out, const char *text)
{
	str_escape(out, text, strlen(text));
}

static char mark_of(const struct queue_entry *e, bool sending)
{
	if (sending)
		return '*';
	return e->info.held ? '!' : ' ';
}

/* The last answer, set to the right as Postfix does. */
static void put_reason(struct buf *out, const char *last)
{
	struct buf shown;

	if (*last == '\0')
		return;
	buf_init(&shown, 2048);
	put_escaped(&shown, last);
	buf_printf(out, "%*s(%s)\n", shown.len + 2 < REASON_ENDS ? (int)(REASON_ENDS - shown.len - 2) : 0, "",
	           shown.data);
	buf_release(&shown);
}

void mailq_row(struct buf *out, const struct queue_entry *e, bool sending)
{
	const struct envelope *env = &e->envelope;
	char id[QUEUE_ID_MAX + 2], size[24], arrived[32] = "";
	struct tm t = { 0 };

	snprintf(id, sizeof(id), "%s%c", e->id, mark_of(e, sending));
	snprintf(size, sizeof(size), "%" PRIu64, message_octets(&e->message));
	if (localtime_r(&e->info.arrived, &t) != NULL)
		strftime(arrived, sizeof(arrived), "%a %b %e %H:%M:%S", &t);
	buf_printf(out, COLUMNS, id, size, arrived);
	put_escaped(out, *env->sender != '\0' ? env->sender : "MAILER-DAEMON");
	buf_putc(out, '\n');
	put_reason(out, e->last);
	for (size_t i = 0; i < env->len; i++) {
		if (env->v[i].state != RECIPIENT_WAITING)
			continue;
		buf_printf(out, COLUMNS, "", "", "");
		put_escaped(out, env->v[i].address);
		buf_putc(out, '\n');
	}
	buf_putc(out, '\n');
}

void mailq_total(struct buf *out, uint64_t messages, uint64_t octets)
{
	if (messages == 0)
		buf_puts(out, "Mail queue is empty\n");
	else
		buf_printf(out, "-- %" PRIu64 " Kbytes in %" PRIu64 " Request%s.\n", octets / 1024, messages,
		           messages == 1 ? "" : "s");
}

/* --- JSON --- */

const char *mailq_state(const struct queue_entry *e, bool sending)
{
	if (sending)
		return "sending";
	return e->info.held ? "held" : "waiting";
}

const char *mailq_recipient_state(const struct recipient *r)
{
	static const char *const words[] = {
		[RECIPIENT_WAITING] = "waiting",
		[RECIPIENT_SENT] = "sent",
		[RECIPIENT_FAILED] = "failed",
	};

	return words[r->state];
}

/* The separator before it, unless it is an object's first. */
static void json_key(struct buf *out, const char *key)
{
	if (out->data[out->len - 1] != '{')
		buf_putc(out, ',');
	buf_printf(out, "\"%s\":", key);
}

static void json_text(struct buf *out, const char *key, const char *value)
{
	if (value == NULL)
		return;
	json_key(out, key);
	str_json(out, value);
}

static void json_number(struct buf *out, const char *key, uint64_t value)
{
	json_key(out, key);
	buf_printf(out, "%" PRIu64, value);
}

static void json_recipients(struct buf *out, const struct envelope *e)
{
	json_key(out, "recipients");
	buf_putc(out, '[');
	for (size_t i = 0; i < e->len; i++) {
		buf_puts(out, i > 0 ? ",{" : "{");
		json_text(out, "address", e->v[i].address);
		json_text(out, "state", mailq_recipient_state(&e->v[i]));
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
}

void mailq_json(struct buf *out, const struct queue_entry *e, bool sending)
{
	buf_putc(out, '{');
	json_text(out, "id", e->id);
	json_text(out, "state", mailq_state(e, sending));
	json_number(out, "size", message_octets(&e->message));
	json_number(out, "arrived", (uint64_t)e->info.arrived);
	json_number(out, "next", (uint64_t)e->info.next);
	json_number(out, "tries", e->info.tries);
	json_text(out, "account", e->info.account);
	json_number(out, "uid", e->info.uid);
	json_text(out, "tag", e->info.tag);
	json_text(out, "about", e->info.about);
	json_text(out, "sender", e->envelope.sender);
	json_text(out, "last", e->last);
	json_recipients(out, &e->envelope);
	buf_puts(out, "}\n");
}

/* --- the queue --- */

struct listing {
	struct queue *queue;
	const struct viewer *viewer;
	bool json;
	uint64_t messages, octets;
	int code;
};

static void print(const struct buf *text)
{
	fwrite(text->data, 1, text->len, stdout);
}

static void list_entry(struct listing *l, const struct queue_entry *e)
{
	bool sending = queue_is_busy(e);
	struct buf row;

	buf_init(&row, ROW_MAX);
	if (l->messages == 0 && !l->json)
		buf_puts(&row, mailq_heading);
	if (l->json)
		mailq_json(&row, e, sending);
	else
		mailq_row(&row, e, sending);
	print(&row);
	buf_release(&row);
	l->messages++;
	l->octets += message_octets(&e->message);
}

static void list_id(struct listing *l, const char *id)
{
	struct queue_entry e;
	struct status st;

	status_fail(&st, EX_SOFTWARE, "%s: this file of the queue cannot be understood", id);
	switch (queue_look(l->queue, id, &e, &st)) {
	case QUEUE_OK:
		if (spool_may(l->viewer, &e))
			list_entry(l, &e);
		queue_release(&e);
		break;
	case QUEUE_GONE: /* delivered meanwhile */
		break;
	default:
		report_failure("mailchute", &st);
		l->code = st.sysexit;
	}
}

static bool list_all(struct listing *l, struct status *st)
{
	struct queue_list *ids = queue_list(l->queue, st);
	const char *id;

	if (ids == NULL)
		return false;
	while ((id = queue_list_next(ids)) != NULL)
		list_id(l, id);
	queue_list_free(ids);
	return true;
}

static void print_total(const struct listing *l)
{
	struct buf text;

	buf_init(&text, 256);
	mailq_total(&text, l->messages, l->octets);
	print(&text);
	buf_release(&text);
}

static int list(const char *program, const char *config, const struct viewer *viewer, bool json)
{
	struct spool spool;
	struct listing l = { .queue = &spool.queue, .viewer = viewer, .json = json };
	struct status st;

	if (!spool_open(&spool, config, &st) || (spool.there && !list_all(&l, &st))) {
		report_failure(program, &st);
		l.code = st.sysexit;
	} else if (!json) {
		print_total(&l);
	}
	spool_close(&spool);
	return l.code;
}

int mailq_options(const struct options *o)
{
	return list("sendmail", o->config, NULL, false);
}

int mailq_list(const char *config, const struct viewer *viewer, bool json)
{
	return list("mailchute", config, viewer, json);
}
