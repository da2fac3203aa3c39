#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "deliver/attempt.h"
#include "deliver/bounce.h"
#include "queue/retry.h"
#include "smtp/reply.h"
#include "unit.h"

/*
 * An attempt between two actors of our own, deliver() and bounce_send(): what
 * the first says of each recipient is a letter, what the second is asked for
 * becomes a word of `told`.
 *
 *	s  sent     f  refused     w  4xx     a  the account waits
 *	h  the host does not answer           c  it closes, with 421
 *	d  it does not answer to the message
 */
enum { RECIPIENTS_MAX = 4, DAY = 24 * 3600 };

static const struct row {
	const char *behaviour;
	const char *before;        /* the states in the file; nobody is asked for those who are not W */
	const char *outcome;       /* what the server says, a letter a recipient; NULL: it must not be asked */
	bool submitting, by_mail, keep_only, forced, others_work, sending, account_waits, dsn, null_sender, bounce_fails;
	unsigned notify, notices, tries;
	int    age;                /* seconds since it was accepted */
	enum attempt_result result;
	const char *after;         /* the states in the file; NULL: it is gone */
	const char *told;          /* "failed:FF " for each notification: whom it is about */
	unsigned tries_after;
	bool sending_after, account_waits_after, crowded_after, log_again, set_failed;
	bool doubtful, doubtful_after;
	bool waits_longer;         /* than the account */
} rows[] = {
	{ .behaviour = "sent", .before = "W", .outcome = "s", .result = ATTEMPT_DONE },
	{ .behaviour = "refused: the sender is told", .before = "W", .outcome = "f", .told = "failed:X ",
	  .result = ATTEMPT_DONE },
	{ .behaviour = "put off", .before = "WW", .outcome = "sw", .result = ATTEMPT_KEPT, .after = "SW",
	  .tries_after = 1 },
	{ .behaviour = "each its own", .before = "WWW", .outcome = "sfw", .told = "failed:-X- ",
	  .result = ATTEMPT_KEPT, .after = "SfW", .tries_after = 1 },
	{ .behaviour = "told once: what was owed is settled", .before = "fW", .outcome = "w", .notices = 1,
	  .tries = 1, .result = ATTEMPT_KEPT, .after = "FW", .tries_after = 2 },
	{ .behaviour = "of two failures each is told of once", .before = "fW", .outcome = "f", .notices = 1,
	  .told = "failed:-X ", .result = ATTEMPT_DONE },
	{ .behaviour = "cut off before the notification: it is made now", .before = "fW", .outcome = "w",
	  .sending = true, .told = "failed:X- ", .result = ATTEMPT_KEPT, .after = "fW", .tries_after = 1,
	  .log_again = true },
	{ .behaviour = "cut off when all was sent", .before = "SS", .sending = true, .result = ATTEMPT_DONE },
	{ .behaviour = "cut off when all was refused", .before = "ff", .sending = true, .told = "failed:XX ",
	  .result = ATTEMPT_DONE },
	{ .behaviour = "cut off, and now the account waits: nothing is decided", .before = "fW", .sending = true,
	  .account_waits = true, .result = ATTEMPT_KEPT, .after = "fW", .sending_after = true,
	  .account_waits_after = true },
	{ .behaviour = "the server wants no more connections", .before = "W", .outcome = "h", .others_work = true,
	  .result = ATTEMPT_KEPT, .after = "W", .crowded_after = true },
	{ .behaviour = "what it says of the account counts all the same", .before = "W", .outcome = "a",
	  .others_work = true, .result = ATTEMPT_KEPT, .after = "W", .account_waits_after = true },
	{ .behaviour = "the notification cannot be kept: nor is its cause forgotten", .before = "W",
	  .outcome = "f", .bounce_fails = true, .result = ATTEMPT_ERROR, .after = "f", .tries_after = 1,
	  .sending_after = true },

	{ .behaviour = "the caller is told by the exit code", .before = "W", .outcome = "f", .submitting = true,
	  .result = ATTEMPT_DONE },
	{ .behaviour = "the caller is told, although some were sent", .before = "WW", .outcome = "sf",
	  .submitting = true, .result = ATTEMPT_DONE },
	{ .behaviour = "kept for the caller: exit 0, so the refused are notified of", .before = "WW",
	  .outcome = "fw", .submitting = true, .told = "failed:X- ", .result = ATTEMPT_KEPT, .after = "fW",
	  .tries_after = 1 },
	{ .behaviour = "refused before any server saw it, and the account waits", .before = "fW",
	  .account_waits = true, .submitting = true, .told = "failed:X- ", .result = ATTEMPT_KEPT,
	  .after = "fW", .account_waits_after = true },
	{ .behaviour = "the caller wants to be told by mail", .before = "WW", .outcome = "sf", .submitting = true,
	  .by_mail = true, .told = "failed:-X ", .result = ATTEMPT_DONE },
	{ .behaviour = "to be kept only: nobody is asked, what no server will see is told of", .before = "fW",
	  .submitting = true, .keep_only = true, .told = "failed:X- ", .result = ATTEMPT_KEPT, .after = "fW" },

	{ .behaviour = "a login refused: the account waits, no try of the message's", .before = "WW",
	  .outcome = "aa", .result = ATTEMPT_KEPT, .after = "WW", .account_waits_after = true },
	{ .behaviour = "host down", .before = "W", .outcome = "h", .result = ATTEMPT_KEPT, .after = "W",
	  .account_waits_after = true },
	{ .behaviour = "no answer to the message: a server may have it", .before = "WW", .outcome = "dw",
	  .result = ATTEMPT_KEPT, .after = "WW", .tries_after = 1, .doubtful_after = true },
	{ .behaviour = "as the log then says of each attempt", .before = "W", .outcome = "w", .doubtful = true,
	  .result = ATTEMPT_KEPT, .after = "W", .tries_after = 1, .doubtful_after = true, .log_again = true },
	{ .behaviour = "the host closes: this message may be why", .before = "W", .outcome = "c", .tries = 20,
	  .result = ATTEMPT_KEPT, .after = "W", .tries_after = 21, .account_waits_after = true, .waits_longer = true },
	{ .behaviour = "one 4xx: the account works", .before = "WW", .outcome = "wa", .result = ATTEMPT_KEPT,
	  .after = "WW", .tries_after = 1 },
	{ .behaviour = "an account that waits is not asked", .before = "W", .account_waits = true,
	  .result = ATTEMPT_KEPT, .after = "W", .account_waits_after = true },
	{ .behaviour = "unless it must be", .before = "W", .outcome = "s", .account_waits = true, .forced = true,
	  .result = ATTEMPT_DONE },

	{ .behaviour = "a day: a warning", .before = "WW", .outcome = "ww", .age = DAY, .told = "delayed:XX ",
	  .result = ATTEMPT_KEPT, .after = "WW", .tries_after = 1 },
	{ .behaviour = "a warning too while the account waits", .before = "WW", .account_waits = true,
	  .age = DAY, .told = "delayed:XX ", .result = ATTEMPT_KEPT, .after = "WW", .account_waits_after = true },
	{ .behaviour = "six days, and one more chance", .before = "W", .outcome = "s", .age = 6 * DAY,
	  .result = ATTEMPT_DONE },
	{ .behaviour = "six days", .before = "WW", .outcome = "sw", .age = 6 * DAY, .told = "failed:-X ",
	  .result = ATTEMPT_DONE },
	{ .behaviour = "six days while the account waits", .before = "W", .account_waits = true, .age = 6 * DAY,
	  .told = "failed:X ", .result = ATTEMPT_DONE, .account_waits_after = true },

	{ .behaviour = "success is told where asked for", .before = "WW", .outcome = "ss",
	  .notify = NOTIFY_SUCCESS, .told = "delivered:XX ", .result = ATTEMPT_DONE },
	{ .behaviour = "success is the server's to tell", .before = "WW", .outcome = "ss",
	  .notify = NOTIFY_SUCCESS, .dsn = true, .result = ATTEMPT_DONE },
	{ .behaviour = "success is told once", .before = "sW", .outcome = "s", .notify = NOTIFY_SUCCESS,
	  .told = "delivered:-X ", .result = ATTEMPT_DONE },

	{ .behaviour = "no notification of a notification", .before = "W", .outcome = "f", .null_sender = true,
	  .result = ATTEMPT_DONE, .set_failed = true },
	{ .behaviour = "nor of what a caller without a sender is told", .before = "WW", .outcome = "sf",
	  .null_sender = true, .submitting = true, .result = ATTEMPT_DONE },
	{ .behaviour = "but if he is not told, it is kept", .before = "WW", .outcome = "sf", .null_sender = true,
	  .submitting = true, .by_mail = true, .result = ATTEMPT_DONE, .set_failed = true },
};

