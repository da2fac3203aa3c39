#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "config/config.h"
#include "deliver/bounce.h"
#include "deliver/ration.h"
#include "queue/queue.h"
#include "unit.h"

enum { NOW = 1795505000, ARRIVED = NOW - 3600 };

static struct queue_entry entry;
static struct status st;

static void utc(void)
{
	setenv("TZ", "UTC0", 1);
	tzset();
}

/* A message from alice to bob and carol. */
static void make_entry(void)
{
	utc();
	queue_entry_init(&entry);
	snprintf(entry.id, sizeof(entry.id), "1K0Z");
	entry.info.account = alloc_copy("work");
	entry.info.uid = 7;
	entry.info.arrived = ARRIVED;
	envelope_set_sender(&entry.envelope, "alice@example.org");
	envelope_add(&entry.envelope, "bob@example.net", "Bob <bob@example.net>");
	envelope_add(&entry.envelope, "carol@example.net", "carol@example.net");
	header_insert(&entry.message.header, 0, "From", "alice@example.org");
	header_insert(&entry.message.header, 1, "Subject", "Lunch");
	header_insert(&entry.message.header, 2, "Message-ID", "<1K0Z@example.org>");
	message_add_body(&entry.message, "At one?\r\n", 9);
}

static void free_entry(void)
{
	queue_release(&entry);
}

static void refuse(size_t i, int reply, int sysexit, const char *text)
{
	struct recipient *r = &entry.envelope.v[i];

	status_fail(&r->status, sysexit, "%s", text);
	r->status.reply = reply;
	r->state = RECIPIENT_FAILED;
}

static char *text_of(const struct message *m)
{
	struct message_source source;
	struct buf b;
	char block[4096];
	long n;

	buf_init(&b, 64 * 1024 * 1024);
	message_start(&source, m);
	while ((n = message_next(&source, block, sizeof(block))) > 0)
		buf_add(&b, block, (size_t)n);
	ck_assert_int_eq(n, 0);
	return buf_detach(&b);
}

static struct bounce_report report(enum bounce_event event)
{
	static const bool first_one[8] = { true };

	return (struct bounce_report){
		.entry = &entry,
		.event = event,
		.about = first_one,
		.reporter = "web1.example.org",
		.from = "postmaster@example.org",
		.id = "1K0Z-0",
		.now = NOW,
		.remote = "smtp.example.org",
	};
}

static void check_lines(const char *text)
{
	for (const char *s = text, *end; *s != '\0'; s = end + 2) {
		ck_assert_ptr_nonnull(end = strstr(s, "\r\n"));
		ck_assert_msg(end - s <= 998, "a line of %d: %.80s", (int)(end - s), s);
		ck_assert_ptr_null(memchr(s, '\r', (size_t)(end - s)));
		ck_assert_ptr_null(memchr(s, '\n', (size_t)(end - s)));
	}
}

static char *compose(const struct bounce_report *r)
{
	struct message m;
	char *text;

	message_init(&m);
	ck_assert(bounce_compose(&m, r, &st));
	text = text_of(&m);
	check_lines(text);
	ck_assert_int_eq(m.header_8bit || m.body_8bit, !str_is_ascii(text, strlen(text)));
	message_release(&m);
	return text;
}

/* The body of a field of the composed text, of its first one. */
static char *field(const char *text, const char *name)
{
	char *line = alloc_printf("\r\n%s: ", name), *found = strstr(text, line), *body = NULL;

	if (found != NULL)
		body = alloc_copyn(found + strlen(line), strcspn(found + strlen(line), "\r"));
	free(line);
	return body;
}

static void check_field(const char *text, const char *name, const char *want)
{
	char *got = field(text, name);

	if (want == NULL)
		ck_assert_msg(got == NULL, "%s: %s", name, got);
	else
		ck_assert_msg(got != NULL && strcmp(got, want) == 0, "%s: %s, not %s", name, got, want);
	free(got);
}

