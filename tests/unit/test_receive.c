#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/str.h"
#include "place.h"
#include "serve/receive.h"
#include "unit.h"

/* A receiver with a spool of its own, turned by hand, and callers of its socket. */
struct stage {
	struct place place;
	struct config config;
	struct queue queue;
	struct policy policy;
	struct queue_census census;
	struct listeners listeners;
	struct loop loop;
	struct receiver receiver;
	size_t most_held;
};

enum { PATIENCE_MS = 20 * 1000, TURN_MS = 20, MB = 1024 * 1024 };

static void write_config(const struct stage *s, const char *more, char *path, size_t size)
{
	FILE *f;

	snprintf(path, size, "%s/conf", s->place.dir);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "spool %s/spool\nmaildomain d.example\nsyslog off\nhost 127.0.0.1:9\ntls off\naliases off\n%s\n",
	        s->place.dir, more);
	fclose(f);
	chmod(path, 0600);
}

static void stage_start(struct stage *s, const struct receiver_limits *limits, const char *more)
{
	char path[UNIT_DIR_MAX + 8];
	struct status st;

	*s = (struct stage){ .queue = { .spool_fd = -1, .queue_fd = -1, .tmp_fd = -1 } };
	place_make(&s->place);
	write_config(s, more, path, sizeof(path));
	config_init(&s->config);
	ck_assert_msg(config_load(&s->config, path, &st), "%s", st.text);
	ck_assert_msg(queue_open(&s->queue, s->config.settings.spool, true, &st), "%s", st.text);
	fcntl(s->place.listener, F_SETFL, O_NONBLOCK);
	ck_assert_int_eq(listen(s->place.listener, 100), 0);
	s->listeners.v[s->listeners.len++] = (struct listener){ .fd = s->place.listener };
	loop_init(&s->loop);
	s->receiver = (struct receiver){
		.acceptor = { .config = &s->config, .queue = &s->queue, .policy = &s->policy, .census = &s->census },
		.smtp = { .name = "h", .strict = true, .in_memory = 64 * 1024 },
		.limits = *limits,
		.listeners = &s->listeners,
	};
	ck_assert(receiver_init(&s->receiver));
}

static void stage_end(struct stage *s)
{
	receiver_release(&s->receiver);
	ck_assert_uint_eq(s->receiver.held, 0);
	loop_release(&s->loop);
	queue_close(&s->queue);
	config_release(&s->config);
	place_remove(&s->place);
}

static void turn(struct stage *s)
{
	receiver_watch(&s->receiver, &s->loop);
	loop_until(&s->loop, deadline_in(TURN_MS));
	loop_turn(&s->loop);
	receiver_turn(&s->receiver);
	if (s->receiver.held > s->most_held)
		s->most_held = s->receiver.held;
}

static int call(struct stage *s)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&s->place.at, sizeof(s->place.at)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* All of it, while the receiver turns; false if it will not have it. */
static bool say(struct stage *s, int fd, const char *text, size_t n)
{
	deadline until = deadline_in(PATIENCE_MS);

	while (n > 0 && deadline_poll(until) != 0) {
		ssize_t some = send(fd, text, n, MSG_NOSIGNAL);

		if (some > 0) {
			text += some;
			n -= (size_t)some;
		} else if (errno != EAGAIN) {
			return false;
		}
		turn(s);
	}
	return n == 0;
}

static void say_line(struct stage *s, int fd, const char *text)
{
	ck_assert(say(s, fd, text, strlen(text)));
}

/* What came, with a NUL; 0 at the end, -1 if there is nothing yet. */
static ssize_t get(int fd, char *block, size_t size)
{
	ssize_t n = recv(fd, block, size - 1, 0);

	block[n > 0 ? n : 0] = '\0';
	return n;
}

/* Whether that comes, before the connection ends or our patience. */
static bool hears(struct stage *s, int fd, const char *text)
{
	deadline until = deadline_in(PATIENCE_MS);
	struct buf all;
	char block[4096];
	bool found = false;
	ssize_t n = -1;

	buf_init(&all, MB);
	while (!found && n != 0 && deadline_poll(until) != 0) {
		turn(s);
		if ((n = get(fd, block, sizeof(block))) > 0)
			buf_puts(&all, block);
		found = strstr(all.data, text) != NULL;
	}
	if (!found)
		fprintf(stderr, "no '%s' in '%s'\n", text, all.data);
	buf_release(&all);
	return found;
}

/* Whether it is over, nothing more being said. */
static bool is_ended(struct stage *s, int fd)
{
	deadline until = deadline_in(PATIENCE_MS);
	char block[4096];
	ssize_t n;

	while ((n = get(fd, block, sizeof(block))) != 0 && deadline_poll(until) != 0)
		turn(s);
	return n == 0;
}

