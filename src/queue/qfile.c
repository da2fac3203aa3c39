#include "queue/qfile.h"

#include "base/alloc.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char magic[] = "mailchute-queue 1\n";
static const char states[] = { [RECIPIENT_WAITING] = 'W', [RECIPIENT_SENT] = 'S', [RECIPIENT_FAILED] = 'F' };
static const char owed[] = { [RECIPIENT_WAITING] = 'W', [RECIPIENT_SENT] = 's', [RECIPIENT_FAILED] = 'f' };

char qfile_state(const struct recipient *r)
{
	return r->owed ? owed[r->state] : states[r->state];
}

/* --- writing --- */

void qfile_front(struct buf *out, const struct queue_entry *e)
{
	const struct queue_info *i = &e->info;
	size_t begin = out->len;

	buf_printf(out, "%sattempt next=%010lld tries=%06u notices=%06u flags=%c%c%c%c\nlast %s", magic,
	           (long long)i->next, i->tries % 1000000, i->notices % 1000000, i->held ? 'h' : '-',
	           i->warned ? 'w' : '-', i->sending ? 's' : '-', i->doubtful ? 'd' : '-', e->last);
	while (out->len - begin < QFILE_FRONT - 1)
		buf_putc(out, ' ');
	buf_putc(out, '\n');
}

static void line(struct buf *out, const char *key, const char *value)
{
	if (value != NULL)
		buf_printf(out, "%s %s\n", key, value);
}

static void number(struct buf *out, const char *key, uint64_t value)
{
	buf_printf(out, "%s %" PRIu64 "\n", key, value);
}

static void recipient(struct buf *out, const struct recipient *r)
{
	buf_printf(out, "to %c %s\n", qfile_state(r), r->address);
	if (strcmp(r->given, r->address) != 0)
		line(out, "as", r->given);
	if (r->notify != 0)
		number(out, "notify-of", r->notify);
	line(out, "orcpt", r->orcpt);
}

void qfile_head(struct buf *out, const struct queue_entry *e, uint64_t size)
{
	const struct envelope *env = &e->envelope;

	qfile_front(out, e);
	line(out, "id", e->id);
	number(out, "arrived", (uint64_t)e->info.arrived);
	number(out, "uid", e->info.uid);
	line(out, "account", e->info.account);
	line(out, "tag", e->info.tag);
	line(out, "about", e->info.about);
	number(out, "size", size);
	line(out, "sender", env->sender);
	line(out, "envid", env->envid);
	number(out, "notify", env->notify);
	number(out, "return", env->ret);
	number(out, "smtputf8", env->smtputf8);
	number(out, "8bit", e->message.body_8bit);
	for (size_t i = 0; i < env->len; i++)
		recipient(out, &env->v[i]);
	buf_putc(out, '\n');
}

/* --- reading --- */

struct reader {
	struct queue_entry *e;
	const char *text;      /* of the whole head */
	uint64_t *size;
	bool has_size;
};

static bool read_number(const char *s, uint64_t max, uint64_t *out)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	*out = strtoull(s, &end, 10);
	return *end == '\0' && *out <= max;
}

static bool take_text(char **to, const char *value)
{
	if (*to != NULL)
		return false; /* twice */
	*to = alloc_copy(value);
	return true;
}

static bool read_id(struct reader *r, const char *value)
{
	size_t n = strlen(value);

	if (n == 0 || n > QUEUE_ID_MAX || strchr(value, '/') != NULL)
		return false;
	memcpy(r->e->id, value, n + 1);
	return true;
}

static bool read_arrived(struct reader *r, const char *value)
{
	uint64_t n;

	if (!read_number(value, INT64_MAX, &n))
		return false;
	r->e->info.arrived = (time_t)n;
	return true;
}

static bool read_uid(struct reader *r, const char *value)
{
	uint64_t n;

	if (!read_number(value, UINT32_MAX, &n))
		return false;
	r->e->info.uid = (uid_t)n;
	return true;
}

static bool read_account(struct reader *r, const char *value)
{
	return take_text(&r->e->info.account, value);
}

static bool read_tag(struct reader *r, const char *value)
{
	return take_text(&r->e->info.tag, value);
}

static bool read_about(struct reader *r, const char *value)
{
	return strchr(value, '/') == NULL && take_text(&r->e->info.about, value);
}

static bool read_size(struct reader *r, const char *value)
{
	r->has_size = true;
	return read_number(value, INT64_MAX, r->size);
}

static bool read_sender(struct reader *r, const char *value)
{
	envelope_set_sender(&r->e->envelope, value);
	return true;
}

static bool read_envid(struct reader *r, const char *value)
{
	return take_text(&r->e->envelope.envid, value);
}

static bool read_notify_set(const char *value, unsigned *out)
{
	uint64_t n;

	if (!read_number(value, NOTIFY_NEVER | NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY, &n))
		return false;
	*out = (unsigned)n;
	return true;
}

static bool read_notify(struct reader *r, const char *value)
{
	return read_notify_set(value, &r->e->envelope.notify);
}

static bool read_return(struct reader *r, const char *value)
{
	uint64_t n;

	if (!read_number(value, RETURN_HEADERS, &n))
		return false;
	r->e->envelope.ret = (enum dsn_return)n;
	return true;
}

