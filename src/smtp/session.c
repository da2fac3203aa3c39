#include "smtp/session.h"

#include "base/alloc.h"
#include "base/str.h"
#include "config/machine.h"
#include "net/dial.h"
#include "net/resolve.h"
#include "smtp/login.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/*
 * RFC 5321, 4.5.3.1.4 asks for 512 octets, and each extension adds its own; a
 * line of AUTH may have 12288 (RFC 4954, 4).  What is longer than this is nothing
 * that we meant to send.
 */
enum { COMMAND_MAX = 16 * 1024 };

enum { QUIT_MS = 2000 };

static deadline within(const struct session *s, deadline until)
{
	return s->until != 0 ? deadline_min(until, s->until) : until;
}

static deadline step_deadline(const struct session *s)
{
	return within(s, deadline_in(s->account->timeout));
}

void session_note(const struct session *s, const char *fmt, ...)
{
	struct buf text;
	va_list ap;

	if (s->trace == NULL)
		return;
	buf_init(&text, 1024);
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	trace_line(s->trace, TRACE_NOTE, text.data);
	buf_release(&text);
}

/* What we say. */

static bool push(struct session *s, const char *p, size_t n)
{
	if (!s->broken && !stream_write(&s->stream, p, n, step_deadline(s), &s->broken_by))
		s->broken = true;
	return !s->broken;
}

bool session_command(struct session *s, struct status *st, const char *fmt, ...)
{
	va_list ap;

	buf_reset(&s->line);
	va_start(ap, fmt);
	buf_vprintf(&s->line, fmt, ap);
	va_end(ap);
	if (!buf_ok(&s->line) || buf_has_control(&s->line))
		return status_fail(st, EX_DATAERR, "refusing to send a malformed command");
	trace_line(s->trace, TRACE_SENT, s->line.data);
	push(s, s->line.data, s->line.len);
	push(s, "\r\n", 2);
	return true;
}

static void trace_masked(const struct session *s, const char *line, size_t shown)
{
	struct buf text;

	buf_init(&text, COMMAND_MAX);
	buf_add(&text, line, shown);
	buf_puts(&text, line[shown] == '\0' ? "" : "***");
	trace_line(s->trace, TRACE_SENT, text.data);
	buf_release(&text);
}

bool session_secret(struct session *s, const char *line, size_t shown, struct status *st)
{
	size_t n = strlen(line);

	if (n > COMMAND_MAX || str_has_control(line, n))
		return status_fail(st, EX_DATAERR, "refusing to send a malformed login");
	trace_masked(s, line, shown < n ? shown : n);
	if (push(s, line, n) && push(s, "\r\n", 2))
		s->broken = !stream_flush(&s->stream, step_deadline(s), &s->broken_by);
	buf_wipe(&s->stream.out);
	return true;
}

bool session_data(struct session *s, const char *p, size_t n)
{
	return push(s, p, n);
}

bool session_interrupted(struct session *s)
{
	return stream_can_read(&s->stream);
}

/* What the server says. */

static void trace_reply(const struct session *s)
{
	const char *p = s->reply.text.data, *end;
	struct buf line;

	if (s->trace == NULL)
		return;
	buf_init(&line, STREAM_LINE_MAX);
	for (;; p = end + 1) {
		end = p + strcspn(p, "\n");
		buf_reset(&line);
		buf_printf(&line, "%03d%c", s->reply.code, *end == '\n' ? '-' : ' ');
		if (s->reply.code == 334 && s->hide_challenges && end > p)
			buf_puts(&line, "***");
		else
			buf_add(&line, p, (size_t)(end - p));
		trace_line(s->trace, TRACE_RECEIVED, line.data);
		if (*end == '\0')
			break;
	}
	buf_release(&line);
}

/* Shorter ones are in every other word: hiding them would tell where. */
enum { SECRET_MIN = 4 };

