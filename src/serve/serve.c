#include "serve/serve.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "deliver/run.h"

struct server {
	char *file;              /* -C's, absolute; NULL */
	struct config config;
	struct queue queue;
};

/* Where there is neither syslog nor a file, whoever started us reads stderr. */
static void open_log(const struct settings *s)
{
	struct log_config log = {
		.facility = s->syslog,
		.file = s->logfile,
		.json = s->logformat == LOGFORMAT_JSON,
	};

	if (log.file == NULL && (log.facility < 0 || !log_has_syslog()))
		log.file = "-";
	log_open(&log);
}

static void log_line(const char *event, const struct server *s, const char *error)
{
	struct log_event *e = log_event(event);

	log_text(e, "version", VERSION);
	log_text(e, "config", s->config.path);
	log_text(e, "spool", s->config.settings.spool);
	log_text(e, "error", error);
	log_send(e);
}

/* --- starting --- */

static bool become(const struct passwd *pw, struct status *st)
{
	return (initgroups(pw->pw_name, pw->pw_gid) == 0 && setgid(pw->pw_gid) == 0
	        && setuid(pw->pw_uid) == 0)
	       || status_fail(st, EX_OSERR, "cannot become %s: %s", pw->pw_name, strerror(errno));
}

static bool drop_root(const struct server *s, struct status *st)
{
	const char *name = s->config.settings.run_as;
	const struct passwd *pw;

	if (geteuid() != 0 || (name == NULL && s->file != NULL))
		return true;
	pw = getpwnam(name != NULL ? name : "mailchute");
	if (pw == NULL)
		return name == NULL || status_fail(st, EX_CONFIG, "run_as: there is no user %s", name);
	return become(pw, st);
}

static bool load(struct config *c, const char *file, struct status *st)
{
	return config_load(c, file, st) && config_usable(c, NULL, st);
}

static void say_what_is_missing(const struct settings *s)
{
	if (s->listen != NULL)
		fputs("mailchute: listen has no effect yet: this version delivers the queue and takes no mail\n",
		      stderr);
}

static bool start(struct server *s, struct status *st)
{
	if (!load(&s->config, s->file, st) || !drop_root(s, st)
	    || !queue_open(&s->queue, s->config.settings.spool, true, st))
		return false;
	open_log(&s->config.settings);
	say_what_is_missing(&s->config.settings);
	log_line("started", s, NULL);
	return true;
}

/* --- running --- */

static bool reload(struct server *s, struct status *st)
{
	struct config fresh;

	config_init(&fresh);
	if (!load(&fresh, s->file, st)) {
		config_release(&fresh);
		log_line("reloaded", s, st->text); /* and go on as we are */
		return true;
	}
	config_release(&s->config);
	s->config = fresh;
	queue_close(&s->queue);
	if (!queue_open(&s->queue, s->config.settings.spool, true, st))
		return false;
	open_log(&s->config.settings);
	log_line("reloaded", s, NULL);
	return true;
}

static bool run(struct server *s, struct status *st)
{
	struct run all = { .queue = &s->queue, .config = &s->config, .stay = true };
	int signal;

	do
		if (!run_queue(&all, &signal, st))
			return false;
	while (signal == SIGHUP && reload(s, st));
	return signal != SIGHUP;
}

/* They come when run_queue looks for them, not while we read the configuration. */
static void hold_signals(void)
{
	static const int held[] = { SIGHUP, SIGINT, SIGTERM };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		sigaddset(&set, held[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static bool find_file(struct server *s, const char *file, struct status *st)
{
	s->file = file != NULL ? realpath(file, NULL) : NULL;
	return file == NULL || s->file != NULL || status_fail(st, EX_CONFIG, "%s: %s", file, strerror(errno));
}

bool serve(const char *file, struct status *st)
{
	struct server s = { .queue = { .spool_fd = -1, .queue_fd = -1, .tmp_fd = -1 } };
	bool ok;

	hold_signals();
	config_init(&s.config);
	ok = find_file(&s, file, st) && start(&s, st) && run(&s, st);
	if (ok)
		log_line("stopped", &s, NULL);
	queue_close(&s.queue);
	config_release(&s.config);
	free(s.file);
	return ok;
}
