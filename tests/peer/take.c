#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "strict.h"
#include "talk.h"

enum { TEXT_LINE_MAX = 998 };    /* RFC 5321, 4.5.3.1.6, without CRLF */

/* What to look out for in a message that comes in. */
struct intake {
	struct talk *talk;
	FILE *file;
	size_t octets, limit;        /* read so far; where STAGE_BODY begins */
	bool bare, nul, long_line, eightbit, acted;
};

static void note_line(struct intake *in, const char *p, size_t n)
{
	bool ends = n >= 2 && p[n - 2] == '\r' && p[n - 1] == '\n';
	size_t text = ends ? n - 2 : n;

	in->bare |= !ends || memchr(p, '\r', text) != NULL;
	in->nul |= memchr(p, '\0', text) != NULL;
	in->long_line |= text > TEXT_LINE_MAX;
	for (size_t i = 0; i < text && !in->eightbit; i++)
		in->eightbit = (p[i] & 0x80) != 0;
}

static void report(const struct intake *in)
{
	struct record *r = in->talk->record;

	if (in->bare)
		record_violation(r, "a bare CR or LF in the message");
	if (in->nul)
		record_violation(r, "a NUL in the message");
	if (in->long_line)
		record_note(r, "a line of more than %d octets", TEXT_LINE_MAX);
	if (in->eightbit)
		record_note(r, "8-bit");
}

/* Misbehave in mid-body where we are told to. */
static void act_in_body(struct intake *in)
{
	if (in->acted || in->octets < in->limit)
		return;
	in->acted = true;
	talk_act(in->talk, STAGE_BODY);
}

/* The usual answer to the end of data. */
static void judge(const struct talk *t, FILE *file, struct buf *answer)
{
	struct buf why;

	buf_init(&why, SIZE_MAX / 2);
	if (t->b->strict && !strict_takes(file, &why)) {
		buf_puts(answer, "550 5.6.0 ");
		str_escape(answer, why.data, why.len);
	} else {
		buf_puts(answer, "250 2.0.0 taken");
	}
	fseek(file, 0, SEEK_END);
	buf_release(&why);
}

/* LMTP gives one answer a recipient (RFC 2033, 4.2). */
static bool answer_all(struct talk *t, FILE *file)
{
	size_t answers = t->b->protocol == PROTOCOL_LMTP ? t->recipients : 1;
	struct buf usual;
	bool kept = false;

	buf_init(&usual, SIZE_MAX / 2);
	judge(t, file, &usual);
	for (size_t i = 0; i < answers && !t->over; i++)
		kept = talk_answer(t, STAGE_DOT, usual.data) || kept;
	buf_release(&usual);
	return kept;
}

static void settle(struct talk *t, FILE *file, bool kept)
{
	if (kept)
		record_keep(t->record, file);
	else
		record_drop(t->record, file);
}

/* Lines to the lone dot; whether it came. */
static bool read_lines(struct intake *in)
{
	struct buf *line = &in->talk->line;

	while (!in->talk->over && wire_read_line(&in->talk->wire, line)) {
		const char *p = line->data;
		size_t n = line->len;

		if (n == 3 && memcmp(p, ".\r\n", 3) == 0)
			return true;
		if (p[n - 1] == '\n')       /* else the client left in mid-line */
			note_line(in, p, n);
		in->octets += n;
		if (*p == '.') {
			p++;
			n--;
		}
		fwrite(p, 1, n, in->file);
		act_in_body(in);
	}
	return false;
}

void talk_take_data(struct talk *t)
{
	struct intake in = {
		.talk = t, .file = record_message(t->record), .limit = talk_limit(t, STAGE_BODY),
	};
	bool complete = read_lines(&in);

	report(&in);
	if (complete)
		record_note(t->record, "dot");
	else if (!t->over)
		record_note(t->record, "client left in mid-message");
	if (!complete)
		talk_close(t);
	settle(t, in.file, complete && !in.acted && answer_all(t, in.file));
	talk_reset(t);
}

/* A chunk may end anywhere, so its lines are only looked at when all is there. */
static void report_file(struct talk *t, FILE *file)
{
	struct intake in = { .talk = t };
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	rewind(file);
	while ((n = getline(&line, &cap, file)) > 0)
		note_line(&in, line, (size_t)n);
	fseek(file, 0, SEEK_END);
	free(line);
	report(&in);
}

static bool read_chunk(struct talk *t, size_t octets)
{
	char piece[65536];

	while (octets > 0) {
		size_t n = octets < sizeof piece ? octets : sizeof piece;

		if (!wire_read(&t->wire, piece, n))
			return false;
		if (t->message != NULL)
			fwrite(piece, 1, n, t->message);
		octets -= n;
	}
	return true;
}

void talk_take_chunk(struct talk *t, size_t octets, bool last)
{
	bool wanted = t->recipients > 0;

	if (wanted && t->message == NULL)
		t->message = record_message(t->record);
	if (!read_chunk(t, octets)) {
		talk_close(t);
	} else if (!wanted) {
		talk_say(t, "503 5.5.1 no recipients");
	} else if (!last) {
		talk_answer(t, STAGE_BDAT, "250 2.0.0 chunk taken");
		return;
	} else {
		report_file(t, t->message);
		settle(t, t->message, answer_all(t, t->message));
		t->message = NULL;
	}
	talk_reset(t);
}
