#include "base/str.h"
#include "cmd/handover.h"
#include "place.h"
#include "script.h"
#include "unit.h"

enum { STEP_MS = 400, ANSWER_MS = 600 };

#define HELLO \
	"S: 220 mx ESMTP mailchute\n" \
	"C: EHLO localhost\n" \
	"S: 250-mx\r250-SIZE 1000\r250 XMAILCHUTE\n"
#define GOODBYE "C: QUIT\nE:\n"

static const char *const one[] = { "bob@example.org" };
static const char *const lists[] = { "Ann <a@x>, b@x", "-t" };
static const struct request_dsn dsn[] = {
	{ .notify = 0 }, { .notify = NOTIFY_NEVER, .orcpt = "rfc822;b+2Bx@x" },
};

#define TO(list) .recipients = (list), .recipients_len = COUNT_OF(list)

/* The message is "A: b", a blank line and "text": 14 octets. */
static const struct {
	struct request request;
	const char *script;
	bool given;                /* else nobody took it */
	int code, sysexit;
	const char *text;
} rows[] = {
	{ { TO(one) }, HELLO
	  "C: XMAIL\nC: XRCPT bob@example.org\nQ:\nS: 250 2.1.0 OK\nS: 250 2.1.5 OK\n"
	  "C: BDAT 14 LAST\nN: 14\nS: 250 2.0.0 queued as X\n" GOODBYE,
	  true, 250, EX_OK, "2.0.0 queued as X" },
	{ { TO(lists), .sender = "", .delivery = DELIVERY_WAIT }, HELLO
	  "C: XMAIL FROM= DELIVERY=i\nC: XRCPT Ann+20<a@x>,+20b@x\nC: XRCPT -t\n"
	  "S: 250 OK\r250 OK\r250 OK\nC: BDAT 14 LAST\nN: 14\n"
	  "S: 550-5.1.1 a@x: 550 no [EX 1]\r550 5.1.1 b@x: 550 no [EX 67]\n" GOODBYE,
	  true, 550, EX_NOUSER, "5.1.1 a@x: 550 no [EX 1]\n5.1.1 b@x: 550 no" },
	{ { .header_recipients = true, .nuls = 2 }, HELLO
	  "C: XMAIL HEADER NULS=2\nS: 250 OK\nC: BDAT 14 LAST\nN: 14\nS: 250 OK\n" GOODBYE,
	  true, 250, EX_OK, "OK" },

	/* What came by SMTP. */
	{ { TO(lists), .sender = "a@x", .recipients_dsn = dsn, .body = BODY_8BITMIME, .smtputf8 = true,
	    .ret = RETURN_FULL, .envid = "e" }, HELLO
	  "C: XMAIL FROM=a@x SMTPUTF8 RET=FULL ENVID=e BODY=8BITMIME\nC: RCPT TO:<Ann <a@x>, b@x>\n"
	  "C: RCPT TO:<-t> NOTIFY=NEVER ORCPT=rfc822;b+2Bx@x\nS: 250 OK\r250 OK\r250 OK\n"
	  "C: BDAT 14 LAST\nN: 14\nS: 250 OK\n" GOODBYE,
	  true, 250, EX_OK, "OK" },

	/* Refused, and nothing more is said. */
	{ { TO(one) }, HELLO "C: XMAIL\nC: XRCPT bob@example.org\n"
	  "S: 550 5.7.1 you may not [EX 77]\r503 5.5.1 not now\n" GOODBYE,
	  true, 550, EX_NOPERM, "5.7.1 you may not" },
	{ { TO(one) }, HELLO "C: XMAIL\nC: XRCPT bob@example.org\n"
	  "S: 250 OK\r452 4.5.3 too many\n" GOODBYE,
	  true, 452, EX_TEMPFAIL, "4.5.3 too many" },
	{ { TO(lists) }, HELLO "C: XMAIL\nP: XRCPT\nP: XRCPT\n"
	  "S: 250 OK\r501 5.1.3 no\r250 OK\n" GOODBYE,
	  true, 501, EX_UNAVAILABLE, "5.1.3 no" },
	{ { TO(one) }, HELLO "C: XMAIL\nP: XRCPT\nS: 421 4.3.2 the queue is full [EX 75]\n",
	  true, 421, EX_TEMPFAIL, "4.3.2 the queue is full" },
	{ { TO(one) }, HELLO "C: XMAIL\nP: XRCPT\nS: 250 OK\r250 OK\nC: BDAT 14 LAST\n"
	  "S: 552 5.3.4 too large [EX 65]\nN: 14\n" GOODBYE,
	  true, 552, EX_DATAERR, "5.3.4 too large" },
	{ { TO(one) }, HELLO "C: XMAIL\nP: XRCPT\nS: 250 OK\r250 OK\nC: BDAT 14 LAST\nN: 14\n"
	  "S: 550 an odd code [EX 13]\n" GOODBYE,
	  true, 550, EX_UNAVAILABLE, "an odd code" },

	/* Nobody took it. */
	{ { TO(one) }, "", .given = false },
	{ { TO(one) }, "S: 421 4.3.2 stopping\n", .given = false },
	{ { TO(one) }, "S: 220 mx\nC: EHLO localhost\nS: 250-mx\r250 SIZE\n" GOODBYE, .given = false },
	{ { TO(one) }, "S: 220 mx\nC: EHLO localhost\nS: 250-mx\r250 XMAILCHUTES\n" GOODBYE, .given = false },
	{ { TO(one) }, HELLO "C: XMAIL\nP: XRCPT\nS: 250 OK\r421 4.3.2 stopping\n" GOODBYE, .given = false },
	{ { TO(one) }, HELLO "C: XMAIL\nP: XRCPT\n", .given = false },
	{ { TO(one) }, HELLO "C: XMAIL\nP: XRCPT\nS: 250 OK\r250 OK\nC: BDAT 14 LAST\nN: 14\n"
	  "S: 421 4.3.2 stopping\n" GOODBYE, .given = false },
	{ { TO(one) }, HELLO "C: XMAIL\nP: XRCPT\nS: nonsense\nD:\n", .given = false },

	/* It hangs: before the message, and when it may have it. */
	{ { TO(one) }, "D:\n", .given = false },
	{ { TO(one) }, HELLO "D:\n", .given = false },
	{ { TO(one) }, HELLO "C: XMAIL\nP: XRCPT\nS: 250 OK\r250 OK\nD:\n", true, 451, EX_TEMPFAIL,
	  "4.4.2 the daemon did not say what became of the message: timed out" },
	{ { TO(one) }, HELLO "C: XMAIL\nP: XRCPT\nS: 250 OK\r250 OK\nC: BDAT 14 LAST\nN: 14\n", true, 451,
	  EX_TEMPFAIL,
	  "4.4.2 the daemon did not say what became of the message: connection closed by the server" },
};