static const char failure[] =
	"From: Mail Delivery System <postmaster@example.org>\r\n"
	"To: alice@example.org\r\n"
	"Subject: Your message could not be delivered\r\n"
	"Date: Tue, 24 Nov 2026 07:23:20 +0000\r\n"
	"Message-ID: <1K0Z-0@example.org>\r\n"
	"Auto-Submitted: auto-replied\r\n"
	"MIME-Version: 1.0\r\n"
	"Content-Type: multipart/report; report-type=delivery-status;\r\n"
	"\tboundary=\"=_1K0Z-0.0\"\r\n"
	"\r\n"
	"This is a multipart message in MIME format.\r\n"
	"\r\n"
	"--=_1K0Z-0.0\r\n"
	"Content-Type: text/plain; charset=utf-8\r\n"
	"Content-Description: Notification\r\n"
	"Content-Transfer-Encoding: 7bit\r\n"
	"\r\n"
	"This is the mail system at web1.example.org.\r\n"
	"\r\n"
	"Your message could not be delivered to the recipient named below. It\r\n"
	"will not be tried again.\r\n"
	"\r\n"
	"    Subject: Lunch\r\n"
	"    Accepted: Tue, 24 Nov 2026 06:23:20 +0000\r\n"
	"    Id: 1K0Z\r\n"
	"\r\n"
	"<bob@example.net>\r\n"
	"    (given as Bob <bob@example.net>)\r\n"
	"    The server said: 550 5.1.1 No such user\r\n"
	"\r\n"
	"What to do: check the address for mistakes, and send the message again\r\n"
	"to the right one.\r\n"
	"\r\n"
	"What follows says the same to programs, and returns what you sent or its\r\n"
	"header.\r\n"
	"\r\n"
	"--=_1K0Z-0.0\r\n"
	"Content-Type: message/delivery-status\r\n"
	"Content-Description: Delivery report\r\n"
	"Content-Transfer-Encoding: 7bit\r\n"
	"\r\n"
	"Original-Envelope-Id: my id\r\n"
	"Reporting-MTA: dns; web1.example.org\r\n"
	"Arrival-Date: Tue, 24 Nov 2026 06:23:20 +0000\r\n"
	"\r\n"
	"Original-Recipient: rfc822; bob@example.net\r\n"
	"Final-Recipient: rfc822; bob@example.net\r\n"
	"Action: failed\r\n"
	"Status: 5.1.1\r\n"
	"Remote-MTA: dns; smtp.example.org\r\n"
	"Diagnostic-Code: smtp; 550 5.1.1 No such user\r\n"
	"Last-Attempt-Date: Tue, 24 Nov 2026 07:23:20 +0000\r\n"
	"\r\n"
	"--=_1K0Z-0.0\r\n"
	"Content-Type: text/rfc822-headers\r\n"
	"Content-Description: Header of your message\r\n"
	"Content-Transfer-Encoding: 7bit\r\n"
	"\r\n"
	"From: alice@example.org\r\n"
	"Subject: Lunch\r\n"
	"Message-ID: <1K0Z@example.org>\r\n"
	"\r\n"
	"--=_1K0Z-0.0--\r\n";

START_TEST(a_failure_as_a_whole)
{
	struct bounce_report r = report(BOUNCE_FAILED);
	char *text;

	entry.envelope.envid = alloc_copy("my id");
	refuse(0, 550, EX_NOUSER, "550 5.1.1 No such user");
	text = compose(&r);
	ck_assert_str_eq(text, failure);
	free(text);
}
END_TEST

static const struct {
	const char *orcpt, *original;
} originals[] = {
	{ "rfc822;first+2Bone@example.com", "rfc822; first+one@example.com" },
	{ "x400;C=de", "x400; C=de" },
	{ "rfc822;a+0D+0Ab", NULL },
};

START_TEST(the_original_recipient_is_what_the_client_named)
{
	struct bounce_report r = report(BOUNCE_FAILED);
	char *text;

	entry.envelope.v[0].orcpt = alloc_copy(originals[_i].orcpt);
	refuse(0, 550, EX_NOUSER, "550 5.1.1 No such user");
	text = compose(&r);
	if (originals[_i].original != NULL)
		check_field(text, "Original-Recipient", originals[_i].original);
	else
		ck_assert_ptr_null(strstr(text, "\nb\r"));
	free(text);
}
END_TEST

