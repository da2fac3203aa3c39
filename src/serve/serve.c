#include "serve/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <pwd.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "config/config.h"
#include "config/machine.h"
#include "deliver/run.h"
#include "serve/notify.h"
#include "serve/receive.h"

/* Of the ten seconds that SIGTERM leaves: callers, first attempts, the runner. */
enum { HURRY_MS = 7 * 1000, STOP_MS = 9 * 1000, RESTART_MS = 1000, IN_MEMORY = 64 * 1024 };

struct server {
	const struct serve_options *options;
	char *file;                  /* -C's, absolute; NULL */
	char *name;                  /* of this host */
	struct config config;
	struct queue queue;
	struct policy policy;
	struct queue_census census;
	struct aliases *aliases;
	struct listeners listeners;
	struct receiver receiver;
	struct loop loop;
	int   lock, signals, notify; /* descriptors, or -1 */
	pid_t runner;                /* 0: not there */
	deadline run_again;
	bool  again;                 /* the runner was told to end and to come back */
	bool  stopping;
	deadline hurry, stop;
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

static bool load(struct config *c, const char *file, struct status *st)
{
	if (!config_load(c, file, st))
		return false;
	return c->settings.deliver != DELIVER_NOW
	       || status_fail(st, EX_CONFIG, "%s: `deliver now` keeps no mail, and a daemon has to: use auto or queue",
	                      c->path != NULL ? c->path : "MAILCHUTE_URL");
}

/* Whom a daemon that was started as root becomes; NULL with EX_OK: nobody else. */
static const struct passwd *find_user(const struct server *s, struct status *st)
{
	const char *name = s->config.settings.run_as;
	const struct passwd *pw;

	st->sysexit = EX_OK;
	if (geteuid() != 0 || (name == NULL && s->file != NULL))
		return NULL;
	pw = getpwnam(name != NULL ? name : "mailchute");
	if (pw == NULL && name != NULL)
		status_fail(st, EX_CONFIG, "run_as: there is no user %s", name);
	return pw;
}

/* Directories that root has to make, since they are in root's. */
static void give_directory(const char *path, mode_t mode, const struct passwd *pw)
{
	if (mkdir(path, mode) == 0 && (chmod(path, mode) != 0 || chown(path, pw->pw_uid, pw->pw_gid) != 0))
		rmdir(path);
}

static void make_directories(const struct settings *s, const struct passwd *pw)
{
	char *submit = alloc_copy(s->submit);

	give_directory(dirname(submit), 0755, pw);
	give_directory(s->spool, 0700, pw);
	free(submit);
}

static bool become(const struct passwd *pw, struct status *st)
{
	return (initgroups(pw->pw_name, pw->pw_gid) == 0 && setgid(pw->pw_gid) == 0
	        && setuid(pw->pw_uid) == 0)
	       || status_fail(st, EX_OSERR, "cannot become %s: %s", pw->pw_name, strerror(errno));
}

/* What only root may, then no more of it. */
static bool open_as_root(struct server *s, struct status *st)
{
	const struct passwd *pw = find_user(s, st);

	if (st->sysexit != EX_OK)
		return false;
	if (pw != NULL)
		make_directories(&s->config.settings, pw);
	return listen_take(&s->listeners, st) && listen_open(&s->listeners, &s->config.settings, st)
	       && (open_log(&s->config.settings), pw == NULL || become(pw, st));
}

/* A record lock: no child inherits it, so it goes with us and not with them. */
static bool lock_spool(struct server *s, struct status *st)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	s->lock = openat(s->queue.spool_fd, "serve.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0)
		return status_fail(st, EX_CANTCREAT, "%s/serve.lock: %s", s->queue.spool, strerror(errno));
	return fcntl(s->lock, F_SETLK, &all) == 0
	       || status_fail(st, EX_TEMPFAIL, "another `mailchute serve` has the spool %s", s->queue.spool);
}

static void set_options(struct server *s)
{
	s->receiver.smtp = (struct smtpd_options){
		.name = s->name,
		.strict = true,
		.ignore_dots = s->config.settings.ignore_dots,
		.max_message = s->config.settings.max_message,
		.in_memory = IN_MEMORY,
	};
}

/* In a child: what is the daemon's alone. */
static void forget(void *arg)
{
	struct server *s = arg;

	listen_close(&s->listeners, false);
	receiver_forget(&s->receiver);
	close(s->signals);
	close(s->lock);
	close(s->notify);
}

static bool start(struct server *s, struct status *st)
{
	s->name = machine_name();
	s->aliases = aliases_new();
	if (!load(&s->config, s->file, st) || !open_as_root(s, st)
	    || !queue_open(&s->queue, s->config.settings.spool, true, st) || !lock_spool(s, st))
		return false;
	s->receiver = (struct receiver){
		.acceptor = { .config = &s->config, .queue = &s->queue, .policy = &s->policy, .census = &s->census,
		              .aliases = s->aliases },
		.limits = receiver_usual,
		.run = s->options->run,
		.file = s->file,
		.forget = forget,
		.arg = s,
		.listeners = &s->listeners,
	};
	set_options(s);
	return receiver_init(&s->receiver) || status_fail(st, EX_OSERR, "cannot start: %s", strerror(errno));
}

/* --- the runner --- */

/* It ends as if told to when the receiver is no longer there. */
static _Noreturn void be_runner(struct server *s, pid_t receiver)
{
	struct run all = { .queue = &s->queue, .config = &s->config, .stay = true };
	struct status st;
	int signal;

	forget(s);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != receiver)
		_exit(0);
	if (!run_queue(&all, &signal, &st)) {
		log_line("trouble", s, st.text);
		_exit(1);
	}
	_exit(0);
}

