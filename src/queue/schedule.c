#include "queue/schedule.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void schedule_release(struct schedule *s)
{
	free(s->v);
	*s = (struct schedule){ .v = NULL };
}

static bool is_before(const struct schedule_entry *a, const struct schedule_entry *b)
{
	return a->next != b->next ? a->next < b->next : strcmp(a->id, b->id) < 0;
}

static void swap(struct schedule_entry *a, struct schedule_entry *b)
{
	struct schedule_entry t = *a;

	*a = *b;
	*b = t;
}

static void rise(struct schedule *s, size_t i)
{
	for (; i > 0 && is_before(&s->v[i], &s->v[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&s->v[i], &s->v[(i - 1) / 2]);
}

static void sink(struct schedule *s, size_t i)
{
	for (size_t child; (child = 2 * i + 1) < s->len; i = child) {
		if (child + 1 < s->len && is_before(&s->v[child + 1], &s->v[child]))
			child++;
		if (!is_before(&s->v[child], &s->v[i]))
			return;
		swap(&s->v[child], &s->v[i]);
	}
}

void schedule_add(struct schedule *s, const char *id, int64_t next)
{
	struct schedule_entry *e;

	if (s->len == s->cap) {
		s->cap = s->cap > 0 ? s->cap * 2 : 16;
		s->v = alloc_array(s->v, s->cap, sizeof(*s->v));
	}
	e = &s->v[s->len++];
	e->next = next;
	snprintf(e->id, sizeof(e->id), "%s", id);
	rise(s, s->len - 1);
}

const struct schedule_entry *schedule_first(const struct schedule *s)
{
	return s->len > 0 ? &s->v[0] : NULL;
}

static void take_out(struct schedule *s, size_t i)
{
	s->v[i] = s->v[--s->len];
	if (i < s->len) {
		rise(s, i);
		sink(s, i);
	}
}

struct schedule_entry schedule_take(struct schedule *s)
{
	struct schedule_entry first = s->v[0];

	take_out(s, 0);
	return first;
}

bool schedule_remove(struct schedule *s, const char *id)
{
	for (size_t i = 0; i < s->len; i++)
		if (strcmp(s->v[i].id, id) == 0) {
			take_out(s, i);
			return true;
		}
	return false;
}