/* What a server or we said, and what becomes of it for programs. */
static const struct said {
	enum bounce_event event;
	int reply, sysexit;
	const char *text, *last;   /* `last` alone: read from the queue */
	const char *status, *diagnostic;
	bool expired;
} said[] = {
	{ .event = BOUNCE_FAILED, .sysexit = EX_UNAVAILABLE, .expired = true, .text = "given up: no connection",
	  .status = "4.4.7", .diagnostic = "x-mailchute; given up: no connection" },
	{ .event = BOUNCE_FAILED, .reply = 450, .sysexit = EX_UNAVAILABLE, .expired = true, .text = "given up: 450 later",
	  .status = "4.2.0", .diagnostic = "smtp; 450 later" },
	{ .event = BOUNCE_FAILED, .reply = 535, .sysexit = EX_UNAVAILABLE, .expired = true, .text = "given up: 535 5.7.8 who",
	  .status = "5.7.8", .diagnostic = "smtp; 535 5.7.8 who" },
	{ .event = BOUNCE_FAILED, .reply = 550, .sysexit = EX_NOUSER, .text = "550 5.1.1 no",
	  .status = "5.1.1", .diagnostic = "smtp; 550 5.1.1 no" },
	{ .event = BOUNCE_FAILED, .reply = 550, .sysexit = EX_NOUSER, .text = "host: 550 5.1.1",
	  .status = "5.1.1", .diagnostic = "smtp; 550 5.1.1" },
	{ .event = BOUNCE_FAILED, .reply = 550, .sysexit = EX_NOUSER, .text = "550 no",
	  .status = "5.0.0", .diagnostic = "smtp; 550 no" },
	{ .event = BOUNCE_FAILED, .reply = 550, .sysexit = EX_NOUSER, .text = "550",
	  .status = "5.0.0", .diagnostic = "smtp; 550" },
	{ .event = BOUNCE_FAILED, .reply = 552, .sysexit = EX_NOUSER, .text = "552 full",
	  .status = "5.2.2", .diagnostic = "smtp; 552 full" },
	{ .event = BOUNCE_FAILED, .reply = 550, .sysexit = EX_NOUSER, .text = "550 9.1.1 no",
	  .status = "5.0.0", .diagnostic = "smtp; 550 9.1.1 no" },
	{ .event = BOUNCE_FAILED, .reply = 550, .sysexit = EX_NOUSER, .text = "550 5.1.1234 no",
	  .status = "5.0.0", .diagnostic = "smtp; 550 5.1.1234 no" },
	{ .event = BOUNCE_FAILED, .reply = 556, .sysexit = EX_NOUSER, .text = "556 no",
	  .status = "5.1.10", .diagnostic = "smtp; 556 no" },
	{ .event = BOUNCE_FAILED, .reply = 450, .sysexit = EX_TEMPFAIL, .text = "450 4.2.1 later",
	  .status = "4.2.1", .diagnostic = "smtp; 450 4.2.1 later" },
	{ .event = BOUNCE_FAILED, .reply = 451, .sysexit = EX_TEMPFAIL, .text = "451 later",
	  .status = "4.3.0", .diagnostic = "smtp; 451 later" },
	{ .event = BOUNCE_FAILED, .sysexit = EX_TEMPFAIL, .text = "cannot connect: 111 refused",
	  .status = "4.4.7", .diagnostic = "x-mailchute; cannot connect: 111 refused" },
	{ .event = BOUNCE_FAILED, .sysexit = EX_DATAERR, .text = "a@@b: no address",
	  .status = "5.1.3", .diagnostic = "x-mailchute; a@@b: no address" },
	{ .event = BOUNCE_FAILED, .sysexit = EX_UNAVAILABLE, .text = "too large: 550 octets",
	  .status = "5.0.0", .diagnostic = "x-mailchute; too large: 550 octets" },
	{ .event = BOUNCE_FAILED, .last = "smtp: 550 5.7.1 spam",
	  .status = "5.7.1", .diagnostic = "smtp; 550 5.7.1 spam" },
	{ .event = BOUNCE_FAILED, .last = "",
	  .status = "5.0.0" },
	{ .event = BOUNCE_DELAYED, .reply = 450, .sysexit = EX_TEMPFAIL, .text = "450 4.2.1 later",
	  .status = "4.2.1", .diagnostic = "smtp; 450 4.2.1 later" },
	{ .event = BOUNCE_DELAYED, .reply = 535, .sysexit = EX_NOPERM, .text = "535 5.7.8 who",
	  .status = "4.7.8", .diagnostic = "smtp; 535 5.7.8 who" },
	{ .event = BOUNCE_DELAYED, .sysexit = EX_TEMPFAIL, .text = "no connection",
	  .status = "4.4.0", .diagnostic = "x-mailchute; no connection" },
	{ .event = BOUNCE_DELIVERED, .reply = 250, .text = "250 2.1.5 ok",
	  .status = "2.1.5", .diagnostic = "smtp; 250 2.1.5 ok" },
	{ .event = BOUNCE_DELIVERED, .text = "",
	  .status = "2.0.0" },
};

START_TEST(what_was_said_becomes_a_status)
{
	const struct said *s = &said[_i];
	bool server = s->diagnostic != NULL && str_starts(s->diagnostic, "smtp; ");
	struct bounce_report r = report(s->event);
	char *text;

	if (s->text != NULL)
		refuse(0, s->reply, s->sysexit, s->text);
	if (s->last != NULL)
		snprintf(entry.last, sizeof(entry.last), "%s", s->last);
	r.until = s->expired ? NOW : NOW + 1;
	text = compose(&r);
	check_field(text, "Status", s->status);
	check_field(text, "Diagnostic-Code", s->diagnostic);
	check_field(text, "Remote-MTA", server ? "dns; smtp.example.org" : NULL);
	free(text);
}
END_TEST

static const struct {
	enum bounce_event event;
	bool relayed;
	time_t until;
	const char *action, *retry;
} events[] = {
	{ BOUNCE_FAILED, .until = NOW + 60, .action = "failed" },
	{ BOUNCE_DELAYED, .until = NOW + 60, .action = "delayed", .retry = "Tue, 24 Nov 2026 07:24:20 +0000" },
	{ BOUNCE_DELAYED, .action = "delayed" },
	{ BOUNCE_DELIVERED, .action = "delivered" },
	{ BOUNCE_DELIVERED, .relayed = true, .action = "relayed" },
};

START_TEST(each_event_has_its_action)
{
	struct bounce_report r = report(events[_i].event);
	char *text;

	r.relayed = events[_i].relayed;
	r.until = events[_i].until;
	text = compose(&r);
	check_field(text, "Action", events[_i].action);
	check_field(text, "Will-Retry-Until", events[_i].retry);
	check_field(text, "Auto-Submitted", "auto-replied");
	ck_assert_ptr_null(strstr(text, "carol@"));
	free(text);
}
END_TEST

