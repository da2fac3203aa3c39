#include "deliver/parts.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "deliver/first.h"
#include "deliver/maillog.h"

struct queue_limits parts_limits(const struct settings *s)
{
	return (struct queue_limits){ .messages = s->quota_messages, .bytes = s->quota_bytes };
}

bool parts_fit(const struct prepared *mail, uint64_t octets, const struct queue_limits *limits,
               struct queue_usage *usage, struct status *st)
{
	struct queue_usage sum = *usage;

	for (const struct prepared *part = mail; part != NULL; part = part->next) {
		if (!queue_has_room(limits, &sum, octets, st))
			return false;
		sum.messages++;
		sum.bytes += octets;
	}
	*usage = sum;
	return true;
}

/* What goes another way than the first is not tried while the caller waits. */
static struct queue_info info_of(const struct prepared *mail, const struct prepared *part,
                                 const struct queue_info *shared)
{
	struct queue_info info = *shared;

	info.account = part->route.account->name;
	info.sending = shared->sending && part == mail;
	info.held = shared->held || part->held;
	return info;
}

bool parts_stage(struct parts *p, struct queue *q, const struct prepared *mail, const struct queue_info *info,
                 const struct message *m, struct status *st)
{
	bool ok = true;

	for (const struct prepared *part = mail; ok && part != NULL; part = part->next) {
		const struct queue_info own = info_of(mail, part, info);

		p->v = alloc_array(p->v, p->len + 1, sizeof(*p->v));
		ok = queue_stage(q, part->id, &own, &part->envelope, m, own.sending, &p->v[p->len++], st);
	}
	return ok;
}

void parts_commit(struct queue *q, struct parts *const *v, size_t n)
{
	struct queue_staged **all = NULL;
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		all = alloc_array(all, len + v[i]->len, sizeof(*all));
		for (size_t k = 0; k < v[i]->len; k++)
			all[len++] = &v[i]->v[k];
	}
	if (len > 0)
		queue_commit(q, all, len);
	free(all);
}

void parts_log(const struct prepared *mail, const struct queue_info *info, const char *program, pid_t pid,
               const struct message *m)
{
	for (const struct prepared *part = mail; part != NULL; part = part->next) {
		const struct queue_info own = info_of(mail, part, info);

		first_log(part->id, &own, program, pid, &part->envelope, m);
		if (part->held)
			maillog_held(part->id, &own, &part->envelope);
	}
}

void parts_release(struct parts *p, struct queue *q)
{
	for (size_t i = 0; i < p->len; i++)
		queue_staged_release(q, &p->v[i]);
	free(p->v);
	*p = (struct parts){ 0 };
}
