#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/str.h"
#include "deliver/deliver.h"
#include "outcome.h"
#include "script.h"
#include "unit.h"

#define HELLO   "S: 220 hi\nC: EHLO client.example\nS: 250-hello\nS: 250 PIPELINING\n"
#define BOB     "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<bob@example.org>\nC: DATA\n"
#define BOTH    "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<bob@example.org>\nC: RCPT TO:<carol@example.org>\nC: DATA\n"
#define MESSAGE "C: A: b\nC: \nC: hello\nC: .\n"
#define BYE     "C: QUIT\nS: 221 bye\nE:"

enum { HOSTS = 2, TIMEOUT_MS = 3000 };

/* Hosts that are no script: nobody listens there; it must not be asked. */
#define CLOSED  "closed"
#define UNASKED "unasked"

static const struct row {
	const char *behaviour;
	const char *to[3];
	const char *auth;
	const char *hosts[HOSTS];
	const char *outcome;         /* a line a recipient: state, what has to wait, exit code, text */
	const char *log;             /* without id, uid, account and delay */
	const char *down, *learnt;   /* which hosts have failed lately, before and after: "12" */
} rows[] = {
	{
		.behaviour = "sent, and the log says so",
		.to = { "bob@example.org" },
		.hosts = { HELLO BOB "S: 250 ok\nS: 250 ok\nS: 354 go\n" MESSAGE "S: 250 2.0.0 got it\n" BYE },
		.outcome = "sent 0 250 2.0.0 got it\n",
		.log = "sent host=127.0.0.1 from=alice@example.org to=bob@example.org size=15 tries=1 "
		       "reply=\"250 2.0.0 got it\" tag=web\n",
	},
	{
		.behaviour = "a line for each recipient",
		.to = { "bob@example.org", "carol@example.org" },
		.hosts = { HELLO BOTH "S: 250 ok\nS: 550 5.1.1 nobody\nS: 451 later\nS: 554 no\n" BYE, UNASKED },
		.outcome = "failed 67 550 5.1.1 nobody\nwaiting(message) 75 451 later\n",
		.log = "failed host=127.0.0.1 from=alice@example.org to=bob@example.org size=15 tries=1 "
		       "reply=\"550 5.1.1 nobody\" tag=web\n"
		       "deferred host=127.0.0.1 from=alice@example.org to=carol@example.org size=15 tries=1 "
		       "reply=\"451 later\" tag=web\n",
	},
	{
		.behaviour = "nobody listens at the first host: the next one has it",
		.to = { "bob@example.org" },
		.hosts = { CLOSED, HELLO BOB "S: 250 ok\nS: 250 ok\nS: 354 go\n" MESSAGE "S: 250 ok\n" BYE },
		.outcome = "sent 0 250 ok\n",
	},
	{
		.behaviour = "a greeting of 554: the next one has it",
		.to = { "bob@example.org" },
		.hosts = { "S: 554 not here\n" BYE, HELLO BOB "S: 250 ok\nS: 250 ok\nS: 354 go\n" MESSAGE "S: 250 ok\n" BYE },
		.outcome = "sent 0 250 ok\n",
	},
	{
		.behaviour = "every greeting a 554",
		.to = { "bob@example.org" },
		.hosts = { "S: 554 not here\n" BYE, "S: 554 nor here\n" BYE },
		.outcome = "waiting(host) 75 127.0.0.1: greeting: 554 not here; 127.0.0.1: greeting: 554 nor here\n",
	},
	{
		.behaviour = "no host speaks SMTP",
		.to = { "bob@example.org" },
		.hosts = { "S: +OK POP3\nE:", "S: * OK IMAP\nE:" },
		.outcome = "waiting(host) 76 127.0.0.1: greeting: the server sent no SMTP reply: \"+OK POP3\"; "
		           "127.0.0.1: greeting: the server sent no SMTP reply: \"* OK IMAP\"\n",
	},
	{
		.behaviour = "one may work later, the other speaks no SMTP",
		.to = { "bob@example.org" },
		.hosts = { "S: 421 busy\nE:", "S: +OK POP3\nE:" },
		.outcome = "waiting(host) 75 127.0.0.1: greeting: 421 busy; "
		           "127.0.0.1: greeting: the server sent no SMTP reply: \"+OK POP3\"\n",
	},
	{
		.behaviour = "lost before the end: the next host gets those who have no answer",
		.to = { "bob@example.org", "carol@example.org" },
		.hosts = { HELLO BOTH "S: 250 ok\nS: 550 no bob\nS: 421 bye\nE:",
		           HELLO "C: MAIL FROM:<alice@example.org>\nC: RCPT TO:<carol@example.org>\nC: DATA\n"
		           "S: 250 ok\nS: 250 ok\nS: 354 go\n" MESSAGE "S: 250 ok\n" BYE },
		.outcome = "failed 67 550 no bob\nsent 0 250 ok\n",
	},
	{
		.behaviour = "each host hangs up over it: the message waits, not the hosts",
		.to = { "bob@example.org", "carol@example.org" },
		.hosts = { HELLO BOTH "S: 250 ok\nS: 451 no bob now\n", "S: 554 not here\n" BYE },
		.outcome = "waiting(message) 75 451 no bob now\n"
		           "waiting(message) 75 127.0.0.1: RCPT: connection closed by the server; "
		           "127.0.0.1: greeting: 554 not here\n",
	},
	{
		.behaviour = "a host that closes with 421 closes for others, too",
		.to = { "bob@example.org" },
		.hosts = { HELLO BOB "S: 421 4.3.2 going down\nE:", "S: 554 not here\n" BYE },
		.outcome = "waiting(host) 75 127.0.0.1: MAIL: 421 4.3.2 going down; 127.0.0.1: greeting: 554 not here\n",
	},
	{
		.behaviour = "lost with the verdict: no other host is asked, it might have it twice",
		.to = { "bob@example.org" },
		.hosts = { HELLO BOB "S: 250 ok\nS: 250 ok\nS: 354 go\n" MESSAGE, UNASKED },
		.outcome = "waiting(message) doubtful 75 127.0.0.1: no answer to the whole message, which may arrive twice: "
		           "connection closed by the server\n",
	},
	{
		.behaviour = "a recipient's own 4xx says more than what the next host did",
		.to = { "bob@example.org", "carol@example.org" },
		.hosts = { HELLO BOTH "S: 250 ok\nS: 451 no bob now\nS: 421 bye\nE:", "S: 554 not here\n" BYE },
		.outcome = "waiting(message) 75 451 no bob now\n"
		           "waiting(host) 75 127.0.0.1: RCPT: 421 bye; 127.0.0.1: greeting: 554 not here\n",
	},
	{
		.behaviour = "a login is refused: no other host is asked, it would count there too",
		.to = { "bob@example.org" },
		.auth = "SCRAM-SHA-256",
		.hosts = { "S: 220 hi\nC: EHLO client.example\nS: 250-hello\nS: 250 AUTH SCRAM-SHA-256\n"
		           "P: AUTH SCRAM-SHA-256 \nS: 535 5.7.8 no\n" BYE, UNASKED },
		.outcome = "waiting(account) 77 127.0.0.1: login with SCRAM-SHA-256: 535 5.7.8 no\n",
	},
	{
		.behaviour = "one that failed lately is asked last",
		.to = { "bob@example.org" },
		.hosts = { UNASKED, HELLO BOB "S: 250 ok\nS: 250 ok\nS: 354 go\n" MESSAGE "S: 250 ok\n" BYE },
		.outcome = "sent 0 250 ok\n",
		.down = "1",
		.learnt = "1",
	},
	{
		.behaviour = "but it is asked, and works again",
		.to = { "bob@example.org" },
		.hosts = { HELLO BOB "S: 250 ok\nS: 250 ok\nS: 354 go\n" MESSAGE "S: 250 ok\n" BYE, CLOSED },
		.outcome = "sent 0 250 ok\n",
		.down = "1",
		.learnt = "2",
	},
	{
		.behaviour = "all have failed lately: as they stand",
		.to = { "bob@example.org" },
		.hosts = { HELLO BOB "S: 250 ok\nS: 250 ok\nS: 354 go\n" MESSAGE "S: 250 ok\n" BYE, UNASKED },
		.outcome = "sent 0 250 ok\n",
		.down = "12",
		.learnt = "2",
	},
	{
		.behaviour = "a message that is put off is no fault of the host",
		.to = { "bob@example.org" },
		.hosts = { HELLO BOB "S: 250 ok\nS: 451 later\nS: 554 nobody\n" BYE, UNASKED },
		.outcome = "waiting(message) 75 451 later\n",
		.learnt = "",
	},
	{
		.behaviour = "nor is a login that is refused",
		.to = { "bob@example.org" },
		.auth = "SCRAM-SHA-256",
		.hosts = { "S: 220 hi\nC: EHLO client.example\nS: 250-hello\nS: 250 AUTH SCRAM-SHA-256\n"
		           "P: AUTH SCRAM-SHA-256 \nS: 535 5.7.8 no\n" BYE, UNASKED },
		.outcome = "waiting(account) 77 127.0.0.1: login with SCRAM-SHA-256: 535 5.7.8 no\n",
		.learnt = "",
	},
	{
		.behaviour = "no host",
		.to = { "bob@example.org" },
		.outcome = "waiting(account) 78 account test has no `host`\n",
		.log = "deferred from=alice@example.org to=bob@example.org size=15 tries=1 "
		       "error=\"account test has no `host`\" tag=web\n",
	},
};