static bool read_smtputf8(struct reader *r, const char *value)
{
	uint64_t n;

	if (!read_number(value, 1, &n))
		return false;
	r->e->envelope.smtputf8 |= n == 1;
	return true;
}

static bool read_8bit(struct reader *r, const char *value)
{
	uint64_t n;

	if (!read_number(value, 1, &n))
		return false;
	r->e->message.body_8bit = n == 1;
	return true;
}

static bool read_state(char c, struct recipient *out)
{
	for (size_t i = 0; i < COUNT_OF(states); i++)
		if (states[i] == c || owed[i] == c) {
			out->state = (enum recipient_state)i;
			out->owed = states[i] != c;
			return true;
		}
	return false;
}

static bool read_to(struct reader *r, const char *value)
{
	struct envelope *env = &r->e->envelope;

	return *value != '\0' && value[1] == ' ' && envelope_add(env, value + 2, value + 2)
	       && read_state(value[0], &env->v[env->len - 1]);
}

/* The one that the line is about; NULL if there is none. */
static struct recipient *last_recipient(const struct reader *r)
{
	const struct envelope *env = &r->e->envelope;

	return env->len > 0 ? &env->v[env->len - 1] : NULL;
}

static bool read_as(struct reader *r, const char *value)
{
	struct recipient *to = last_recipient(r);

	if (to == NULL)
		return false;
	free(to->given);
	to->given = alloc_copy(value);
	return true;
}

static bool read_notify_of(struct reader *r, const char *value)
{
	struct recipient *to = last_recipient(r);

	return to != NULL && read_notify_set(value, &to->notify);
}

static bool read_orcpt(struct reader *r, const char *value)
{
	struct recipient *to = last_recipient(r);

	return to != NULL && take_text(&to->orcpt, value);
}

static const struct key {
	const char *name;
	bool (*read)(struct reader *r, const char *value);
} keys[] = {
	{ "id", read_id },
	{ "arrived", read_arrived },
	{ "uid", read_uid },
	{ "account", read_account },
	{ "tag", read_tag },
	{ "about", read_about },
	{ "size", read_size },
	{ "sender", read_sender },
	{ "envid", read_envid },
	{ "notify", read_notify },
	{ "return", read_return },
	{ "smtputf8", read_smtputf8 },
	{ "8bit", read_8bit },
	{ "to", read_to },
	{ "as", read_as },
	{ "notify-of", read_notify_of },
	{ "orcpt", read_orcpt },
};

static bool read_line(struct reader *r, char *text)
{
	char *blank = strchr(text, ' ');

	if (blank == NULL)
		return false;
	*blank = '\0';
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (strcmp(keys[i].name, text) == 0)
			return keys[i].read(r, blank + 1);
	return false;
}

static bool read_front(struct queue_entry *e, const char *text)
{
	char front[QFILE_FRONT + 1], flags[5], *last;
	long long next;
	int at = 0;

	memcpy(front, text, QFILE_FRONT);
	front[QFILE_FRONT] = '\0';
	if (sscanf(front + strlen(magic), "attempt next=%10lld tries=%6u notices=%6u flags=%4[-hwsd]\nlast %n", &next,
	           &e->info.tries, &e->info.notices, flags, &at) != 4 || at == 0)
		return false;
	e->info.next = (time_t)next;
	e->info.held = flags[0] == 'h';
	e->info.warned = strchr(flags, 'w') != NULL;
	e->info.sending = strchr(flags, 's') != NULL;
	e->info.doubtful = strchr(flags, 'd') != NULL;
	last = front + strlen(magic) + at;
	for (size_t n = strlen(last); n > 0 && (last[n - 1] == ' ' || last[n - 1] == '\n'); n--)
		last[n - 1] = '\0';
	snprintf(e->last, sizeof(e->last), "%s", last);
	return true;
}

/* The lines behind the front, each cut out of a copy. */
static bool read_rest(struct reader *r, const char *text, size_t n)
{
	const char *end = text + n, *lf;
	bool ok = true;

	for (; ok && text < end && *text != '\n'; text = lf + 1) {
		char *copy;
		size_t recipients = r->e->envelope.len;

		if ((lf = memchr(text, '\n', (size_t)(end - text))) == NULL)
			return false;
		copy = alloc_copyn(text, (size_t)(lf - text));
		ok = strlen(copy) == (size_t)(lf - text) && read_line(r, copy);
		free(copy);
		if (r->e->envelope.len > recipients) {
			r->e->state_at = alloc_array(r->e->state_at, r->e->envelope.len, sizeof(off_t));
			r->e->state_at[recipients] = text - r->text + (off_t)strlen("to ");
		}
	}
	return ok && text == end - 1;
}

bool qfile_parse(struct queue_entry *out, const char *text, size_t n, uint64_t *size, const char **why)
{
	struct reader r = { .e = out, .text = text, .size = size };

	*why = "it does not start as a queue file does";
	if (n < QFILE_FRONT || memcmp(text, magic, strlen(magic)) != 0 || text[QFILE_FRONT - 1] != '\n'
	    || !read_front(out, text))
		return false;
	*why = "a line before the message makes no sense";
	if (!read_rest(&r, text + QFILE_FRONT, n - QFILE_FRONT))
		return false;
	*why = "a line before the message is missing";
	return r.has_size && out->id[0] != '\0' && out->info.account != NULL && out->envelope.len > 0;
}