static const struct row *row;
static struct queue queue;
static struct buf told;
static bool asked, again;

static void settle(struct recipient *r, char letter)
{
	static const struct outcome {
		char letter;
		enum recipient_state state;
		enum status_wait wait;
		int sysexit;
	} outcomes[] = {
		{ 's', RECIPIENT_SENT, WAIT_NOTHING, EX_OK },
		{ 'f', RECIPIENT_FAILED, WAIT_NOTHING, EX_NOUSER },
		{ 'w', RECIPIENT_WAITING, WAIT_MESSAGE, EX_TEMPFAIL },
		{ 'a', RECIPIENT_WAITING, WAIT_ACCOUNT, EX_NOPERM },
		{ 'h', RECIPIENT_WAITING, WAIT_HOST, EX_TEMPFAIL },
		{ 'd', RECIPIENT_WAITING, WAIT_MESSAGE, EX_TEMPFAIL },
		{ 'c', RECIPIENT_WAITING, WAIT_HOST, EX_TEMPFAIL },
	};

	for (size_t i = 0; i < COUNT_OF(outcomes); i++)
		if (outcomes[i].letter == letter) {
			r->state = outcomes[i].state;
			status_defer(&r->status, outcomes[i].wait, outcomes[i].sysexit, "because %c", letter);
			r->status.doubtful = letter == 'd';
			r->status.reply = letter == 'c' ? REPLY_CLOSING : 0;
		}
}