/* What comes back of the original. */
static const struct {
	enum bounce_event event;
	enum dsn_return ret;
	size_t more;               /* octets of body */
	bool long_line;
	const char *type;
	bool body;
} returns[] = {
	{ BOUNCE_FAILED, RETURN_DEFAULT, .type = "text/rfc822-headers" },
	{ BOUNCE_FAILED, RETURN_HEADERS, .type = "text/rfc822-headers" },
	{ BOUNCE_FAILED, RETURN_FULL, .type = "message/rfc822", .body = true },
	{ BOUNCE_DELAYED, RETURN_FULL, .type = "text/rfc822-headers" },
	{ BOUNCE_FAILED, RETURN_FULL, .more = 2 * 1024 * 1024, .type = "text/rfc822-headers" },
	{ BOUNCE_FAILED, RETURN_FULL, .more = 990, .type = "message/rfc822", .body = true, .long_line = true },
	{ BOUNCE_FAILED, RETURN_FULL, .more = 999, .long_line = true, .type = "text/rfc822-headers" },
};

START_TEST(the_original_comes_back_as_asked)
{
	struct bounce_report r = report(returns[_i].event);
	char *type = alloc_printf("\r\nContent-Type: %s\r\n", returns[_i].type), *text;

	for (size_t n = 0; n < returns[_i].more; n += 9)
		ck_assert(message_add_body(&entry.message, returns[_i].long_line ? "123456789" : "1234567\r\n", 9));
	r.ret = returns[_i].ret;
	text = compose(&r);
	ck_assert_msg(strstr(text, type) != NULL, "%s", text);
	ck_assert_int_eq(strstr(text, "At one?") != NULL, returns[_i].body);
	ck_assert_ptr_nonnull(strstr(text, "\r\nSubject: Lunch\r\n"));
	free(text);
	free(type);
}
END_TEST

START_TEST(addresses_that_are_not_ascii)
{
	static const bool second[] = { false, false, true };
	struct bounce_report r = report(BOUNCE_FAILED);
	char *text;

	envelope_add(&entry.envelope, "j\xc3\xb6rg@example.net", "j\xc3\xb6rg@example.net");
	refuse(0, 550, EX_NOUSER, "550 5.1.1 j\xc3\xb6rg?");
	text = compose(&r);
	ck_assert_ptr_nonnull(strstr(text, "\r\nContent-Type: message/delivery-status\r\n"));
	ck_assert_ptr_nonnull(strstr(text, "\r\nContent-Type: text/rfc822-headers\r\n"));
	check_field(text, "Diagnostic-Code", "smtp; 550 5.1.1 j\\x{F6}rg?");
	free(text);
	r.about = second;
	text = compose(&r);
	ck_assert_ptr_nonnull(strstr(text, "\r\nContent-Type: message/global-delivery-status\r\n"));
	ck_assert_ptr_nonnull(strstr(text, "\r\nContent-Type: message/global-headers\r\n"));
	check_field(text, "Final-Recipient", "utf-8; j\xc3\xb6rg@example.net");
	check_field(text, "Original-Recipient", "utf-8; j\xc3\xb6rg@example.net");
	free(text);
}
END_TEST

/* What a header has beyond ASCII, and how it comes back. */
static const struct {
	const char *subject;
	enum dsn_return ret;
	const char *type;
} headers[] = {
	{ "Gr\xc3\xbc\xc3\x9f" "e", RETURN_HEADERS, "message/global-headers" },
	{ "Gr\xc3\xbc\xc3\x9f" "e", RETURN_FULL, "message/global" },
	{ "Gr\xfc\xdf" "e", RETURN_HEADERS, "text/rfc822-headers" },
	{ "Gr\xfc\xdf" "e", RETURN_FULL, "message/rfc822" },
};

START_TEST(headers_that_are_not_ascii)
{
	struct bounce_report r = report(BOUNCE_FAILED);
	char *type = alloc_printf("\r\nContent-Type: %s\r\n", headers[_i].type), *text;

	header_insert(&entry.message.header, 0, "Subject", headers[_i].subject);
	r.ret = headers[_i].ret;
	text = compose(&r);
	ck_assert_msg(strstr(text, type) != NULL, "no %s in %s", type, text);
	ck_assert_ptr_nonnull(strstr(text, "\r\nContent-Transfer-Encoding: 8bit\r\n"));
	ck_assert_ptr_nonnull(strstr(text, headers[_i].subject));
	free(text);
	free(type);
}
END_TEST

