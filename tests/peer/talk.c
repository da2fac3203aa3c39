#include "talk.h"

#include <stdint.h>
#include <string.h>

#include "base/str.h"

enum { COMMAND_MAX = 12288 };    /* RFC 4954, 4.3: AUTH's lines may be that long */

static void leave(struct talk *t, bool rudely)
{
	record_note(t->record, rudely ? "reset" : "close");
	if (rudely)
		wire_reset(&t->wire);
	else
		wire_close(&t->wire);
	t->over = true;
}

void talk_close(struct talk *t)
{
	if (!t->over)
		leave(t, false);
}

void talk_reset(struct talk *t)
{
	t->has_mail = false;
	t->recipients = 0;
	if (t->message != NULL)
		record_drop(t->record, t->message);
	t->message = NULL;
}

/* ---- reading ---- */

static void check_line(struct talk *t, const char *p, size_t n)
{
	bool ends = n >= 2 && p[n - 2] == '\r' && p[n - 1] == '\n';

	if (!ends)
		record_violation(t->record, "a line without CRLF");
	if (str_has_control(p, ends ? n - 2 : n))
		record_violation(t->record, "a control character in a command");
	if (n > COMMAND_MAX)
		record_violation(t->record, "a command of %zu octets", n);
}

bool talk_read(struct talk *t)
{
	struct buf *line = &t->line;

	if (t->over || !wire_read_line(&t->wire, line)) {
		if (!t->over)
			record_note(t->record, "client left");
		talk_close(t);
		return false;
	}
	check_line(t, line->data, line->len);
	while (line->len > 0 && strchr("\r\n", line->data[line->len - 1]) != NULL)
		buf_truncate(line, line->len - 1);
	record_line(t->record, "C: ", line->data, line->len);
	return true;
}

/* ---- saying ---- */

static void send_octets(struct talk *t, const char *p, size_t n)
{
	record_lines(t->record, "S: ", p, n);
	if (!t->over && !wire_write(&t->wire, p, n))
		leave(t, false);
}

void talk_say(struct talk *t, const char *text)
{
	const char *end = t->b->lines == LINES_LF ? "\n" : "\r\n";
	struct buf out;

	buf_init(&out, SIZE_MAX / 2);
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			buf_puts(&out, end);
		else
			buf_putc(&out, *text);
	}
	buf_puts(&out, end);
	send_octets(t, out.data, out.len);
	buf_release(&out);
}

static void send_garbage(struct talk *t)
{
	static const char garbage[] = "\x16\x03\xff\xfe!\x80 \x07{}<html>\x7f\r\n\xc3\x28\r\n";

	send_octets(t, garbage, sizeof garbage - 1);
}

/* A reply that never ends, until the client has had enough. */
static void send_endless(struct talk *t)
{
	static const char line[] = "250-and furthermore, as we said before, and so on\r\n";

	record_note(t->record, "endless");
	while (wire_write(&t->wire, line, sizeof line - 1))
		;
	leave(t, false);
}

static void be_silent(struct talk *t)
{
	record_note(t->record, "silence");
	wire_wait_for_end(&t->wire);
	leave(t, false);
}

static bool is_positive(const char *text)
{
	return *text == '2' || *text == '3';
}

/* A stage without a reply of its own succeeds in silence. */
static bool say_usual(struct talk *t, const char *usual)
{
	if (usual == NULL)
		return true;
	talk_say(t, usual);
	return is_positive(usual);
}

/* Whether the client was told that the stage succeeds. */
static bool act(struct talk *t, const struct action *a, const char *usual)
{
	switch (a->act) {
	case ACT_REPLY:
		talk_say(t, a->text);
		return is_positive(a->text);
	case ACT_RAW:
		send_octets(t, a->text, a->len);
		return is_positive(a->text);
	case ACT_USUAL:
		return say_usual(t, usual);
	case ACT_SILENCE:
		be_silent(t);
		break;
	case ACT_GARBAGE:
		send_garbage(t);
		break;
	case ACT_ENDLESS:
		send_endless(t);
		break;
	case ACT_CLOSE:
	case ACT_RESET:
		leave(t, a->act == ACT_RESET);
		break;
	}
	return false;
}

bool talk_answer(struct talk *t, enum stage stage, const char *usual)
{
	size_t times = ++t->peer->times[stage];
	bool told = false, good = false;

	for (size_t i = 0; i < t->b->len && !t->over; i++) {
		const struct action *a = &t->b->actions[i];

		if (a->stage != stage || (a->number != 0 && a->number != times))
			continue;
		told = true;
		good = act(t, a, usual) || good;
	}
	if (!told && !t->over)
		good = say_usual(t, usual);
	return good && !t->over;
}

size_t talk_limit(const struct talk *t, enum stage stage)
{
	for (size_t i = 0; i < t->b->len; i++) {
		if (t->b->actions[i].stage == stage)
			return t->b->actions[i].number;
	}
	return SIZE_MAX;
}

void talk_act(struct talk *t, enum stage stage)
{
	for (size_t i = 0; i < t->b->len && !t->over; i++) {
		if (t->b->actions[i].stage == stage)
			act(t, &t->b->actions[i], "250 ok");
	}
}
