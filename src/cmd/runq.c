#include "cmd/runq.h"

#include "cmd/report.h"
#include "cmd/spool.h"
#include "config/config.h"
#include "deliver/run.h"

struct runq {
	const char *program;     /* starts the line of a failure */
	const char *config;      /* -C, or NULL */
	const struct filter *filter;
	const struct trace *trace;
};

static bool run_once(const struct runq *q, const struct config *c, int *signal, struct status *st)
{
	struct queue queue;
	struct run run = {
		.queue = &queue,
		.config = c,
		.filter = q->filter,
		.trace = q->trace,
		.forced = true,
	};
	bool ok = queue_open(&queue, c->settings.spool, true, st) && run_queue(&run, signal, st);

	queue_close(&queue);
	return ok;
}

static int run(const struct runq *q)
{
	struct config c;
	struct status st = { .sysexit = EX_OK };
	int signal = 0;
	bool ok;

	config_init(&c);
	ok = config_load(&c, q->config, &st);
	report_open_log(ok ? &c.settings : NULL);
	ok = ok && run_once(q, &c, &signal, &st);
	config_release(&c);
	if (ok)
		return signal == 0 ? EX_OK : EX_TEMPFAIL;
	report_failure(q->program, &st);
	return st.sysexit;
}

/* Of the mail of others only an operator may say when it is tried. */
static struct filter filter_for(const struct viewer *v, struct filter f)
{
	f.own = v != NULL && !v->is_operator;
	f.uid = v != NULL ? v->uid : 0;
	return f;
}

int runq_options(const struct options *o, const struct viewer *viewer)
{
	const struct filter filter = filter_for(viewer, (struct filter){
		.id = o->queue_id,
		.recipient = o->queue_recipient,
		.sender = o->queue_sender,
	});
	const struct runq q = {
		.program = "sendmail",
		.config = o->config,
		.filter = &filter,
		.trace = report_trace(o->verbose),
	};

	return run(&q);
}

int runq_flush(const struct call *call, char *const *ids, size_t n)
{
	const struct filter filter = filter_for(call->viewer, (struct filter){ .ids = n > 0 ? ids : NULL, .n = n });
	const struct runq q = { .program = "mailchute", .config = call->config, .filter = &filter };

	return run(&q);
}