START_TEST(nothing_from_outside_gets_out_of_its_line)
{
	struct bounce_report r = report(BOUNCE_FAILED);
	struct buf wide;
	char *text;

	buf_init(&wide, 1024 * 1024);
	for (int i = 0; i < 5000; i++)
		buf_puts(&wide, i < 2500 ? "\xc3\xbc" : "word ");
	header_insert(&entry.message.header, 0, "X-Long", wide.data);
	header_insert(&entry.message.header, 0, "X-Boundary", "--=_1K0Z-0.0");
	entry.envelope.envid = alloc_copy("a\r\nFinal-Recipient: rfc822; eve@example.com");
	refuse(0, 550, EX_NOUSER, "550 5.1.1 a\r\nFinal-Recipient: rfc822; eve@example.com \x1b[2J\xff");
	text = compose(&r);
	ck_assert_ptr_nonnull(strstr(text, "boundary=\"=_1K0Z-0.1\""));
	ck_assert_ptr_null(strstr(text, "\r\nFinal-Recipient: rfc822; eve"));
	ck_assert_ptr_null(strchr(text, '\x1b'));
	ck_assert(str_is_utf8(text, strlen(text)));
	free(text);
	buf_release(&wide);
}
END_TEST

START_TEST(a_large_header_is_cut)
{
	struct bounce_report r = report(BOUNCE_FAILED);
	char *text;

	for (int i = 0; i < 100000; i++)
		header_insert(&entry.message.header, entry.message.header.len, "X-Mas", "tree");
	text = compose(&r);
	ck_assert_uint_lt(strlen(text), BOUNCE_HEADER_MOST + 4096);
	free(text);
}
END_TEST

START_TEST(many_recipients_are_all_told_to_programs)
{
	struct bounce_report r = report(BOUNCE_FAILED);
	enum { MANY = 150 };
	bool about[MANY + 2];
	char address[64], *text;
	size_t found = 0;

	memset(about, true, sizeof(about));
	for (int i = 0; i < MANY; i++) {
		snprintf(address, sizeof(address), "r%d@example.net", i);
		envelope_add(&entry.envelope, address, address);
	}
	r.about = about;
	text = compose(&r);
	for (const char *s = text; (s = strstr(s, "\r\nFinal-Recipient: ")) != NULL; s++)
		found++;
	ck_assert_uint_eq(found, MANY + 2);
	ck_assert_ptr_nonnull(strstr(text, "And 52 more"));
	free(text);
}
END_TEST

START_TEST(a_line_for_a_summary)
{
	static const bool both[] = { true, true };
	struct bounce_report r = report(BOUNCE_FAILED);
	char *line;

	r.about = both;
	refuse(0, 550, EX_NOUSER, "550 5.1.1 no\n");
	refuse(1, 0, EX_TEMPFAIL, "late");
	line = bounce_line(&r);
	ck_assert_str_eq(line, "1K0Z of Tue, 24 Nov 2026 06:23:20 +0000 could not be delivered to "
	                       "<bob@example.net>: 550 5.1.1 no?; <carol@example.net>: late");
	free(line);
}
END_TEST

/* --- sending, in a spool --- */

static char spool[UNIT_DIR_MAX];
static struct queue queue;
static struct config config;
static struct account work;

static void make_spool(void)
{
	make_entry();
	unit_dir_make(spool);
	ck_assert_msg(queue_open(&queue, spool, true, &st), "%s", st.text);
	config_init(&config);
	config.settings.maildomain = alloc_copy("example.org");
	account_init(&work, "work");
	config.v = alloc_array(NULL, 1, sizeof(work));
	config.v[0] = work;
	config.len = config.cap = 1;
}

static void remove_spool(void)
{
	config_release(&config);
	queue_close(&queue);
	unit_dir_remove(spool);
	free_entry();
}

static size_t count(const char *directory)
{
	char *path = alloc_printf("%s/%s", spool, directory);
	DIR *d = opendir(path);
	size_t n = 0;

	for (struct dirent *f; d != NULL && (f = readdir(d)) != NULL;)
		n += f->d_name[0] != '.';
	if (d != NULL)
		closedir(d);
	free(path);
	return n;
}

static const bool first[] = { true, false }, none[] = { false, false };

static void bounce(enum bounce_event event)
{
	ck_assert_msg(bounce_send(&queue, &config, &entry, event, first, &st), "%s", st.text);
}

START_TEST(it_is_queued_like_any_mail)
{
	struct queue_entry n;

	entry.info.notices = 3;
	refuse(0, 550, EX_NOUSER, "550 5.1.1 no");
	bounce(BOUNCE_FAILED);
	bounce(BOUNCE_FAILED);
	ck_assert_uint_eq(count("queue"), 1);
	ck_assert_int_eq(queue_look(&queue, "1K0Z-3", &n, &st), QUEUE_OK);
	ck_assert_str_eq(n.envelope.sender, "");
	ck_assert_uint_eq(n.envelope.len, 1);
	ck_assert_str_eq(n.envelope.v[0].address, "alice@example.org");
	ck_assert_uint_eq(n.envelope.notify, NOTIFY_NEVER);
	ck_assert_str_eq(n.info.account, "work");
	ck_assert_str_eq(n.info.about, "1K0Z");
	ck_assert_uint_eq(n.info.uid, 7);
	ck_assert_int_eq(n.info.next, 0);
	queue_release(&n);
}
END_TEST