static void blot(struct buf *text, const struct buf *secret)
{
	char *at = text->data;

	if (secret->len < SECRET_MIN)
		return;
	for (; (at = strstr(at, secret->data)) != NULL; at += secret->len)
		memset(at, '*', secret->len);
}

/* "500 unknown command", some say, and repeat what was no command but the password. */
static void blot_secrets(struct session *s)
{
	for (size_t i = 0; i < COUNT_OF(s->secrets); i++)
		if (s->secrets[i] != NULL && s->reply.code != 334)
			blot(&s->reply.text, s->secrets[i]);
}

static bool read_reply(struct session *s, struct status *st)
{
	deadline until = step_deadline(s);

	if (!s->broken)
		s->broken = !stream_flush(&s->stream, until, &s->broken_by);
	/* A server that refuses and hangs up breaks our writing; its words are still there. */
	if (!s->broken || stream_can_read(&s->stream))
		if (reply_read(&s->reply, &s->stream, until, st))
			return true;
	if (s->broken)
		*st = s->broken_by;
	return false;
}

bool session_reply(struct session *s, struct status *st)
{
	bool ok = read_reply(s, st);

	if (ok) {
		blot_secrets(s);
		trace_reply(s);
		if (s->reply.code != REPLY_CLOSING)
			return true;
		reply_fail(&s->reply, EX_TEMPFAIL, st);
		st->wait = WAIT_HOST;
	}
	s->usable = false;
	return false;
}

bool session_answered(const struct session *s, int class)
{
	return s->reply.code / 100 == class;
}

bool session_refused(struct session *s, enum status_wait wait, int final, struct status *st)
{
	reply_fail(&s->reply, final, st);
	if (session_answered(s, 4) || session_answered(s, 5))
		st->wait = wait;
	else
		s->usable = false;
	return false;
}

/* From the greeting to the login. */

/* A reply without which we cannot go on, but another host may do. */
static bool positive(struct session *s, const char *to, struct status *st)
{
	return (session_reply(s, st)
	        && (session_answered(s, 2) || session_refused(s, WAIT_HOST, EX_TEMPFAIL, st)))
	       || status_during(st, "%s", to);
}

static bool wants_starttls(const struct session *s)
{
	const struct account *a = s->account;

	return a->tls && !s->tls_at_once && a->socket == NULL && !tls_is_on(&s->stream);
}

/* For a server that refused EHLO. */
static bool helo(struct session *s, struct status *st)
{
	bool unknown = s->reply.code == 500 || s->reply.code == 502;

	if (wants_starttls(s) || s->account->auth.len > 0) {
		session_refused(s, unknown ? WAIT_ACCOUNT : WAIT_HOST,
		                unknown ? EX_UNAVAILABLE : EX_TEMPFAIL, st);
		return status_during(st, "EHLO, without which there is neither STARTTLS nor AUTH");
	}
	return session_command(s, st, "HELO %s", s->name) && positive(s, "HELO", st);
}

static bool hello(struct session *s, struct status *st)
{
	const char *verb = s->account->lmtp ? "LHLO" : "EHLO";

	ehlo_release(&s->ehlo);
	if (!session_ask(s, st, "%s %s", verb, s->name))
		return status_during(st, "%s", verb);
	if (session_answered(s, 5) && !s->account->lmtp)
		return helo(s, st);
	if (!session_answered(s, 2)) {
		session_refused(s, WAIT_HOST, EX_TEMPFAIL, st);
		return status_during(st, "%s", verb);
	}
	ehlo_parse(&s->ehlo, s->reply.text.data);
	return true;
}

static void trace_certificate(void *arg, const struct tls_certificate *c)
{
	const struct session *s = arg;
	struct buf until;

	buf_init(&until, 100);
	clock_print(c->until, &until);
	trace_detail(s->trace, "certificate %s, issuer %s, until %s, tls_fingerprint %s", c->subject, c->issuer,
	             until.data, c->sha256);
	buf_release(&until);
}