static void make_message(struct message *m)
{
	static const char text[] = "text\r\n";

	message_init(m);
	ck_assert(header_add(&m->header, "A: b\r\n", 6));
	ck_assert(message_add_body(m, text, sizeof(text) - 1));
}

START_TEST(dialogue)
{
	struct handover h = { .request = &rows[_i].request, .step_ms = STEP_MS, .answer_ms = ANSWER_MS };
	struct message m;
	struct answer a;
	struct place p;
	struct script script;

	place_make(&p);
	make_message(&m);
	answer_init(&a);
	h.socket = p.at.sun_path;
	h.message = &m;
	script = script_start_on(p.listener, rows[_i].script);
	ck_assert_int_eq(handover(&h, &a), rows[_i].given);
	if (rows[_i].given) {
		ck_assert_str_eq(a.text.data, rows[_i].text);
		ck_assert_int_eq(a.code, rows[_i].code);
		ck_assert_int_eq(a.sysexit, rows[_i].sysexit);
	}
	ck_assert(script_ended_well(&script));
	answer_release(&a);
	message_release(&m);
	place_remove(&p);
}
END_TEST

START_TEST(nobody_is_there)
{
	const struct request r = { TO(one) };
	struct message m;
	struct answer a;

	make_message(&m);
	answer_init(&a);
	ck_assert(!handover(&(struct handover){ .socket = "/nonexistent/submit", .request = &r, .message = &m,
	                                        .step_ms = STEP_MS, .answer_ms = ANSWER_MS }, &a));
	answer_release(&a);
	message_release(&m);
}
END_TEST

/* More recipients than replies have room: neither side waits for the other. */
START_TEST(many_recipients)
{
	enum { MANY = 1050 };
	const char *to[MANY];
	struct request r = { .recipients = to, .recipients_len = MANY };
	struct message m;
	struct answer a;
	struct place p;
	struct script script;
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_puts(&text, HELLO "C: XMAIL\n");
	for (int i = 0, said = 1; i < MANY; i++) {
		to[i] = "x";
		buf_puts(&text, "C: XRCPT x\n");
		if (++said % 100 != 0 && i + 1 < MANY)
			continue;
		for (int n = said % 100 == 0 ? 100 : said % 100; n > 0; n--)
			buf_puts(&text, "S: 250 OK\n");
	}
	buf_puts(&text, "C: BDAT 14 LAST\nN: 14\nS: 250 OK\n" GOODBYE);
	place_make(&p);
	make_message(&m);
	answer_init(&a);
	script = script_start_on(p.listener, text.data);
	ck_assert(handover(&(struct handover){ .socket = p.at.sun_path, .request = &r, .message = &m,
	                                       .step_ms = STEP_MS, .answer_ms = ANSWER_MS }, &a));
	ck_assert_int_eq(a.code, 250);
	ck_assert(script_ended_well(&script));
	answer_release(&a);
	message_release(&m);
	place_remove(&p);
	buf_release(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cmd/handover");
	TCase *tc = tcase_create("handover");

	tcase_add_loop_test(tc, dialogue, 0, COUNT_OF(rows));
	tcase_add_test(tc, nobody_is_there);
	tcase_add_test(tc, many_recipients);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