START_TEST(bounce_from_is_its_sender)
{
	struct queue_entry n;

	free(config.settings.bounce_from);
	config.settings.bounce_from = alloc_copy("bounces@example.org");
	bounce(BOUNCE_FAILED);
	ck_assert_int_eq(queue_look(&queue, "1K0Z-0", &n, &st), QUEUE_OK);
	ck_assert_str_eq(n.envelope.sender, "bounces@example.org");
	queue_release(&n);
}
END_TEST

/* Who is told. */
static const struct {
	const char *sender, *about;
	unsigned notify, account;
	enum bounce_event event;
	bool nobody, sent;
	unsigned own;              /* of the recipient */
} rules[] = {
	{ "a@b.c", NULL, 0, 0, BOUNCE_FAILED, .sent = true },
	{ "a@b.c", NULL, 0, 0, BOUNCE_DELAYED, .sent = true },
	{ "a@b.c", NULL, 0, 0, BOUNCE_DELIVERED, .sent = false },
	{ "a@b.c", NULL, 0, 0, BOUNCE_FAILED, .nobody = true, .sent = false },
	{ "", NULL, 0, 0, BOUNCE_FAILED, .sent = false },
	{ "", NULL, NOTIFY_FAILURE, 0, BOUNCE_FAILED, .sent = false },
	{ "a@b.c", "1K0Y", 0, 0, BOUNCE_FAILED, .sent = false },
	{ "a@b.c", NULL, NOTIFY_NEVER, 0, BOUNCE_FAILED, .sent = false },
	{ "a@b.c", NULL, NOTIFY_NEVER, NOTIFY_FAILURE, BOUNCE_FAILED, .sent = false },
	{ "a@b.c", NULL, NOTIFY_SUCCESS, 0, BOUNCE_FAILED, .sent = false },
	{ "a@b.c", NULL, NOTIFY_SUCCESS, 0, BOUNCE_DELIVERED, .sent = true },
	{ "a@b.c", NULL, NOTIFY_FAILURE, 0, BOUNCE_FAILED, .sent = true },
	{ "a@b.c", NULL, NOTIFY_FAILURE, 0, BOUNCE_DELAYED, .sent = false },
	{ "a@b.c", NULL, NOTIFY_DELAY, 0, BOUNCE_DELAYED, .sent = true },
	{ "a@b.c", NULL, 0, NOTIFY_NEVER, BOUNCE_FAILED, .sent = false },
	{ "a@b.c", NULL, 0, NOTIFY_FAILURE, BOUNCE_DELAYED, .sent = false },
	{ "a@b.c", NULL, NOTIFY_DELAY, NOTIFY_FAILURE, BOUNCE_DELAYED, .sent = true },
	{ "a@b.c", NULL, NOTIFY_FAILURE, 0, BOUNCE_FAILED, .own = NOTIFY_NEVER, .sent = false },
	{ "a@b.c", NULL, NOTIFY_NEVER, 0, BOUNCE_DELIVERED, .own = NOTIFY_SUCCESS, .sent = true },
};

START_TEST(only_those_are_told_who_want_to_know)
{
	envelope_set_sender(&entry.envelope, rules[_i].sender);
	entry.info.about = alloc_copy(rules[_i].about);
	entry.envelope.notify = rules[_i].notify;
	entry.envelope.v[0].notify = rules[_i].own;
	config.v[0].dsn_notify = rules[_i].account;
	ck_assert(bounce_send(&queue, &config, &entry, rules[_i].event, rules[_i].nobody ? none : first, &st));
	ck_assert_uint_eq(count("queue"), rules[_i].sent);
}
END_TEST

/* So many messages of one sender fail. */
static void storm(int from, int to)
{
	for (int i = from; i < to; i++) {
		char words[64];

		snprintf(entry.id, sizeof(entry.id), "M%d", i);
		snprintf(words, sizeof(words), "550 5.1.1 no %d.", i);
		refuse(0, 550, EX_NOUSER, words);
		bounce(BOUNCE_FAILED);
	}
}

START_TEST(a_storm_is_summed_up)
{
	struct queue_entry n;
	char *text;

	storm(0, RATION_MOST + 5);
	storm(RATION_MOST, RATION_MOST + 5); /* after a crash */
	ck_assert_uint_eq(count("queue"), RATION_MOST);
	ck_assert(bounce_sum_up(&queue, &config, time(NULL), &st));
	ck_assert_uint_eq(count("queue"), RATION_MOST);
	ck_assert(bounce_sum_up(&queue, &config, time(NULL) + RATION_HOUR, &st));
	ck_assert(bounce_sum_up(&queue, &config, time(NULL) + RATION_HOUR, &st));
	ck_assert_uint_eq(count("queue"), RATION_MOST + 1);
	ck_assert_int_eq(queue_look(&queue, "M24-0", &n, &st), QUEUE_OK);
	ck_assert_str_eq(n.envelope.v[0].address, "alice@example.org");
	ck_assert_str_eq(n.envelope.sender, "");
	ck_assert_str_eq(n.info.about, "M24");
	ck_assert_str_eq(n.info.account, "work");
	ck_assert_uint_eq(n.info.uid, 7);
	text = text_of(&n.message);
	check_lines(text);
	for (int i = RATION_MOST; i < RATION_MOST + 5; i++) {
		char *words = alloc_printf("no %d.", i), *at = strstr(text, words);

		ck_assert_msg(at != NULL, "%s not in %s", words, text);
		ck_assert_msg(strstr(at + 1, words) == NULL, "%s twice in %s", words, text);
		free(words);
	}
	free(text);
	queue_release(&n);
	/* A sender of whom nothing is left is forgotten. */
	ck_assert_uint_eq(count("senders"), 1);
	ck_assert(bounce_sum_up(&queue, &config, time(NULL) + 2 * RATION_HOUR, &st));
	ck_assert_uint_eq(count("senders"), 0);
}
END_TEST

