#include "cmd/post.h"

#include <unistd.h>

#include "base/log.h"
#include "cmd/report.h"
#include "deliver/deliver.h"
#include "deliver/maillog.h"
#include "deliver/result.h"

void post_init(struct post *p)
{
	prepared_init(&p->mail);
}

void post_release(struct post *p)
{
	prepared_release(&p->mail);
}

bool post_configure(struct config *c, const char *file, struct status *st)
{
	bool ok = config_load(c, file, st);

	report_open_log(ok ? &c->settings : NULL);
	/* The caller's directory is not ours to hold for the hours that input may take. */
	return ok && (chdir("/") == 0 || status_fail(st, EX_OSERR, "cannot change to /"));
}

static void log_changes(const struct post *p)
{
	struct log_event *e = log_event("changed");

	log_text(e, "id", p->mail.id);
	maillog_changes(e, p->message);
}

/* Who was refused before any server was asked: deliver() does not see them. */
static void log_refused(const struct post *p, const struct prepared *part)
{
	const struct envelope *e = &part->envelope;
	struct maillog log = {
		.id = part->id,
		.uid = getuid(),
		.account = part->route.account->name,
		.size = message_octets(p->message),
		.tag = p->request->tag,
	};

	for (size_t i = 0; i < e->len; i++)
		if (e->v[i].state == RECIPIENT_FAILED)
			maillog_recipient(&log, e->sender, &e->v[i]);
}

/* Where nothing is kept nothing can be held. */
static void refuse_held(struct envelope *e)
{
	for (size_t i = 0; i < e->len; i++) {
		if (e->v[i].state != RECIPIENT_WAITING)
			continue;
		e->v[i].state = RECIPIENT_FAILED;
		status_fail(&e->v[i].status, EX_NOUSER, "allow_to does not name it, and with `deliver now` "
		            "nothing can be held");
	}
}

void post_log_rejected(const struct post *p, const struct status *st)
{
	struct log_event *e = log_event("rejected");

	log_text(e, "id", p->mail.id);
	log_number(e, "uid", getuid());
	log_text(e, "from", p->request->sender);
	log_text(e, "error", st->text);
	log_text(e, "tag", p->request->tag);
	log_send(e);
}

static void send_part(const struct post *p, struct prepared *part, struct downtime *downtime)
{
	struct passage passage = { .port = 0 };
	struct delivery d = {
		.config = p->config,
		.account = part->route.account,
		.envelope = &part->envelope,
		.message = p->message,
		.trace = p->trace,
		.downtime = downtime,
		.log = true,
		.id = part->id,
		.tag = p->request->tag,
		.uid = getuid(),
		.tries = 1,
		.passage = &passage,
	};

	if (part->held)
		refuse_held(&part->envelope);
	log_refused(p, part);
	if (envelope_count(&part->envelope, RECIPIENT_WAITING) > 0)
		deliver(&d);
	if (p->went != NULL)
		p->went(p->arg, part, &passage);
}

/* Nothing is kept. */
static void send_now(struct post *p)
{
	struct downtime own = { .queue = NULL };

	for (struct prepared *part = &p->mail; part != NULL; part = part->next)
		send_part(p, part, p->downtime != NULL ? p->downtime : &own);
}

/* Whether there is a queue, and what to do once the message is in it: -od, else `deliver`. */
static bool is_kept(const struct post *p, enum keep_then *then)
{
	static const enum keep_then asked[] = {
		[DELIVERY_WAIT] = KEEP_TRIED,
		[DELIVERY_BACKGROUND] = KEEP_SENDING,
		[DELIVERY_QUEUE] = KEEP_ONLY,
	};
	enum deliver_mode configured = p->config->settings.deliver;

	if (p->now || configured == DELIVER_NOW)
		return false;
	*then = configured == DELIVER_QUEUE ? KEEP_ONLY : KEEP_TRIED;
	if (p->request->delivery != DELIVERY_DEFAULT)
		*then = asked[p->request->delivery];
	/* Who wants to see the dialogue waits for it. */
	if (*then == KEEP_SENDING && p->trace != NULL)
		*then = KEEP_TRIED;
	return true;
}

static bool send_by_queue(struct post *p, enum keep_then then, struct status *st)
{
	struct keep k = {
		.config = p->config,
		.tag = p->request->tag,
		.trace = p->trace,
		.then = then,
	};

	/* What is refused leaves nothing behind, and the other parts are there: it is accepted, whatever comes of one. */
	if (p->mail.next != NULL)
		p->told = TELL_SENDER;
	else if (*p->mail.envelope.sender == '\0')
		p->told = TELL_CALLER;
	k.told = p->told;
	p->queued = true;
	p->tried = then == KEEP_TRIED && !p->mail.held;
	return keep_message(&k, p->message, &p->mail, &p->kept, st);
}

bool post(struct post *p, struct status *st)
{
	struct caller who = { .uid = getuid() };
	enum keep_then then;
	bool ok;

	p->mail.trace = p->trace;
	ok = prepare(&p->mail, p->config, &who, p->request, p->message, st);

	maillog_aliases(p->mail.id, &p->mail.complaints);
	if (!ok)
		return false;
	log_changes(p);
	/* Where no recipient is an address there is nothing to keep. */
	if (is_kept(p, &then) && envelope_count(&p->mail.envelope, RECIPIENT_WAITING) > 0) {
		log_refused(p, &p->mail);
		return send_by_queue(p, then, st);
	}
	send_now(p);
	return true;
}

const struct prepared *post_worst(const struct post *p)
{
	const struct prepared *worst = NULL;

	for (const struct prepared *part = &p->mail; part != NULL;
	     part = p->queued ? NULL : part->next) {
		int code = result_exit(&part->envelope);

		if (code == EX_TEMPFAIL || (code != EX_OK && worst == NULL))
			worst = part;
	}
	return worst;
}
