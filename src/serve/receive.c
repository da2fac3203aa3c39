#include "serve/receive.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "deliver/first.h"
#include "smtp/extension.h"

enum {
	READ_MAX = 64 * 1024,
	OUT_ENOUGH = 64 * 1024,          /* no more is read from who does not read */
	OTHER_DESCRIPTORS = 128,
	LET_IN_AT_ONCE = 64,
	PAUSE_MS = 100,                  /* without descriptors */
	MAY_GO_MS = 1000,
};

const struct receiver_limits receiver_usual = {
	.clients = 8192,
	.held = 256 * 1024 * 1024,
	.idle_ms = 70 * 60 * 1000,
	.idle_tcp_ms = 5 * 60 * 1000,
	.in_hand_ms = 5 * 60 * 1000,
	.crowded_ms = 60 * 1000,
};

struct client {
	struct client *next;
	struct receiver *receiver;
	int    fd;
	struct peer peer;
	struct smtpd *smtpd;
	struct buf pending;              /* read, and not yet taken */
	size_t held;                     /* as counted in the receiver's */
	int64_t heard;                   /* when it last sent or took something */
	bool   gone;
	bool   at_end;                   /* it sends no more */

	/* A message in hand: smtpd waits for its answer. */
	const struct request *request;
	struct message *message;
	struct trial *trial;

	struct errand errand;
	bool   has_errand;
};

/* --- what smtpd asks --- */

static bool may_begin(void *arg, const struct request *r, struct status *st)
{
	const struct client *c = arg;

	(void)r;
	return accept_has_room(&c->receiver->acceptor, st);
}

static void take_message(void *arg, const struct request *r, struct message *m)
{
	struct client *c = arg;

	c->request = r;
	c->message = m;
}

static void run_errand(void *arg, const struct strv *words)
{
	struct client *c = arg;

	c->has_errand = true;
	errand_start(&c->errand, c->receiver->run, c->receiver->file, &c->peer, words, c->receiver->forget,
	             c->receiver->arg);
}

static const struct smtpd_ops ops = {
	.begin = may_begin,
	.message = take_message,
	.run = run_errand,
};

/* --- coming and going --- */

static void client_new(struct receiver *r, int fd, const struct peer *p)
{
	struct client *c = alloc(sizeof(*c));
	struct smtpd_options how = r->smtp;

	how.private = !p->caller.tcp;
	*c = (struct client){ .next = r->first, .receiver = r, .fd = fd, .peer = *p, .heard = clock_now() };
	c->smtpd = smtpd_new(&how, &ops, c);
	buf_init(&c->pending, READ_MAX);
	r->first = c;
	r->len++;
}

static void client_free(struct client *c)
{
	if (c->trial != NULL)
		trial_leave(c->trial);
	if (c->has_errand)
		errand_stop(&c->errand);
	close(c->fd);
	c->receiver->held -= c->held;
	smtpd_free(c->smtpd);
	buf_release(&c->pending);
	peer_release(&c->peer);
	free(c);
}

static bool is_same_user(const struct peer *a, const struct peer *b)
{
	return a->caller.tcp == b->caller.tcp && a->caller.uid == b->caller.uid;
}

static bool is_busy(const struct client *c)
{
	return c->message != NULL || c->has_errand;
}

static bool is_ended(const struct client *c)
{
	return smtpd_state(c->smtpd) == SMTPD_ENDED;
}

/* Who has been silent for longest, of that user or of all. */
static struct client *most_silent(struct receiver *r, const struct peer *p)
{
	struct client *found = NULL;

	for (struct client *c = r->first; c != NULL; c = c->next)
		if (!is_busy(c) && !c->gone && !is_ended(c) && (p == NULL || is_same_user(&c->peer, p))
		    && (found == NULL || c->heard < found->heard))
			found = c;
	return found != NULL && clock_now() - found->heard >= MAY_GO_MS ? found : NULL;
}

static size_t share_of(const struct receiver *r, const struct peer *p)
{
	size_t n = 0;

	for (const struct client *c = r->first; c != NULL; c = c->next)
		n += is_same_user(&c->peer, p) && !c->gone && !is_ended(c);
	return n;
}

/* A place for one more. */
static bool make_room(struct receiver *r, const struct peer *p)
{
	bool own = share_of(r, p) >= r->most / 2;
	struct client *other;

	if (!own && r->len < r->most)
		return true;
	if ((other = most_silent(r, own ? p : NULL)) == NULL)
		return false;
	smtpd_end(other->smtpd, "too many connections, and this one was silent");
	return true;
}