static void start_runner(struct server *s)
{
	pid_t receiver = getpid();

	s->run_again = DEADLINE_NEVER;
	s->again = false;
	fflush(NULL);
	s->runner = fork();
	if (s->runner == 0)
		be_runner(s, receiver);
	if (s->runner < 0) {
		s->runner = 0;
		s->run_again = deadline_in(RESTART_MS);
	}
}

static void see_runner(struct server *s)
{
	int status;

	if (s->runner == 0 || waitpid(s->runner, &status, WNOHANG) != s->runner)
		return;
	s->runner = 0;
	if (s->stopping)
		return;
	if (s->again) {
		start_runner(s);
		return;
	}
	log_line("trouble", s, "the process that delivers the queue ended; it is started again");
	s->run_again = deadline_in(RESTART_MS);
}

static void tell_runner(const struct server *s, int signal)
{
	if (s->runner > 0)
		kill(s->runner, signal);
}

/* --- signals --- */

static bool take_over(struct server *s, struct config *fresh, struct status *st)
{
	if (strcmp(fresh->settings.spool, s->config.settings.spool) != 0)
		return status_fail(st, EX_CONFIG, "another spool needs a restart");
	return listen_open(&s->listeners, &fresh->settings, st);
}

static void reload(struct server *s)
{
	struct config fresh;
	struct status st;

	notify_reloading(s->notify);
	config_init(&fresh);
	if (load(&fresh, s->file, &st) && take_over(s, &fresh, &st)) {
		config_release(&s->config);
		s->config = fresh;
		s->census = (struct queue_census){ 0 };
		set_options(s);
		open_log(&s->config.settings);
		s->again = true;
		tell_runner(s, SIGHUP);
		log_line("reloaded", s, NULL);
	} else {
		config_release(&fresh);
		log_line("reloaded", s, st.text); /* and go on as we are */
	}
	notify(s->notify, "READY=1");
}

static void begin_to_stop(struct server *s)
{
	if (s->stopping)
		return;
	s->stopping = true;
	s->hurry = deadline_in(HURRY_MS);
	s->stop = deadline_in(STOP_MS);
	notify(s->notify, "STOPPING=1");
	listen_close(&s->listeners, true);
	receiver_end(&s->receiver);
	tell_runner(s, SIGTERM);
}

static void take_signals(void *arg, short events)
{
	struct server *s = arg;
	struct signalfd_siginfo info;

	(void)events;
	while (read(s->signals, &info, sizeof(info)) == sizeof(info))
		switch (info.ssi_signo) {
		case SIGHUP:
			if (!s->stopping)
				reload(s);
			break;
		case SIGINT:
		case SIGTERM:
			begin_to_stop(s);
			break;
		default:
			break; /* SIGCHLD: see_runner looks anyway */
		}
}

/* They come by a descriptor, and not while we read the configuration. */
static void hold_signals(sigset_t *set)
{
	static const int held[] = { SIGHUP, SIGINT, SIGTERM, SIGCHLD };

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		sigaddset(set, held[i]);
	sigprocmask(SIG_BLOCK, set, NULL);
}

/* --- running --- */

static void turn(struct server *s)
{
	loop_watch(&s->loop, s->signals, POLLIN, take_signals, s);
	receiver_watch(&s->receiver, &s->loop);
	loop_until(&s->loop, s->run_again);
	if (s->stopping)
		loop_until(&s->loop, deadline_poll(s->hurry) == 0 ? s->stop : s->hurry);
	loop_turn(&s->loop);
	receiver_turn(&s->receiver);
	see_runner(s);
	if (!s->stopping && deadline_poll(s->run_again) == 0)
		start_runner(s);
	if (s->stopping && deadline_poll(s->hurry) == 0)
		receiver_hurry(&s->receiver);
}

static bool is_over(const struct server *s)
{
	if (!s->stopping)
		return false;
	return deadline_poll(s->stop) == 0 || (s->runner == 0 && receiver_is_empty(&s->receiver));
}

static void run(struct server *s)
{
	log_line("started", s, NULL);
	notify(s->notify, "READY=1");
	start_runner(s);
	while (!is_over(s))
		turn(s);
	tell_runner(s, SIGKILL);
	log_line("stopped", s, NULL);
}

static bool find_file(struct server *s, const char *file, struct status *st)
{
	s->file = file != NULL ? realpath(file, NULL) : NULL;
	return file == NULL || s->file != NULL || status_fail(st, EX_CONFIG, "%s: %s", file, strerror(errno));
}

static void release(struct server *s)
{
	receiver_release(&s->receiver);
	listen_close(&s->listeners, true);
	loop_release(&s->loop);
	policy_release(&s->policy);
	aliases_free(s->aliases);
	queue_close(&s->queue);
	config_release(&s->config);
	if (s->lock >= 0)
		close(s->lock);
	if (s->notify >= 0)
		close(s->notify);
	close(s->signals);
	free(s->name);
	free(s->file);
}

bool serve(const struct serve_options *o, struct status *st)
{
	struct server s = {
		.options = o,
		.queue = { .spool_fd = -1, .queue_fd = -1, .tmp_fd = -1 },
		.lock = -1,
		.run_again = DEADLINE_NEVER,
	};
	sigset_t signals;
	bool ok;

	hold_signals(&signals);
	s.signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	s.notify = notify_open();
	loop_init(&s.loop);
	config_init(&s.config);
	ok = find_file(&s, o->file, st) && start(&s, st);
	if (ok)
		run(&s);
	release(&s);
	return ok;
}
