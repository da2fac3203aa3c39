#include "deliver/outcome.h"

#include "base/str.h"
#include "smtp/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct derived {
	int code;
	const char *status;
};

static const char *derive(const struct derived *table, size_t n, int code)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].code == code)
			return table[i].status;
	return NULL;
}

/* Servers without enhanced codes.  550 may mean so much that it tells nothing. */
static const char *status_of_reply(const char *reply)
{
	static const struct derived table[] = {
		{ 421, "4.3.2" }, { 450, "4.2.0" }, { 451, "4.3.0" }, { 452, "4.3.1" },
		{ 454, "4.7.0" }, { 455, "4.5.4" }, { 500, "5.5.2" }, { 501, "5.5.4" },
		{ 502, "5.5.1" }, { 503, "5.5.1" }, { 504, "5.5.4" }, { 530, "5.7.0" },
		{ 534, "5.7.9" }, { 535, "5.7.8" }, { 551, "5.1.6" }, { 552, "5.2.2" },
		{ 553, "5.1.3" }, { 555, "5.5.4" }, { 556, "5.1.10" },
	};
	static const char *const by_class[] = { ['2'] = "2.0.0", ['4'] = "4.0.0", ['5'] = "5.0.0" };
	const char *status = derive(table, COUNT_OF(table), atoi(reply));

	return status != NULL ? status : by_class[(unsigned char)*reply];
}

/* Failures that are our own. */
static const char *status_of_failure(const struct status *st)
{
	static const struct derived table[] = {
		{ EX_DATAERR, "5.1.3" }, { EX_NOUSER, "5.1.0" }, { EX_NOHOST, "5.1.2" },
		{ EX_NOPERM, "5.7.0" }, { EX_PROTOCOL, "5.5.0" }, { EX_CONFIG, "5.3.5" },
		{ EX_TEMPFAIL, "4.4.7" },
	};
	const char *status = derive(table, COUNT_OF(table), st->sysexit);

	return status != NULL ? status : "5.0.0";
}

/* RFC 3464, 2.3.4: the class says the same as the action. */
static char status_class(enum bounce_event event, char given)
{
	if (event == BOUNCE_DELIVERED)
		return '2';
	if (event == BOUNCE_DELAYED)
		return '4';
	return given == '4' ? '4' : '5';
}

static bool is_expired(const struct bounce_report *r)
{
	return r->event == BOUNCE_FAILED && r->until != 0 && r->now >= r->until;
}

/* Where no server has said it. */
static const char *own_status(const struct bounce_report *r, const struct status *st)
{
	switch (r->event) {
	case BOUNCE_DELIVERED:
		return "2.0.0";
	case BOUNCE_DELAYED:
		return "4.4.0";
	default:
		return is_expired(r) ? "4.4.7" : status_of_failure(st);
	}
}

struct outcome outcome_of(const struct bounce_report *r, size_t i)
{
	const struct status *st = &r->entry->envelope.v[i].status;
	/* A state that was read from the queue has lost its words. */
	bool known = st->text[0] != '\0';
	const char *text = known ? st->text : r->entry->last, *status;
	const char *reply = known && st->reply == 0 ? NULL : reply_find(text);
	struct outcome o = { .words = reply != NULL ? reply : text, .server = reply != NULL };
	size_t n = reply != NULL && strlen(reply) > 4 ? reply_enhanced_code(reply + 4) : 0;

	if (n > 0)
		status = reply + 4;
	else
		status = reply != NULL ? status_of_reply(reply) : own_status(r, st);
	n = n > 0 ? n : strlen(status);
	snprintf(o.status, sizeof(o.status), "%c%.*s", status_class(r->event, *status), (int)n - 1, status + 1);
	return o;
}

/* What to do about a failure, by the second number of its status (RFC 3463, 3). */
const char *outcome_advice(const char *status)
{
	static const char *const advice[] = {
		['1'] = "What to do: check the address for mistakes, and send the message again to the "
		        "right one.",
		['2'] = "What to do: the mailbox cannot take the message. Send it again later, or reach "
		        "the recipient in another way.",
		['3'] = "What to do: send the message again later, or a smaller one if the words above "
		        "speak of its size.",
		['4'] = "What to do: a mail server could not be reached, or did not answer. Send the "
		        "message again later.",
		['6'] = "What to do: the server cannot take a message of this form. Send it in a plainer "
		        "or smaller one.",
		['7'] = "What to do: the server does not allow this. If it should, pass this notification "
		        "on to the person who looks after mail there, or here.",
	};
	unsigned char subject = (unsigned char)status[2];

	if (status[0] == '4')
		return "What to do: the message was tried until its time was over. Send it again, or "
		       "reach the recipient in another way.";
	if (subject < COUNT_OF(advice) && advice[subject] != NULL)
		return advice[subject];
	return "What to do: the words above should say why. If they do not help, pass this "
	       "notification on to the person who looks after mail here.";
}