static void turn_away(int fd)
{
	static const char words[] = "421 4.7.0 too many connections, try again later\r\n";

	send(fd, words, sizeof(words) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void let_in(struct receiver *r, int fd)
{
	struct peer p;

	if (!peer_of(&p, fd)) {
		close(fd);
	} else if (!make_room(r, &p)) {
		peer_release(&p);
		turn_away(fd);
	} else {
		client_new(r, fd, &p);
	}
}

static void knocked(void *arg, short events)
{
	struct receiver *r = arg;
	int fd;

	(void)events;
	for (size_t i = 0; i < r->listeners->len; i++)
		for (int n = 0; n < LET_IN_AT_ONCE; n++) {
			fd = accept4(r->listeners->v[i].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
			if (fd >= 0) {
				let_in(r, fd);
				continue;
			}
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
				r->again = deadline_in(PAUSE_MS);
			break;
		}
}

/* --- memory --- */

static void count_held(struct client *c)
{
	struct receiver *r = c->receiver;
	size_t held = smtpd_held(c->smtpd) + c->pending.cap + (c->has_errand ? c->errand.out.cap : 0);

	r->held += held - c->held;
	c->held = held;
}

static bool is_full(const struct receiver *r)
{
	return r->held >= r->limits.held;
}

/* Somebody has to go, before anybody is read from again. */
static void make_memory(struct receiver *r)
{
	struct client *most = NULL;

	for (struct client *c = r->first; c != NULL; c = c->next)
		if (!is_busy(c) && !c->gone && !is_ended(c) && (most == NULL || c->held > most->held))
			most = c;
	if (most == NULL)
		return; /* they get their answers, and then it is free */
	smtpd_end(most->smtpd, "too much to be held in memory, try again later");
	buf_release(&most->pending);
	count_held(most);
}

/* --- octets --- */

/* As much as smtpd takes. */
static void feed(struct client *c)
{
	size_t taken;

	while (c->pending.len > 0 && c->message == NULL && smtpd_state(c->smtpd) == SMTPD_READING
	       && smtpd_out(c->smtpd)->len < OUT_ENOUGH) {
		taken = smtpd_feed(c->smtpd, c->pending.data, c->pending.len);
		buf_consume(&c->pending, taken);
	}
	if (c->pending.len == 0)
		buf_release(&c->pending);
	count_held(c);
}

static void read_some(struct client *c)
{
	static char block[READ_MAX];
	ssize_t n = read(c->fd, block, READ_MAX - c->pending.len);

	if (n > 0) {
		c->heard = clock_now();
		buf_add(&c->pending, block, (size_t)n);
		feed(c);
	} else if (n == 0) {
		c->at_end = true;
	} else if (errno != EAGAIN && errno != EINTR) {
		c->gone = true;
	}
}

static struct buf *next_out(struct client *c)
{
	struct buf *out = smtpd_out(c->smtpd);

	return out->len == 0 && c->has_errand ? &c->errand.out : out;
}

static void write_some(struct client *c)
{
	struct buf *out;
	ssize_t n;

	while (!c->gone && (out = next_out(c))->len > 0) {
		n = send(c->fd, out->data, out->len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0) {
			c->heard = clock_now();
			buf_consume(out, (size_t)n);
			if (out->len == 0)
				buf_release(out);
		} else if (errno != EINTR) {
			c->gone = errno != EAGAIN;
			break;
		}
	}
}

static bool wants_octets(const struct client *c)
{
	return c->message == NULL && !c->has_errand && !c->at_end && c->pending.len < READ_MAX
	       && !is_full(c->receiver) && smtpd_state(c->smtpd) == SMTPD_READING && smtpd_out(c->smtpd)->len < OUT_ENOUGH;
}

static void client_ready(void *arg, short events)
{
	struct client *c = arg;

	if (events & (POLLERR | POLLNVAL))
		c->gone = true;
	else if (wants_octets(c))
		read_some(c);
	else if (events & POLLHUP)
		c->gone = true;
}

/* --- time --- */

static int64_t patience(const struct client *c)
{
	const struct receiver *r = c->receiver;

	if (r->len > r->most / 2)
		return r->limits.crowded_ms;
	if (!smtpd_is_idle(c->smtpd))
		return r->limits.in_hand_ms;
	return c->peer.caller.tcp ? r->limits.idle_tcp_ms : r->limits.idle_ms;
}

static void see_time(struct client *c)
{
	if (is_busy(c) || clock_now() - c->heard < patience(c))
		return;
	if (is_ended(c) || next_out(c)->len > 0) /* and it does not even read */
		c->gone = true;
	else
		smtpd_end(c->smtpd, "timeout");
}

/* --- messages --- */

static void answered(struct client *c)
{
	c->message = NULL;
	c->trial = NULL;
	c->heard = clock_now();
}

/* The words of several recipients, a line each, with the code that RFC 2034 wants. */
static void add_lines(struct buf *text, const char *enhanced, const char *lines)
{
	size_t n;

	for (; n = strcspn(lines, "\n"), n > 0; lines += n + (lines[n] == '\n'))
		buf_printf(text, "%s%s %.*s", text->len > 0 ? "\n" : "", enhanced, (int)n, lines);
}

static void answer_tried(struct client *c, const char *id, int sysexit, const char *lines, struct buf *text)
{
	bool no_user = sysexit == EX_NOUSER, temporary = sysexit == EX_TEMPFAIL;

	if (sysexit == EX_OK) {
		buf_printf(text, *lines == '\0' ? "2.0.0 accepted as %s" : EXTENSION_KEPT "%s, to be tried again", id);
		add_lines(text, "2.0.0", lines);
		smtpd_answer(c->smtpd, 250, EX_OK, text->data);
	} else {
		add_lines(text, no_user ? "5.1.1" : temporary ? "4.0.0" : "5.0.0", lines);
		smtpd_answer(c->smtpd, no_user ? 550 : temporary ? 451 : 554, sysexit, text->data);
	}
}

static void tried(void *waits, const char *id, int sysexit, const char *lines)
{
	struct client *c = waits;
	struct buf text;

	buf_init(&text, 2 * TRIAL_TEXT_MAX);
	answer_tried(c, id, sysexit, lines, &text);
	buf_release(&text);
	answered(c);
	c->receiver->pending = true;
}

static void refuse(struct client *c, const struct intake *i)
{
	char text[sizeof(i->st.text) + 16];

	snprintf(text, sizeof(text), "4.3.1 %s", i->st.text);
	if (i->full)
		smtpd_answer(c->smtpd, 452, EX_TEMPFAIL, text);
	else
		smtpd_refuse(c->smtpd, &i->st);
	answered(c);
}

static void log_lost(const struct intake *i, const struct status *st)
{
	struct log_event *e = log_event("trouble");

	log_text(e, "id", i->mail.id);
	log_text(e, "error", st->text);
	log_send(e);
}

/* Not by the answer: nobody waits for it, or it would speak for parts that are kept, or mail was asked for. */
static bool is_told_by_mail(const struct intake *i)
{
	return !i->wait || i->mail.next != NULL
	       || (i->request->errors == ERRORS_MAIL && *i->mail.envelope.sender != '\0');
}

/* The first attempt: by a process that the caller waits for, or only what is owed already. */
static bool try(struct client *c, struct intake *i)
{
	const struct acceptor *a = &c->receiver->acceptor;
	struct queue_entry entry;
	struct status st;

	if (!queue_adopt(a->queue, &i->parts.v[0], &entry, &st)) {
		log_lost(i, &st);
		queue_take_back(a->queue, i->parts.v, i->parts.len);
		i->st = st;
		return false;
	}
	if (i->wait)
		c->trial = trial_start(&c->receiver->trials, &(struct trial_start){
			.config = a->config,
			.entry = &entry,
			.envelope = &i->mail.envelope,
			.by_mail = is_told_by_mail(i),
			.forget = c->receiver->forget,
			.arg = c->receiver->arg,
			.waits = c,
		});
	if (c->trial == NULL)
		first_attempt(&(struct first){
			.queue = a->queue,
			.config = a->config,
			.entry = &entry,
			.envelope = &i->mail.envelope,
			.keep_only = true,
			.by_mail = true,
		});
	queue_release(&entry);
	return true;
}

static void answer(struct client *c, struct intake *i)
{
	char text[QUEUE_ID_MAX + 32];

	if (!i->accepted || (i->attempted && !try(c, i))) {
		refuse(c, i);
		return;
	}
	if (c->trial != NULL)
		return;
	snprintf(text, sizeof(text), "2.0.0 queued as %s", i->mail.id);
	smtpd_answer(c->smtpd, 250, EX_OK, text);
	answered(c);
}

static bool is_whole(const struct client *c)
{
	return c->message != NULL && c->trial == NULL;
}

/* All that has become whole, together. */
static void accept_messages(struct receiver *r)
{
	struct intake **v = alloc_array(NULL, r->len + 1, sizeof(*v));
	struct client **from = alloc_array(NULL, r->len + 1, sizeof(*from));
	size_t n = 0;

	for (struct client *c = r->first; c != NULL; c = c->next)
		if (is_whole(c)) {
			v[n] = alloc(sizeof(**v));
			intake_init(v[n], &c->peer, c->request, c->message);
			from[n++] = c;
		}
	for (size_t i = 0, end; i < n;)
		for (end = i + accept_some(&r->acceptor, v + i, n - i); i < end; i++) {
			answer(from[i], v[i]);
			intake_release(v[i], r->acceptor.queue);
			free(v[i]);
		}
	free(from);
	free(v);
}

/* --- a turn --- */

bool receiver_init(struct receiver *r)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	} else {
		limit.rlim_cur = 1024;
	}
	/* A caller may need two more: a large body's file, and the queue's. */
	r->most = limit.rlim_cur > OTHER_DESCRIPTORS + 30 ? (size_t)(limit.rlim_cur - OTHER_DESCRIPTORS) / 3 : 10;
	if (r->most > r->limits.clients)
		r->most = r->limits.clients;
	return trials_init(&r->trials, r->acceptor.queue, tried);
}

static void watch_client(struct client *c, struct loop *l)
{
	short events = wants_octets(c) ? POLLIN : 0;

	if (next_out(c)->len > 0)
		events |= POLLOUT;
	loop_watch(l, c->fd, events, client_ready, c);
	if (c->has_errand)
		errand_watch(&c->errand, l);
	else if (!is_busy(c))
		loop_until(l, c->heard + patience(c));
}

void receiver_watch(struct receiver *r, struct loop *l)
{
	for (struct client *c = r->first; c != NULL; c = c->next)
		watch_client(c, l);
	trials_watch(&r->trials, l);
	if (r->pending)
		loop_until(l, clock_now());
	if (r->ending)
		return;
	if (deadline_poll(r->again) != 0 && r->again != 0)
		loop_until(l, r->again);
	else
		for (size_t i = 0; i < r->listeners->len; i++)
			loop_watch(l, r->listeners->v[i].fd, POLLIN, knocked, r);
}

/* Nothing more is to come of it. */
static bool is_done(struct client *c)
{
	if (c->gone)
		return true;
	if (next_out(c)->len > 0 || c->message != NULL)
		return false;
	if (c->has_errand)
		return errand_is_over(&c->errand) && c->errand.out.len == 0;
	return is_ended(c) || (c->at_end && c->pending.len == 0);
}

static void sweep(struct receiver *r)
{
	for (struct client **at = &r->first; *at != NULL;) {
		struct client *c = *at;

		if (!is_done(c)) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		r->len--;
		client_free(c);
	}
}

void receiver_turn(struct receiver *r)
{
	r->pending = false;
	accept_messages(r);
	trials_expire(&r->trials, false);
	for (struct client *c = r->first; c != NULL; c = c->next) {
		see_time(c);
		feed(c); /* what came behind a message */
		write_some(c);
		count_held(c);
		r->pending |= is_whole(c) || (c->pending.len > 0 && wants_octets(c));
	}
	if (is_full(r))
		make_memory(r);
	sweep(r);
}

/* --- the end --- */

void receiver_end(struct receiver *r)
{
	r->ending = true;
	for (struct client *c = r->first; c != NULL; c = c->next)
		smtpd_end(c->smtpd, "mailchute is stopping, try again later");
	r->pending = true;
}

bool receiver_is_empty(const struct receiver *r)
{
	return r->first == NULL;
}

void receiver_hurry(struct receiver *r)
{
	trials_expire(&r->trials, true);
}

void receiver_forget(struct receiver *r)
{
	for (struct client *c = r->first; c != NULL; c = c->next)
		close(c->fd);
}

void receiver_release(struct receiver *r)
{
	while (r->first != NULL) {
		struct client *c = r->first;

		r->first = c->next;
		client_free(c);
	}
	r->len = 0;
}