struct host {
	const char *does;
	int listener;
	struct script script;
};

/* Be there, at a port that the kernel chooses. */
static void host_start(struct host *h, const char *does, struct account *a)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(in);

	h->does = does;
	h->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert(bind(h->listener, (struct sockaddr *)&in, sizeof(in)) == 0);
	ck_assert(strcmp(does, CLOSED) == 0 || listen(h->listener, 1) == 0);
	getsockname(h->listener, (struct sockaddr *)&in, &n);
	strv_take(&a->hosts, alloc_printf("127.0.0.1:%u", ntohs(in.sin_port)));
	if (strcmp(does, CLOSED) != 0 && strcmp(does, UNASKED) != 0)
		h->script = script_start_on(h->listener, does);
}

static bool host_ended_well(struct host *h)
{
	struct pollfd caller = { .fd = h->listener, .events = POLLIN };
	bool ok;

	if (strcmp(h->does, CLOSED) == 0)
		ok = true;
	else if (strcmp(h->does, UNASKED) == 0)
		ok = poll(&caller, 1, 0) == 0;
	else
		ok = script_ended_well(&h->script);
	close(h->listener);
	return ok;
}

/* Drop from `text` each stretch from `from` up to `to`. */
static void drop(char *text, const char *from, const char *to)
{
	char *start, *end;

	while ((start = strstr(text, from)) != NULL && (end = strstr(start, to)) != NULL)
		memmove(start, end + strlen(to), strlen(end + strlen(to)) + 1);
}