void deliver(const struct delivery *d)
{
	const char *letter = row->outcome;

	ck_assert_msg(letter != NULL, "%s: asked", row->behaviour);
	for (size_t i = 0; i < d->envelope->len; i++)
		if (d->envelope->v[i].state == RECIPIENT_WAITING)
			settle(&d->envelope->v[i], *letter++);
	ck_assert_int_eq(*letter, '\0');
	asked = true;
	again = d->again;
	d->over(d->arg, row->dsn);
}

bool bounce_send(struct queue *q, const struct config *c, const struct queue_entry *e,
                 enum bounce_event event, const bool *about, struct status *st)
{
	static const char *const names[] = { "failed", "delayed", "delivered" };

	(void)q, (void)c;
	if (row->bounce_fails)
		return status_fail(st, EX_TEMPFAIL, "no room");
	buf_printf(&told, "%s:", names[event]);
	for (size_t i = 0; i < e->envelope.len; i++)
		buf_putc(&told, about[i] ? 'X' : '-');
	buf_putc(&told, ' ');
	return true;
}

static void set_states(struct envelope *e, const char *letters)
{
	for (size_t i = 0; letters[i] != '\0'; i++) {
		char *address = alloc_printf("r%zu@example.net", i);

		envelope_add(e, address, address);
		free(address);
		e->v[i].owed = letters[i] == 's' || letters[i] == 'f';
		if (letters[i] != 'W')
			e->v[i].state = strchr("sS", letters[i]) ? RECIPIENT_SENT : RECIPIENT_FAILED;
	}
}

/* Into the queue, as the row has it; ours. */
static void queue_up(const struct row *r, struct queue_entry *claimed)
{
	struct queue_info info = {
		.account = (char *)"test",
		.arrived = time(NULL) - r->age,
		.tries = r->tries,
		.notices = r->notices,
		.sending = r->sending || r->submitting,
		.doubtful = r->doubtful,
	};
	struct envelope e;
	struct message m;
	struct status st;

	envelope_init(&e);
	envelope_set_sender(&e, r->null_sender ? "" : "alice@example.org");
	e.notify = r->notify;
	set_states(&e, r->before);
	message_init(&m);
	message_add_body(&m, "hello\r\n", 7);
	ck_assert_msg(queue_add(&queue, "M", &info, &e, &m, NULL, claimed, &st), "%s", st.text);
	info.about = (char *)"M";
	ck_assert_msg(!r->sending || queue_add(&queue, "M-1", &info, &e, &m, NULL, NULL, &st), "%s", st.text);
	envelope_release(&e);
	message_release(&m);
}