START_TEST(senders_do_not_share)
{
	storm(0, RATION_MOST + 1);
	envelope_set_sender(&entry.envelope, "Alice@example.org");
	storm(100, 101);
	ck_assert_uint_eq(count("queue"), RATION_MOST + 1);
}
END_TEST

/* As after a crash between queueing the summary and writing down that it was. */
START_TEST(a_summary_is_made_once)
{
	char *save = alloc_printf("cp -p %s/senders/alice* %s/saved", spool, spool);
	char *restore = alloc_printf("cp -p %s/saved %s/senders/alice@example%%2Eorg", spool, spool);

	storm(0, RATION_MOST + 3);
	ck_assert_int_eq(system(save), 0);
	ck_assert(bounce_sum_up(&queue, &config, time(NULL) + RATION_HOUR, &st));
	ck_assert_int_eq(system(restore), 0);
	ck_assert(bounce_sum_up(&queue, &config, time(NULL) + RATION_HOUR, &st));
	ck_assert_uint_eq(count("queue"), RATION_MOST + 1);
	free(save);
	free(restore);
}
END_TEST

START_TEST(a_file_cut_off_at_its_start_is_forgotten)
{
	char *path = alloc_printf("%s/senders/bob@example%%2Eorg", spool);
	FILE *f;

	storm(0, 1);
	ck_assert_ptr_nonnull(f = fopen(path, "w"));
	fputs("since 17", f);
	fclose(f);
	ck_assert(bounce_sum_up(&queue, &config, time(NULL), &st));
	ck_assert_uint_eq(count("senders"), 1);
	free(path);
}
END_TEST

/* Until the original has it on the disk, it might come again. */
START_TEST(a_summary_waits_for_its_originals)
{
	struct queue_info info = { .account = (char *)"work", .uid = 7, .arrived = NOW };
	struct queue_entry original, summary;

	ck_assert(queue_add(&queue, "M21", &info, &entry.envelope, &entry.message, NULL, &original, &st));
	storm(0, RATION_MOST + 3);
	ck_assert(bounce_sum_up(&queue, &config, time(NULL) + RATION_HOUR, &st));
	ck_assert_uint_eq(count("queue"), RATION_MOST + 2); /* the original, the summary of one */
	original.info.notices = 1;
	ck_assert(queue_save_attempt(&original, &st));
	ck_assert(bounce_sum_up(&queue, &config, time(NULL) + 3 * RATION_HOUR, &st));
	ck_assert_uint_eq(count("queue"), RATION_MOST + 3);
	ck_assert_int_eq(queue_look(&queue, "M22-0", &summary, &st), QUEUE_OK);
	queue_release(&summary);
	queue_release(&original);
}
END_TEST

static struct ration ration;

/* One in the list that is made again stays there, also when the hour is over. */
START_TEST(what_is_listed_is_not_sent_as_well)
{
	struct queue_info info = { .account = (char *)"work", .uid = 7, .arrived = NOW };

	ck_assert(queue_add(&queue, "M20", &info, &entry.envelope, &entry.message, NULL, NULL, &st));
	storm(0, RATION_MOST + 1);
	ck_assert(ration_open(&ration, &queue, "alice@example.org", &st));
	ck_assert(ration_drop(&ration, 0, time(NULL) - RATION_HOUR, &st));
	ration_close(&ration);
	storm(RATION_MOST, RATION_MOST + 1);
	ck_assert_uint_eq(count("queue"), RATION_MOST + 1); /* the original among them */
}
END_TEST

