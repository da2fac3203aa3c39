#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"
#include "outcome.h"
#include "script.h"
#include "smtp/transaction.h"
#include "unit.h"

enum { MOST = 4, TIMEOUT_MS = 3000 };

static const struct row {
	const char *behaviour;
	const char *offers;          /* the reply to EHLO behind the greeting's line */
	bool lmtp;
	const char *sender, *to[MOST + 1];
	const char *body;            /* "hello\r\n" */
	size_t lines;                /* instead of it: so many of 64 octets */
	unsigned notify;
	enum dsn_return ret;
	const char *envid;
	bool smtputf8, body_8bit;
	const char *script;          /* what the server does */
	const char *outcome;         /* a line a recipient: state, what has to wait, exit code, text */
	bool broken;                 /* the session is of no use any more */
} rows[] = {
	{
		.behaviour = "without extensions each step waits for its answer",
		.to = { "bob@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nQ:\nS: 250 ok\n"
		          "C: RCPT TO:<bob@example.org>\nQ:\nS: 250 ok\n"
		          "C: DATA\nQ:\nS: 354 go\n"
		          "C: A: b\nC: \nC: hello\nC: .\nS: 250 2.0.0 queued as 1\nE:",
		.outcome = "sent 0 250 2.0.0 queued as 1\n",
	},
	{
		.behaviour = "MAIL, RCPT and DATA are pipelined, the message is not",
		.offers = "PIPELINING",
		.to = { "bob@example.org", "carol@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<bob@example.org>\n"
		          "C: RCPT TO:<carol@example.org>\nC: DATA\nQ:\n"
		          "S: 250 ok\nS: 250 ok\nS: 251 ok\nS: 354 go\n"
		          "C: A: b\nC: \nC: hello\nC: .\nS: 250 done\nE:",
		.outcome = "sent 0 250 done\nsent 0 250 done\n",
	},
	{
		.behaviour = "lines that begin with a dot get another",
		.offers = "PIPELINING",
		.to = { "bob@example.org" },
		.body = ".\r\n..x\r\n",
		.script = "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<bob@example.org>\nC: DATA\n"
		          "S: 250 ok\nS: 250 ok\nS: 354 go\n"
		          "C: A: b\nC: \nC: ..\nC: ...x\nC: .\nS: 250 done\nE:",
		.outcome = "sent 0 250 done\n",
	},
	{
		.behaviour = "a recipient refused for good, one for now, one accepted",
		.offers = "PIPELINING",
		.to = { "bob@example.org", "carol@example.org", "dave@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<bob@example.org>\n"
		          "C: RCPT TO:<carol@example.org>\nC: RCPT TO:<dave@example.org>\nC: DATA\n"
		          "S: 250 ok\nS: 550 5.1.1 nobody\nS: 451 4.7.1 come back\nS: 250 ok\nS: 354 go\n"
		          "C: A: b\nC: \nC: hello\nC: .\nS: 250 done\nE:",
		.outcome = "failed 67 550 5.1.1 nobody\nwaiting(message) 75 451 4.7.1 come back\nsent 0 250 done\n",
	},
	{
		.behaviour = "all recipients refused: their words count, not DATA's",
		.offers = "PIPELINING",
		.to = { "bob@example.org", "carol@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<bob@example.org>\n"
		          "C: RCPT TO:<carol@example.org>\nC: DATA\n"
		          "S: 250 ok\nS: 550 no bob\nS: 553 no carol\nS: 554 no valid recipients\nE:",
		.outcome = "failed 67 550 no bob\nfailed 67 553 no carol\n",
	},
	{
		.behaviour = "all recipients refused, yet 354: nothing is sent but the dot",
		.offers = "PIPELINING",
		.to = { "bob@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<bob@example.org>\nC: DATA\n"
		          "S: 250 ok\nS: 550 no bob\nS: 354 go\nC: .\nS: 250 nothing done\nE:",
		.outcome = "failed 67 550 no bob\n",
	},
	{
		.behaviour = "MAIL refused, yet 354: no dot that would send an empty message",
		.offers = "PIPELINING",
		.to = { "bob@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<bob@example.org>\nC: DATA\n"
		          "S: 550 not you\nS: 250 ok\nS: 354 go\nE:",
		.outcome = "failed 69 550 not you\n",
		.broken = true,
	},
	{
		.behaviour = "MAIL refused: without pipelining nothing follows",
		.to = { "bob@example.org", "carol@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nS: 550 5.7.1 not you\nE:",
		.outcome = "failed 69 550 5.7.1 not you\nfailed 69 550 5.7.1 not you\n",
	},
	{
		.behaviour = "MAIL put off",
		.offers = "PIPELINING",
		.to = { "bob@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<bob@example.org>\nC: DATA\n"
		          "S: 451 later\nS: 503 no MAIL\nS: 503 no RCPT\nE:",
		.outcome = "waiting(message) 75 451 later\n",
	},
	{
		.behaviour = "530 asks for a login, which is the account's matter",
		.to = { "bob@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nS: 530 5.7.0 log in first\nE:",
		.outcome = "waiting(account) 77 530 5.7.0 log in first\n",
	},
	{
		.behaviour = "DATA refused",
		.to = { "bob@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nS: 250 ok\nC: RCPT TO:<bob@example.org>\nS: 250 ok\n"
		          "C: DATA\nS: 554 no\nE:",
		.outcome = "failed 69 554 no\n",
	},
	{
		.behaviour = "DATA answered with 250 is no invitation",
		.to = { "bob@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nS: 250 ok\nC: RCPT TO:<bob@example.org>\nS: 250 ok\n"
		          "C: DATA\nS: 250 what\nE:",
		.outcome = "waiting(host) 76 test.example: unexpected reply: 250 what\n",
		.broken = true,
	},
	{
		.behaviour = "the message refused, on several lines",
		.to = { "bob@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nS: 250 ok\nC: RCPT TO:<bob@example.org>\nS: 250 ok\n"
		          "C: DATA\nS: 354 go\nC: A: b\nC: \nC: hello\nC: .\nS: 554-5.7.1 spam\nS: 554 5.7.1 really\nE:",
		.outcome = "failed 69 554 5.7.1 spam really\n",
	},
	{
		.behaviour = "the connection lost with the verdict: the one case that may be sent twice",
		.to = { "bob@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nS: 250 ok\nC: RCPT TO:<bob@example.org>\nS: 250 ok\n"
		          "C: DATA\nS: 354 go\nC: A: b\nC: \nC: hello\nC: .\n",
		.outcome = "waiting(message) doubtful 75 test.example: no answer to the whole message, which may arrive twice: "
		           "connection closed by the server\n",
		.broken = true,
	},
	{
		.behaviour = "421 to the whole message: it was not taken",
		.to = { "bob@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nS: 250 ok\nC: RCPT TO:<bob@example.org>\nS: 250 ok\n"
		          "C: DATA\nS: 354 go\nC: A: b\nC: \nC: hello\nC: .\nS: 421 bye\nE:",
		.outcome = "waiting(host) 75 test.example: at the end of the message: 421 bye\n",
		.broken = true,
	},
	{
		.behaviour = "421 among the recipients: who was refused before stays refused",
		.offers = "PIPELINING",
		.to = { "bob@example.org", "carol@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<bob@example.org>\n"
		          "C: RCPT TO:<carol@example.org>\nC: DATA\n"
		          "S: 250 ok\nS: 550 no bob\nS: 421 4.3.2 closing\nE:",
		.outcome = "failed 67 550 no bob\nwaiting(host) 75 test.example: RCPT: 421 4.3.2 closing\n",
		.broken = true,
	},
	{
		.behaviour = "452 after the first accepted one: the rest goes with another transaction",
		.offers = "PIPELINING",
		.to = { "bob@example.org", "carol@example.org", "dave@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<bob@example.org>\n"
		          "C: RCPT TO:<carol@example.org>\nC: RCPT TO:<dave@example.org>\nC: DATA\n"
		          "S: 250 ok\nS: 250 ok\nS: 452 too many\nS: 552 too many\nS: 354 go\n"
		          "C: A: b\nC: \nC: hello\nC: .\nS: 250 one\n"
		          "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<carol@example.org>\nC: DATA\n"
		          "S: 250 ok\nS: 250 ok\nS: 354 go\nC: A: b\nC: \nC: hello\nC: .\nS: 250 two\n"
		          "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<dave@example.org>\nC: DATA\n"
		          "S: 250 ok\nS: 552 mailbox full\nS: 554 nobody\nE:",
		.outcome = "sent 0 250 one\nsent 0 250 two\nfailed 67 552 mailbox full\n",
	},
	{
		.behaviour = "452 for the first recipient makes it wait",
		.to = { "bob@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nS: 250 ok\n"
		          "C: RCPT TO:<bob@example.org>\nS: 452 disk full\nE:",
		.outcome = "waiting(message) 75 452 disk full\n",
	},
	{
		.behaviour = "LIMITS RCPTMAX parts the recipients; an open transaction is reset first",
		.offers = "PIPELINING\nLIMITS RCPTMAX=1",
		.to = { "bob@example.org", "carol@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<bob@example.org>\nC: DATA\n"
		          "S: 250 ok\nS: 550 no bob\nS: 554 nobody\n"
		          "C: RSET\nC: MAIL FROM:<alice@example.org>\nC: RCPT TO:<carol@example.org>\nC: DATA\n"
		          "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 354 go\nC: A: b\nC: \nC: hello\nC: .\nS: 250 done\nE:",
		.outcome = "failed 67 550 no bob\nsent 0 250 done\n",
	},
	{
		.behaviour = "BDAT waits for an accepted recipient and counts the octets as they are",
		.offers = "PIPELINING\nCHUNKING",
		.to = { "bob@example.org" },
		.body = ".\r\n",
		.script = "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<bob@example.org>\nQ:\nS: 250 ok\nS: 250 ok\n"
		          "C: BDAT 11 LAST\nC: A: b\nC: \nC: .\nS: 250 done\nE:",
		.outcome = "sent 0 250 done\n",
	},
	{
		.behaviour = "no BDAT if nobody was accepted",
		.offers = "PIPELINING\nCHUNKING",
		.to = { "bob@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<bob@example.org>\nS: 250 ok\nS: 550 no\nE:",
		.outcome = "failed 67 550 no\n",
	},
	{
		.behaviour = "LMTP answers for each accepted recipient",
		.offers = "PIPELINING",
		.lmtp = true,
		.to = { "bob@example.org", "carol@example.org", "dave@example.org", "erin@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<bob@example.org>\n"
		          "C: RCPT TO:<carol@example.org>\nC: RCPT TO:<dave@example.org>\n"
		          "C: RCPT TO:<erin@example.org>\nC: DATA\n"
		          "S: 250 ok\nS: 250 ok\nS: 550 no carol\nS: 250 ok\nS: 250 ok\nS: 354 go\n"
		          "C: A: b\nC: \nC: hello\nC: .\nS: 250 bob has it\nS: 552 dave is full\nS: 451 erin later\nE:",
		.outcome = "sent 0 250 bob has it\nfailed 67 550 no carol\n"
		           "failed 69 552 dave is full\nwaiting(message) 75 451 erin later\n",
	},
	{
		.behaviour = "refused in the middle of the message: no more of it is sent, and no dot",
		.offers = "PIPELINING\nLIMITS RCPTMAX=1",
		.to = { "bob@example.org", "carol@example.org" },
		.lines = 1 << 17,
		.script = "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<bob@example.org>\nC: DATA\n"
		          "S: 250 ok\nS: 250 ok\nS: 354 go\nN: 100000\nS: 552 5.3.4 too big\nD:",
		.outcome = "failed 69 552 5.3.4 too big\n"
		           "waiting(host) 75 test.example: the server answered before the end of the message\n",
		.broken = true,
	},
	{
		.behaviour = "refused in the middle of the message, then hung up: its words count",
		.offers = "PIPELINING",
		.to = { "bob@example.org" },
		.lines = 1 << 17,
		.script = "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<bob@example.org>\nC: DATA\n"
		          "S: 250 ok\nS: 250 ok\nS: 354 go\nN: 100000\nS: 451 4.3.0 no room",
		.outcome = "waiting(message) 75 451 4.3.0 no room\n",
		.broken = true,
	},
	{
		.behaviour = "250 in the middle of the message does not count as sent",
		.offers = "PIPELINING",
		.to = { "bob@example.org" },
		.lines = 1 << 17,
		.script = "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<bob@example.org>\nC: DATA\n"
		          "S: 250 ok\nS: 250 ok\nS: 354 go\nN: 100000\nS: 250 fine\nD:",
		.outcome = "waiting(host) 76 test.example: unexpected reply: 250 fine\n",
		.broken = true,
	},
	{
		.behaviour = "lost in the middle of the message: another host may be asked",
		.offers = "PIPELINING",
		.to = { "bob@example.org" },
		.lines = 1 << 17,
		.script = "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<bob@example.org>\nC: DATA\n"
		          "S: 250 ok\nS: 250 ok\nS: 354 go\nN: 100000",
		.outcome = "waiting(host) 75 test.example: in the message: connection closed by the server\n",
		.broken = true,
	},
	{
		.behaviour = "a chunk refused ends the message, and the session goes on with RSET",
		.offers = "PIPELINING\nCHUNKING\nLIMITS RCPTMAX=1",
		.to = { "bob@example.org", "carol@example.org" },
		.lines = 1 << 17,
		.script = "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<bob@example.org>\nS: 250 ok\nS: 250 ok\n"
		          "C: BDAT 4194304\nN: 4194304\nS: 552 too big\n"
		          "C: RSET\nC: MAIL FROM:<alice@example.org>\nC: RCPT TO:<carol@example.org>\n"
		          "S: 250 ok\nS: 250 ok\nS: 250 ok\n"
		          "C: BDAT 4194304\nN: 4194304\nS: 250 go on\nC: BDAT 4194304\nN: 4194304\nS: 250 go on\n"
		          "C: BDAT 8 LAST\nN: 8\nS: 250 done\nE:",
		.outcome = "failed 69 552 too big\nsent 0 250 done\n",
	},
	{
		.behaviour = "SIZE, BODY and the wishes for notifications",
		.offers = "SIZE 1000\n8BITMIME\nDSN",
		.to = { "bob@example.org" },
		.body = "\xc3\xa4\r\n",
		.body_8bit = true,
		.notify = NOTIFY_FAILURE | NOTIFY_DELAY,
		.ret = RETURN_HEADERS,
		.envid = "a+b",
		.script = "C: MAIL FROM:<alice@example.org> SIZE=12 BODY=8BITMIME RET=HDRS ENVID=a+2Bb\nS: 250 ok\n"
		          "C: RCPT TO:<bob@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;bob@example.org\nS: 550 no\nE:",
		.outcome = "failed 67 550 no\n",
	},
	{
		.behaviour = "no parameter that was not offered",
		.to = { "bob@example.org" },
		.body = "\xc3\xa4\r\n",
		.body_8bit = true,
		.notify = NOTIFY_NEVER,
		.ret = RETURN_FULL,
		.envid = "x",
		.script = "C: MAIL FROM:<alice@example.org>\nS: 250 ok\nC: RCPT TO:<bob@example.org>\nS: 550 no\nE:",
		.outcome = "failed 67 550 no\n",
	},
	{
		.behaviour = "larger than the server takes: not even begun",
		.offers = "SIZE 5",
		.to = { "bob@example.org" },
		.script = "E:",
		.outcome = "failed 69 the message has 15 octets, the server takes 5\n",
	},
	{
		.behaviour = "SMTPUTF8 where the envelope needs it",
		.offers = "8BITMIME\nSMTPUTF8",
		.to = { "j\xc3\xb6rg@example.org" },
		.smtputf8 = true,
		.script = "C: MAIL FROM:<alice@example.org> SMTPUTF8\nS: 250 ok\n"
		          "C: RCPT TO:<j\xc3\xb6rg@example.org>\nS: 250 ok\nC: DATA\nS: 554 no\nE:",
		.outcome = "failed 69 554 no\n",
	},
	{
		.behaviour = "no SMTPUTF8: those who need it fail, the others get it",
		.to = { "j\xc3\xb6rg@example.org", "bob@example.org" },
		.smtputf8 = true,
		.script = "C: MAIL FROM:<alice@example.org>\nS: 250 ok\n"
		          "C: RCPT TO:<bob@example.org>\nS: 550 no\nE:",
		.outcome = "failed 69 the server does not offer SMTPUTF8, which this address needs\n"
		           "failed 67 550 no\n",
	},
	{
		.behaviour = "no SMTPUTF8: a sender who needs it reaches nobody",
		.sender = "j\xc3\xb6rg@example.org",
		.to = { "bob@example.org" },
		.smtputf8 = true,
		.script = "E:",
		.outcome = "failed 69 the server does not offer SMTPUTF8, which this message needs\n",
	},
	{
		.behaviour = "no SMTPUTF8, and all addresses are ASCII: it was asked for by name",
		.to = { "bob@example.org" },
		.smtputf8 = true,
		.script = "E:",
		.outcome = "failed 69 the server does not offer SMTPUTF8, which this message needs\n",
	},
	{
		.behaviour = "an address with a line end does not leave",
		.to = { "bob@example.org>\r\nRSET" },
		.script = "C: MAIL FROM:<alice@example.org>\nS: 250 ok\nE:",
		.outcome = "failed 65 test.example: refusing to send a malformed command\n",
		.broken = true,
	},
	{
		.behaviour = "garbage in place of a reply",
		.to = { "bob@example.org" },
		.script = "C: MAIL FROM:<alice@example.org>\nS: HTTP/1.1 400 Bad Request\nE:",
		.outcome = "waiting(host) 76 test.example: MAIL: the server sent no SMTP reply: \"HTTP/1.1 400 Bad Request\"\n",
		.broken = true,
	},
};

struct stage {
	struct account account;
	struct session session;
	struct envelope envelope;
	struct message message;
};

static void set_message(struct message *m, const struct row *r)
{
	static const char line[] = "..............................................................\r\n";
	const char *body = r->body != NULL ? r->body : "hello\r\n";

	message_init(m);
	header_add(&m->header, "A: b\r\n", 6);
	if (r->lines == 0)
		message_add_body(m, body, strlen(body));
	for (size_t i = 0; i < r->lines; i++)
		message_add_body(m, line, strlen(line));
	m->body_8bit = r->body_8bit;
}

static void set_up(struct stage *x, const struct row *r, int fd)
{
	char *offers = alloc_printf("hello\n%s", r->offers != NULL ? r->offers : "");

	x->account = (struct account){ .name = (char[]){ "test" }, .lmtp = r->lmtp, .timeout = TIMEOUT_MS };
	x->session = (struct session){ .account = &x->account, .connected = true, .usable = true };
	x->session.host = alloc_copy("test.example");
	stream_init(&x->session.stream, fd);
	ehlo_init(&x->session.ehlo);
	ehlo_parse(&x->session.ehlo, offers);
	free(offers);
	reply_init(&x->session.reply);
	buf_init(&x->session.line, 4096);

	envelope_init(&x->envelope);
	envelope_set_sender(&x->envelope, r->sender != NULL ? r->sender : "alice@example.org");
	for (size_t i = 0; r->to[i] != NULL; i++)
		envelope_add(&x->envelope, r->to[i], r->to[i]);
	x->envelope.notify = r->notify;
	x->envelope.ret = r->ret;
	x->envelope.envid = alloc_copy(r->envid);
	x->envelope.smtputf8 = r->smtputf8;

	set_message(&x->message, r);
}

static void tear_down(struct stage *x)
{
	x->session.usable = false; /* no QUIT */
	session_close(&x->session);
	envelope_release(&x->envelope);
	message_release(&x->message);
}

START_TEST(sends)
{
	const struct row *r = &rows[_i];
	struct script server = script_start(r->script);
	struct status st;
	struct stage x;
	struct buf got;
	bool ok;

	set_up(&x, r, server.fd);
	buf_init(&got, 65536);
	ok = transaction_send(&x.session, &x.envelope, &x.message, NULL, &st);
	outcome_show(&x.envelope, &got);
	tear_down(&x);
	ck_assert_msg(script_ended_well(&server), "%s: the dialogue went another way", r->behaviour);
	ck_assert_msg(strcmp(got.data, r->outcome) == 0, "%s:\n%s", r->behaviour, got.data);
	ck_assert_msg(ok == !r->broken, "%s: the session is said to be %s", r->behaviour,
	              ok ? "usable" : "broken");
	buf_release(&got);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smtp/transaction");
	TCase *tc = tcase_create("rows");

	tcase_add_loop_test(tc, sends, 0, COUNT_OF(rows));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