static void trace_tls(struct session *s)
{
	const struct account *a = s->account;

	session_note(s, "%s, %s", s->tls.version, s->tls.cipher);
	if (s->trace != NULL && s->trace->deep)
		tls_show(&s->stream, trace_certificate, s);
	if (a->tls_fingerprint.len > 0)
		trace_detail(s->trace, "the certificate is one of tls_fingerprint");
	else if (!a->tls_certcheck)
		trace_detail(s->trace, "the certificate was not verified: tls_certcheck off");
	else
		trace_detail(s->trace, "the certificate was verified with %s",
		             a->tls_trust_file != NULL ? a->tls_trust_file : "the system's authorities");
}

/* By srv:, and it is not even in the domain that the configuration has there. */
static bool is_named_by_dns(const struct session *s)
{
	const struct account *a = s->account;

	return strcmp(s->host, s->tls_name) != 0 && a->tls_host_override == NULL && a->tls_certcheck
	       && a->tls_fingerprint.len == 0;
}

static bool start_tls(struct session *s, struct status *st)
{
	const struct account *a = s->account;
	struct tls_config c = {
		.name = a->tls_host_override != NULL ? a->tls_host_override : s->tls_name,
		.verify = a->tls_certcheck,
		.trust_file = a->tls_trust_file,
		.fingerprints = a->tls_fingerprint.len > 0 ? a->tls_fingerprint.v : NULL,
		.cert_file = a->tls_cert_file,
		.key_file = a->tls_key_file,
		.priorities = a->tls_priorities,
	};

	s->tls_begun = true;
	if (!tls_start(&s->stream, &c, step_deadline(s), st)) {
		s->usable = false;
		return is_named_by_dns(s) ? status_during(st, "DNS chose it, so its certificate must name %s or "
		                                          "`tls_host_override`", s->tls_name) : false;
	}
	tls_describe(&s->stream, &s->tls);
	trace_tls(s);
	return true;
}

static bool ask_starttls(struct session *s, struct status *st)
{
	if (!s->ehlo.starttls) {
		status_defer(st, WAIT_ACCOUNT, EX_UNAVAILABLE,
		             "the server does not offer STARTTLS; if it speaks TLS at once (port 465) set "
		             "`tls_starttls off`, and only on a network that you trust `tls off`");
		return status_advise(st, "leave `port` out: clients have 587 with STARTTLS, or 465 with tls_starttls "
		                     "off; 25 is for servers");
	}
	if (!session_ask(s, st, "STARTTLS"))
		return status_during(st, "STARTTLS");
	if (!session_answered(s, 2)) {
		session_refused(s, session_answered(s, 5) ? WAIT_ACCOUNT : WAIT_HOST, EX_UNAVAILABLE, st);
		return status_during(st, "STARTTLS");
	}
	if (!stream_has_input(&s->stream))
		return true;
	/* Somebody in between may have put it there (CVE-2011-0411): what came in clear text is not believed. */
	s->usable = false;
	return status_defer(st, WAIT_HOST, EX_TEMPFAIL, "text behind the reply to STARTTLS");
}

/* What was offered in clear text is forgotten (RFC 3207, 4.2). */
static bool starttls(struct session *s, struct status *st)
{
	return !wants_starttls(s) || (ask_starttls(s, st) && start_tls(s, st) && hello(s, st));
}

static bool tls_at_once(struct session *s, struct status *st)
{
	const struct account *a = s->account;

	return !a->tls || !s->tls_at_once || a->socket != NULL || start_tls(s, st);
}

/* What we are called. */