START_TEST(a_torn_line_does_not_count_and_a_later_one_replaces)
{
	const char *path = "senders/alice@example%2Eorg";
	char *whole = alloc_printf("%s/%s", spool, path);
	FILE *f;

	ck_assert(ration_open(&ration, &queue, "alice@example.org", &st));
	ck_assert(ration_add(&ration, "A-0", 7, "work", "one\ntwo", &st));
	ration_close(&ration);
	ck_assert_ptr_nonnull(f = fopen(whole, "a"));
	fputs("B-0\t7\twork\tcut off long before its end", f);
	fclose(f);
	ck_assert(ration_open(&ration, &queue, "alice@example.org", &st));
	ck_assert(ration_has(&ration, "A-0"));
	ck_assert(!ration_has(&ration, "B-0") && !ration_has(&ration, "A"));
	ck_assert(ration_add(&ration, "B-0", 7, "work", "three", &st));
	ration_close(&ration);
	ck_assert(ration_open(&ration, &queue, "alice@example.org", &st));
	ck_assert_str_eq(ration.list.data, "A-0\t7\twork\tone two\nB-0\t7\twork\tthree\n");
	ck_assert(ration_add(&ration, "A-0", 7, "work", "again", &st));
	ration_close(&ration);
	ck_assert(ration_open(&ration, &queue, "alice@example.org", &st));
	ck_assert_str_eq(ration.list.data, "B-0\t7\twork\tthree\nA-0\t7\twork\tagain\n");
	ration_close(&ration);
	free(whole);
}
END_TEST

START_TEST(a_list_has_an_end)
{
	struct buf text;

	buf_init(&text, RATION_LIST_MOST);
	for (int i = 0; i < RATION_LIST_MOST / 4; i++)
		buf_putc(&text, 'x');
	ck_assert(ration_open(&ration, &queue, "alice@example.org", &st));
	for (int i = 0; i < 5; i++) {
		char id[16];

		snprintf(id, sizeof(id), "A-%d", i);
		ck_assert(ration_add(&ration, id, 7, "work", text.data, &st));
	}
	ration_close(&ration);
	ck_assert(ration_open(&ration, &queue, "alice@example.org", &st));
	ck_assert_uint_eq(ration.more, 2);
	ck_assert_uint_le(ration.list.len, RATION_LIST_MOST);
	ration_close(&ration);
	buf_release(&text);
}
END_TEST

START_TEST(an_hour_has_so_many)
{
	ck_assert(ration_open(&ration, &queue, "alice@example.org", &st));
	for (int i = 0; i < RATION_MOST; i++)
		ck_assert(ration_take(&ration, NOW + i));
	ck_assert(!ration_take(&ration, NOW + RATION_HOUR - 1));
	ration_close(&ration);
	ck_assert(ration_open(&ration, &queue, "alice@example.org", &st));
	ck_assert(!ration_take(&ration, NOW + RATION_HOUR - 1));
	ck_assert(ration_take(&ration, NOW + RATION_HOUR));
	ration_close(&ration);
}
END_TEST

/* What cannot be counted is sent. */
START_TEST(without_a_list_everything_goes)
{
	char *path = alloc_printf("%s/senders", spool);
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fclose(f);
	storm(0, RATION_MOST + 2);
	ck_assert_uint_eq(count("queue"), RATION_MOST + 2);
	free(path);
}
END_TEST

static TCase *texts(void)
{
	TCase *tc = tcase_create("texts");

	tcase_add_checked_fixture(tc, make_entry, free_entry);
	tcase_add_test(tc, a_failure_as_a_whole);
	tcase_add_loop_test(tc, the_original_recipient_is_what_the_client_named, 0, COUNT_OF(originals));
	tcase_add_loop_test(tc, what_was_said_becomes_a_status, 0, COUNT_OF(said));
	tcase_add_loop_test(tc, each_event_has_its_action, 0, COUNT_OF(events));
	tcase_add_loop_test(tc, the_original_comes_back_as_asked, 0, COUNT_OF(returns));
	tcase_add_test(tc, addresses_that_are_not_ascii);
	tcase_add_loop_test(tc, headers_that_are_not_ascii, 0, COUNT_OF(headers));
	tcase_add_test(tc, nothing_from_outside_gets_out_of_its_line);
	tcase_add_test(tc, a_large_header_is_cut);
	tcase_add_test(tc, many_recipients_are_all_told_to_programs);
	tcase_add_test(tc, a_line_for_a_summary);
	return tc;
}

static TCase *sending(void)
{
	TCase *tc = tcase_create("sending");

	tcase_add_checked_fixture(tc, make_spool, remove_spool);
	tcase_add_test(tc, it_is_queued_like_any_mail);
	tcase_add_test(tc, bounce_from_is_its_sender);
	tcase_add_loop_test(tc, only_those_are_told_who_want_to_know, 0, COUNT_OF(rules));
	tcase_add_test(tc, a_storm_is_summed_up);
	tcase_add_test(tc, senders_do_not_share);
	tcase_add_test(tc, a_summary_is_made_once);
	tcase_add_test(tc, a_file_cut_off_at_its_start_is_forgotten);
	tcase_add_test(tc, a_summary_waits_for_its_originals);
	tcase_add_test(tc, what_is_listed_is_not_sent_as_well);
	tcase_add_test(tc, a_torn_line_does_not_count_and_a_later_one_replaces);
	tcase_add_test(tc, a_list_has_an_end);
	tcase_add_test(tc, an_hour_has_so_many);
	tcase_add_test(tc, without_a_list_everything_goes);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("bounce");

	suite_add_tcase(suite, texts());
	suite_add_tcase(suite, sending());
	return unit_run(suite);
}