/* What was logged, without what differs from run to run. */
static char *read_log(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, size - 1);

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	drop(text, "20", ": "); /* the time, up to "mailchute[pid]: " */
	drop(text, "id=Q uid=", "account=test ");
	drop(text, "delay=", " ");
	return text;
}

static void set_up(struct envelope *e, struct message *m, const struct row *r)
{
	envelope_init(e);
	envelope_set_sender(e, "alice@example.org");
	for (size_t i = 0; r->to[i] != NULL; i++)
		envelope_add(e, r->to[i], r->to[i]);
	message_init(m);
	header_add(&m->header, "A: b\r\n", 6);
	message_add_body(m, "hello\r\n", 7);
}

/* Those of the account's hosts that have failed lately: "12". */
static void set_down(struct downtime *d, const struct account *a, const char *which)
{
	for (; which != NULL && *which != '\0'; which++)
		downtime_failed(d, a->hosts.v[*which - '1'], time(NULL));
}

static void show_down(const struct downtime *d, const struct account *a, char *which)
{
	for (size_t i = 0; i < a->hosts.len; i++)
		if (downtime_has(d, a->hosts.v[i], time(NULL)))
			*which++ = (char)('1' + i);
	*which = '\0';
}

/* Deliver, and what came of it into `outcome`. */
static void run(const struct row *r, const struct account *a, struct buf *outcome)
{
	struct config config;
	struct envelope envelope;
	struct message message;
	struct downtime downtime = { .queue = NULL };
	char down[HOSTS + 1];
	struct delivery d = {
		.config = &config,
		.account = a,
		.envelope = &envelope,
		.message = &message,
		.downtime = &downtime,
		.tag = "web",
		.id = "Q",
		.log = true,
		.tries = 1,
	};

	config_init(&config);
	set_up(&envelope, &message, r);
	set_down(&downtime, a, r->down);
	deliver(&d);
	show_down(&downtime, a, down);
	ck_assert_msg(r->learnt == NULL || strcmp(down, r->learnt) == 0, "%s: %s", r->behaviour, down);
	outcome_show(&envelope, outcome);
	message_release(&message);
	envelope_release(&envelope);
	config_release(&config);
}

START_TEST(delivers)
{
	const struct row *r = &rows[_i];
	char path[] = "/tmp/mailchute-test.XXXXXX", logged[4096];
	struct log_config log = { .facility = -1, .file = path };
	struct account account = {
		.name = (char[]){ "test" },
		.user = (char[]){ "alice" },
		.password = (char[]){ "secret" },
		.domain = (char[]){ "client.example" },
		.timeout = TIMEOUT_MS,
		.connect_timeout = TIMEOUT_MS,
	};
	struct host hosts[HOSTS];
	struct buf outcome;

	close(mkstemp(path));
	log_open(&log);
	if (r->auth != NULL)
		strv_add(&account.auth, r->auth);
	for (size_t i = 0; i < HOSTS && r->hosts[i] != NULL; i++)
		host_start(&hosts[i], r->hosts[i], &account);
	buf_init(&outcome, 65536);
	run(r, &account, &outcome);
	ck_assert_msg(strcmp(outcome.data, r->outcome) == 0, "%s:\n%s", r->behaviour, outcome.data);
	for (size_t i = 0; i < account.hosts.len; i++)
		ck_assert_msg(host_ended_well(&hosts[i]), "%s: host %zu saw something else", r->behaviour, i + 1);
	read_log(path, logged, sizeof(logged));
	if (r->log != NULL)
		ck_assert_msg(strcmp(logged, r->log) == 0, "%s:\n%s", r->behaviour, logged);
	unlink(path);
	log_close();
	buf_release(&outcome);
	strv_release(&account.hosts);
	strv_release(&account.auth);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deliver/deliver");
	TCase *tc = tcase_create("rows");

	tcase_add_loop_test(tc, delivers, 0, COUNT_OF(rows));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