static void check_file(const struct row *r)
{
	struct queue_entry e;
	struct status st;
	char states[RECIPIENTS_MAX + 1] = "";

	/* What a cut-off attempt made and did not write down. */
	ck_assert_msg(faccessat(queue.queue_fd, "M-1", F_OK, 0) != 0, "%s: an old notification", r->behaviour);
	if (r->after == NULL) {
		ck_assert_msg(faccessat(queue.queue_fd, "M", F_OK, 0) != 0, "%s: still there", r->behaviour);
		ck_assert_msg((faccessat(queue.spool_fd, "failed/M", F_OK, 0) == 0) == r->set_failed,
		              "%s: failed/", r->behaviour);
		return;
	}
	ck_assert_int_eq(queue_look(&queue, "M", &e, &st), QUEUE_OK);
	for (size_t i = 0; i < e.envelope.len; i++) {
		char c = "WSF"[e.envelope.v[i].state];

		states[i] = e.envelope.v[i].owed ? str_lower(c) : c;
	}
	ck_assert_msg(strcmp(states, r->after) == 0, "%s: %s", r->behaviour, states);
	ck_assert_msg(e.info.tries == r->tries_after, "%s: %u tries", r->behaviour, e.info.tries);
	ck_assert_msg(e.info.doubtful == r->doubtful_after, "%s: doubt", r->behaviour);
	ck_assert_msg(e.info.sending == r->sending_after, "%s: sending", r->behaviour);
	if (r->result == ATTEMPT_KEPT && r->told != NULL)
		ck_assert_msg(e.info.notices == r->notices + 1, "%s: %u notices", r->behaviour, e.info.notices);
	queue_release(&e);
}

START_TEST(attempts)
{
	char spool[UNIT_DIR_MAX];
	struct config config;
	struct queue_entry e;
	struct attempt a = { .queue = &queue, .config = &config, .entry = &e };
	struct account account;
	struct status st;
	enum attempt_result result;
	struct retry_account waits;

	row = &rows[_i];
	config_init(&config);
	account_init(&account, "test");
	config.v = &account;
	config.len = 1;
	buf_init(&told, 1000);
	unit_dir_make(spool);
	ck_assert_msg(queue_open(&queue, spool, true, &st), "%s", st.text);
	if (row->account_waits)
		ck_assert(retry_account_failed(&queue, "test", &config.settings, "down", time(NULL)));
	queue_up(row, &e);
	a.submitting = row->submitting;
	a.by_mail = row->by_mail;
	a.keep_only = row->keep_only;
	a.forced = row->forced;
	a.others_work = row->others_work;

	result = attempt(&a, &st);
	ck_assert_msg(result == row->result, "%s: %d", row->behaviour, result);
	ck_assert_msg(asked == (row->outcome != NULL), "%s: not asked", row->behaviour);
	ck_assert_msg(again == row->log_again, "%s: again", row->behaviour);
	ck_assert_msg(a.account_waits == row->account_waits_after, "%s: the account", row->behaviour);
	ck_assert_msg(strcmp(told.data, row->told ? row->told : "") == 0, "%s: %s", row->behaviour, told.data);
	ck_assert_msg(a.crowded == row->crowded_after, "%s: crowded", row->behaviour);
	if (result == ATTEMPT_KEPT && !row->keep_only)
		ck_assert_msg((a.next > time(NULL)) != row->crowded_after, "%s: next", row->behaviour);
	if (asked && a.account_waits) {
		retry_account_load(&queue, "test", &waits);
		ck_assert_msg(a.next > waits.next, "%s: not behind those who wait with it", row->behaviour);
		ck_assert_msg((a.next > waits.next + 600) == row->waits_longer, "%s: longer", row->behaviour);
	}
	check_file(row);

	queue_release(&e);
	queue_close(&queue);
	unit_dir_remove(spool);
	buf_release(&told);
	account_release(&account);
	settings_release(&config.settings);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deliver/attempt");
	TCase *tc = tcase_create("rows");

	tcase_add_loop_test(tc, attempts, 0, COUNT_OF(rows));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