/* Nothing is said to it, nor is it cut off, for so long. */
static bool is_left_alone(struct stage *s, int fd, int64_t ms)
{
	deadline until = deadline_in(ms);
	char block[4096];
	ssize_t n = -1;

	while (n < 0 && deadline_poll(until) != 0) {
		turn(s);
		n = get(fd, block, sizeof(block));
	}
	return n < 0;
}

static size_t queued(const struct stage *s)
{
	char path[UNIT_DIR_MAX + 16];
	struct dirent *e;
	size_t n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/spool/queue", s->place.dir);
	d = opendir(path);
	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

#define BEGIN "MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n"
#define WHOLE BEGIN "Subject: x\r\n\r\nhello\r\n.\r\n"

/* --- time --- */

START_TEST(an_hour_idle)
{
	/* What SPEC.md and sendmail(8) promise to `sendmail -bs`, whose other end keeps its own clock of an hour. */
	ck_assert_int_gt(receiver_usual.idle_ms, 60 * 60 * 1000);
	ck_assert_int_ge(receiver_usual.idle_tcp_ms, 5 * 60 * 1000);
	ck_assert_int_ge(receiver_usual.in_hand_ms, 5 * 60 * 1000);
}
END_TEST

START_TEST(silence)
{
	struct receiver_limits limits = receiver_usual;
	struct stage s;
	int silent, patient;

	limits.idle_ms = 300;
	stage_start(&s, &limits, "");
	silent = call(&s);
	patient = call(&s);
	ck_assert(hears(&s, silent, "220 "));
	say_line(&s, patient, BEGIN);
	ck_assert(hears(&s, silent, "421 4.3.2 timeout\r\n"));
	ck_assert(is_ended(&s, silent));
	say_line(&s, patient, "\r\nhello\r\n.\r\n"); /* a transaction has a time of its own */
	ck_assert(hears(&s, patient, "250 2.0.0 queued as "));
	close(silent);
	close(patient);
	stage_end(&s);
}
END_TEST

START_TEST(stops_in_mid_message)
{
	struct receiver_limits limits = receiver_usual;
	struct stage s;
	int half, idle;

	limits.in_hand_ms = 300;
	stage_start(&s, &limits, "");
	half = call(&s);
	idle = call(&s);
	ck_assert(hears(&s, idle, "220 "));
	say_line(&s, half, BEGIN "Subject: ha");
	ck_assert(hears(&s, half, "421 4.3.2 timeout\r\n"));
	ck_assert(is_ended(&s, half));
	ck_assert(is_left_alone(&s, idle, 500));
	ck_assert_uint_eq(queued(&s), 0);
	close(half);
	close(idle);
	stage_end(&s);
}
END_TEST

/* --- room --- */

/* Four places, of which a user may have two: a newcomer takes that of who has been silent. */
START_TEST(crowd)
{
	struct receiver_limits limits = receiver_usual;
	struct stage s;
	int first, second, third, fourth;

	limits.clients = 4;
	stage_start(&s, &limits, "");
	first = call(&s);
	ck_assert(hears(&s, first, "220 "));
	second = call(&s);
	ck_assert(hears(&s, second, "220 "));
	third = call(&s);
	ck_assert(hears(&s, third, "421 4.7.0 too many connections"));
	ck_assert(is_left_alone(&s, second, 1100));
	say_line(&s, second, "NOOP\r\n");
	fourth = call(&s);
	ck_assert(hears(&s, fourth, "220 "));
	ck_assert(hears(&s, first, "421 4.3.2 too many connections, and this one was silent"));
	ck_assert(hears(&s, second, "250 "));
	for (int i = 0, fd[] = { first, second, third, fourth }; i < 4; i++)
		close(fd[i]);
	stage_end(&s);
}
END_TEST

START_TEST(queue_full)
{
	struct stage s;
	int fd, other;

	stage_start(&s, &receiver_usual, "quota_messages 1");
	fd = call(&s);
	say_line(&s, fd, WHOLE);
	ck_assert(hears(&s, fd, "250 2.0.0 queued as "));
	other = call(&s);
	say_line(&s, other, "MAIL FROM:<a@x>\r\n");
	ck_assert(hears(&s, other, "421 4.3.2 "));
	ck_assert(is_ended(&s, other));
	ck_assert_uint_eq(queued(&s), 1);
	close(fd);
	close(other);
	stage_end(&s);
}
END_TEST

/* --- memory --- */

/* A header of so many octets: many small fields, or one long line. */
static char *a_header(size_t n, bool small)
{
	char *text = alloc(n + 1);

	for (size_t i = 0; i < n; i++)
		text[i] = small ? "a:\r\n"[i % 4] : i < 2 ? "a:"[i] : 'x';
	text[n] = '\0';
	return text;
}

/* Headers of many connections: those with the most are told to come again, and the others get through. */
START_TEST(headers_in_memory)
{
	enum { HOGS = 8, LIMIT = 2 * MB };
	struct receiver_limits limits = receiver_usual;
	struct stage s;
	char *header = a_header(MB, _i);
	int hog[HOGS], other, told = 0;

	limits.held = LIMIT;
	stage_start(&s, &limits, "");
	other = call(&s);
	say_line(&s, other, BEGIN "Subject: small\r\n");
	for (int i = 0; i < HOGS; i++) {
		hog[i] = call(&s);
		say_line(&s, hog[i], BEGIN);
		say(&s, hog[i], header, MB);
	}
	for (int i = 0; i < HOGS; i++)
		told += hears(&s, hog[i], "354 ") && !is_left_alone(&s, hog[i], 100);
	ck_assert_int_ge(told, HOGS - LIMIT / MB);
	say_line(&s, other, "\r\nhello\r\n.\r\n");
	ck_assert(hears(&s, other, "250 2.0.0 queued as "));
	ck_assert_uint_le(s.most_held, LIMIT + 3 * MB); /* a buffer doubles before it is looked at */
	for (int i = 0; i < HOGS; i++)
		close(hog[i]);
	close(other);
	free(header);
	stage_end(&s);
}
END_TEST

START_TEST(what_was_held_is_free_again)
{
	struct stage s;
	char *header = a_header(MB, true);
	int fd;

	stage_start(&s, &receiver_usual, "");
	fd = call(&s);
	say_line(&s, fd, BEGIN);
	ck_assert(say(&s, fd, header, MB));
	ck_assert_uint_ge(s.receiver.held, MB);
	say_line(&s, fd, "\r\nhello\r\n.\r\n");
	ck_assert(hears(&s, fd, "250 2.0.0 queued as "));
	turn(&s);
	ck_assert_uint_le(s.receiver.held, 16 * 1024);
	close(fd);
	free(header);
	stage_end(&s);
}
END_TEST

/* Messages with more recipients than go together are each dealt with. */
START_TEST(many_recipients)
{
	enum { MESSAGES = 3 };
	struct stage s;
	struct buf text;
	int fd[MESSAGES];

	stage_start(&s, &receiver_usual, "");
	buf_init(&text, MB);
	buf_puts(&text, "XMAIL HEADER\r\nBDAT 320002 LAST\r\n");
	for (int i = 0; i < BATCH_RECIPIENTS; i++)
		buf_printf(&text, "To: %05d@y.ex\r\n", i);
	buf_puts(&text, "\r\n");
	for (int i = 0; i < MESSAGES; i++) {
		fd[i] = call(&s);
		say_line(&s, fd[i], "NOOP\r\n");
	}
	for (int i = 0; i < MESSAGES; i++)
		say_line(&s, fd[i], text.data);
	for (int i = 0; i < MESSAGES; i++)
		ck_assert(hears(&s, fd[i], "250 2.0.0 queued as "));
	ck_assert_uint_eq(queued(&s), MESSAGES);
	for (int i = 0; i < MESSAGES; i++)
		close(fd[i]);
	buf_release(&text);
	stage_end(&s);
}
END_TEST

/* --- the end --- */

START_TEST(stopping)
{
	struct stage s;
	int idle, half, late;

	stage_start(&s, &receiver_usual, "");
	idle = call(&s);
	half = call(&s);
	ck_assert(hears(&s, idle, "220 "));
	say_line(&s, half, BEGIN "Subject: ha");
	ck_assert(hears(&s, half, "354 "));
	receiver_end(&s.receiver);
	late = call(&s);
	ck_assert(hears(&s, idle, "421 4.3.2 mailchute is stopping"));
	ck_assert(hears(&s, half, "421 4.3.2 mailchute is stopping"));
	ck_assert(is_ended(&s, idle));
	ck_assert(is_ended(&s, half));
	ck_assert(is_left_alone(&s, late, 100)); /* the socket goes away, and its next call finds another */
	ck_assert(receiver_is_empty(&s.receiver));
	ck_assert_uint_eq(queued(&s), 0);
	close(idle);
	close(half);
	close(late);
	stage_end(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("serve/receive");
	TCase *tc = tcase_create("receive");

	tcase_add_test(tc, an_hour_idle);
	tcase_add_test(tc, silence);
	tcase_add_test(tc, stops_in_mid_message);
	tcase_add_test(tc, crowd);
	tcase_add_test(tc, queue_full);
	tcase_add_loop_test(tc, headers_in_memory, 0, 2);
	tcase_add_test(tc, what_was_held_is_free_again);
	tcase_add_test(tc, many_recipients);
	tcase_add_test(tc, stopping);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
