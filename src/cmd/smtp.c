#include "cmd/smtp.h"

#include <stdio.h>
#include <stdlib.h>

#include "cmd/post.h"
#include "config/config.h"
#include "config/machine.h"
#include "deliver/result.h"
#include "mail/address.h"
#include "route/mailbox.h"
#include "smtp/smtpd.h"
#include "smtp/stdio.h"

struct talk {
	struct config config;
	struct smtpd *smtpd;
	struct downtime downtime;
};

static bool take_recipient(void *arg, const char *text, struct status *st)
{
	const struct talk *t = arg;
	struct address a;
	char *wire;

	address_parse(&a, text);
	wire = mailbox_wire(&a, t->config.settings.maildomain, st);
	address_release(&a);
	free(wire);
	return wire != NULL;
}

static void answer_sent(struct talk *t, const struct post *p)
{
	char text[MSGID_SIZE + 32];

	snprintf(text, sizeof(text), "2.0.0 %s %s", p->kept ? "kept as" : "sent as", p->mail.id);
	smtpd_answer(t->smtpd, 250, EX_OK, text);
}

/* The reason that counts most, and whom it is about. */
static void answer_refused(struct talk *t, const struct envelope *e)
{
	const struct recipient *r = result_worst(e);
	struct status st = r->status;

	status_during(&st, "%s", r->given);
	smtpd_refuse(t->smtpd, &st);
}

static bool is_accepted(const struct post *p)
{
	return p->kept || post_worst(p) == NULL
	       || (p->queued && (p->told == TELL_SENDER
	                         || envelope_count(&p->mail.envelope, RECIPIENT_SENT) > 0));
}

static void take_message(void *arg, const struct request *r, struct message *m)
{
	struct talk *t = arg;
	struct post p = {
		.config = &t->config,
		.request = r,
		.message = m,
		.downtime = &t->downtime,
		.told = TELL_SENDER_IF_SENT,
	};
	struct status st;

	post_init(&p);
	if (!post(&p, &st)) {
		post_log_rejected(&p, &st);
		smtpd_refuse(t->smtpd, &st);
	} else if (is_accepted(&p)) {
		answer_sent(t, &p);
	} else {
		answer_refused(t, &post_worst(&p)->envelope);
	}
	post_release(&p);
}

static int talk(struct talk *t)
{
	static const struct smtpd_ops ops = { .recipient = take_recipient, .message = take_message };
	char *name = machine_fqdn();
	const struct smtpd_options how = {
		.name = name,
		.max_message = t->config.settings.max_message,
	};
	int code;

	t->smtpd = smtpd_new(&how, &ops, t);
	free(name);
	code = smtp_stdio(t->smtpd, STDIO_IDLE_MS);
	smtpd_free(t->smtpd);
	return code;
}

int smtp_options(const struct options *o)
{
	struct talk t = { .smtpd = NULL };
	struct status st;
	int code;

	config_init(&t.config);
	if (post_configure(&t.config, o->config, &st)) {
		code = talk(&t);
	} else {
		/* The caller reads SMTP; it may have joined stderr to it. */
		printf("554 5.3.5 %s\r\n", st.text);
		code = st.sysexit;
	}
	config_release(&t.config);
	return code;
}