/* Our end of the connection as an address literal (RFC 5321, 4.1.3). */
static char *own_literal(int fd)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_storage room;
	} end = { .sa.sa_family = AF_UNSPEC };
	socklen_t n = sizeof(end);
	char text[INET6_ADDRSTRLEN] = "127.0.0.1";

	if (getsockname(fd, &end.sa, &n) == 0 && end.sa.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &end.in6.sin6_addr, text, sizeof(text));
		return alloc_printf("[IPv6:%s]", text);
	}
	if (end.sa.sa_family == AF_INET)
		inet_ntop(AF_INET, &end.in.sin_addr, text, sizeof(text));
	return alloc_printf("[%s]", text);
}

void session_address(const struct session *s, char *to, size_t size)
{
	struct endpoint peer = { .len = sizeof(peer.sa) };
	struct buf text;

	buf_init(&text, size - 1);
	if (s->connected && s->account->socket == NULL
	    && getpeername(s->stream.fd, (struct sockaddr *)&peer.sa, &peer.len) == 0)
		resolve_print(&peer, &text);
	memcpy(to, text.data, text.len + 1);
	buf_release(&text);
}

static bool choose_name(struct session *s, struct status *st)
{
	if (s->account->domain != NULL) {
		s->name = resolve_alabel(s->account->domain, st);
		return s->name != NULL || status_during(st, "`domain`");
	}
	s->name = machine_fqdn();
	if (strchr(s->name, '.') == NULL) {
		free(s->name);
		s->name = own_literal(s->stream.fd);
	}
	return true;
}

/* Opening and closing. */

static bool connect_host(struct session *s, struct status *st)
{
	const struct account *a = s->account;
	struct dial to = {
		.host = s->host,
		.port = s->port,
		.socket = a->socket,
		.source_ip = a->source_ip,
		.proxy_host = a->proxy_host,
		.proxy_port = a->proxy_port,
		.trace = s->trace,
		.until = within(s, deadline_in(a->connect_timeout)),
	};

	if (a->socket != NULL)
		session_note(s, "connecting to %s", s->host);
	else
		session_note(s, "connecting to %s, port %u", s->host, s->port);
	s->connected = dial(&to, &s->stream, st);
	s->usable = s->connected;
	return s->connected;
}

bool session_open(struct session *s, const struct config *c, const struct account *a,
                  const struct smarthost *host, const struct trace *trace, deadline until,
                  struct status *st)
{
	*s = (struct session){
		.config = c,
		.account = a,
		.trace = trace,
		.host = alloc_copy(host->host),
		.port = host->port,
		.tls_at_once = host->tls_at_once,
		.tls_name = alloc_copy(host->tls_name),
		.until = until,
	};
	ehlo_init(&s->ehlo);
	reply_init(&s->reply);
	buf_init(&s->line, COMMAND_MAX);

	if (connect_host(s, st) && choose_name(s, st)
	    && tls_at_once(s, st) && positive(s, "greeting", st) && hello(s, st) && starttls(s, st)
	    && login(s, st))
		return true;
	if (st->wait == WAIT_NOTHING) /* no message was concerned yet */
		st->wait = WAIT_ACCOUNT;
	return s->connected ? status_during(st, "%s", s->host) : false; /* dial names it itself */
}

/* The reply is a courtesy that the server gets a short while for. */
static void quit(struct session *s)
{
	deadline until = deadline_in(QUIT_MS);
	struct status st;

	trace_line(s->trace, TRACE_SENT, "QUIT");
	if (stream_write(&s->stream, "QUIT\r\n", 6, until, &st)
	    && stream_flush(&s->stream, until, &st)
	    && reply_read(&s->reply, &s->stream, until, &st))
		trace_reply(s);
}

void session_close(struct session *s)
{
	if (s->usable && !s->broken)
		quit(s);
	if (s->connected)
		stream_close(&s->stream);
	s->connected = s->usable = false;
	free(s->host);
	free(s->tls_name);
	free(s->name);
	s->host = s->tls_name = s->name = NULL;
	ehlo_release(&s->ehlo);
	reply_release(&s->reply);
	buf_release(&s->line);
}
