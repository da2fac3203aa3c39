#include "play.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../peer/expand.h"
#include "../peer/listen.h"
#include "base/alloc.h"
#include "base/io.h"
#include "base/str.h"

enum { TIME_LIMIT = 30 };    /* seconds for a whole scenario */

static const char default_config[] =
	"deliver now\n"
	"maildomain example.org\n"
	"aliases off\n"
	"syslog off\n"
	"host localhost:$PORT\n"
	"domain client.example.org\n"
	"from me@example.org\n"
	"tls_trust_file $CERTS/ca.pem\n";

/* ---- servers ---- */

struct servers {
	pid_t pids[PLAY_SERVERS];
	unsigned n;
	int stop[2];                /* closing the writing end ends them all */
};

static void define_port(struct scenario *s, unsigned server, unsigned short port)
{
	char name[16] = "PORT", value[16];

	if (port == 0)              /* a Unix socket: a number that fits into a configuration */
		port = 24;
	if (server > 1)
		snprintf(name, sizeof name, "PORT%u", server);
	snprintf(value, sizeof value, "%u", port);
	scenario_define(s, name, value);
}

static bool read_behaviour(const struct scenario *s, const struct item *item, struct behaviour *b,
                           struct buf *why)
{
	bool ok = true;

	for (size_t i = 0; item != NULL && ok && i < item->block.len; i++) {
		char *line = scenario_text(s, item->block.v[i]);

		ok = behaviour_line(b, line, why);
		free(line);
	}
	return ok;
}

static _Noreturn void serve(const struct play *p, const struct behaviour *b, unsigned server, int fd,
                            const int *stop)
{
	struct peer peer = { .behaviour = b, .certs = p->certs };
	char *dir = alloc_printf("%s/s%u", p->dir, server);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(stop[1]);
	if (mkdir(dir, 0700) < 0 || record_open(&peer.record, dir) < 0)
		_exit(EX_CANTCREAT);
	listen_serve(&peer, fd, stop[0]);
	record_close(&peer.record);
	_exit(EX_OK);
}

/* A port where nothing answers: refused, or so full that SYNs are dropped. */
static unsigned short dead_port(bool full)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0
	    || getsockname(fd, (struct sockaddr *)&a, &n) < 0)
		return 0;
	if (full) {
		int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (listen(fd, 0) < 0 || connect(client, (struct sockaddr *)&a, sizeof a) < 0)
			return 0;
	}
	return ntohs(a.sin_port);        /* both stay open as long as we live */
}

static bool start_server(const struct play *p, struct scenario *s, const struct item *item,
                         struct servers *servers, struct buf *why)
{
	const char *kind = item != NULL ? item->value : "";
	struct behaviour b;
	unsigned short port = 0;
	unsigned number = servers->n + 1;
	int fd;

	servers->pids[servers->n++] = -1;
	if (strcmp(kind, "refused") == 0 || strcmp(kind, "full") == 0) {
		define_port(s, number, dead_port(strcmp(kind, "full") == 0));
		return true;
	}
	behaviour_init(&b);
	if (!read_behaviour(s, item, &b, why)) {
		behaviour_release(&b);
		return false;
	}
	fd = listen_on(b.listen, &port);
	if (fd < 0)
		buf_printf(why, "listen %s: %s", b.listen, strerror(errno));
	else if ((servers->pids[number - 1] = fork()) == 0)
		serve(p, &b, number, fd, servers->stop);
	define_port(s, number, port);
	behaviour_release(&b);
	close(fd);
	return fd >= 0;
}

static bool start_servers(const struct play *p, struct scenario *s, struct servers *servers,
                          struct buf *why)
{
	size_t at = scenario_find(s, "server", 0);

	if (pipe2(servers->stop, O_CLOEXEC) < 0)
		return false;
	if (at == s->len)
		return start_server(p, s, NULL, servers, why);
	for (; at < s->len; at = scenario_find(s, "server", at + 1)) {
		if (servers->n == PLAY_SERVERS) {
			buf_printf(why, "more than %d servers", PLAY_SERVERS);
			return false;
		}
		if (!start_server(p, s, &s->v[at], servers, why))
			return false;
	}
	return true;
}

static void stop_servers(struct servers *servers)
{
	close(servers->stop[1]);
	for (unsigned i = 0; i < servers->n; i++) {
		while (servers->pids[i] > 0 && waitpid(servers->pids[i], NULL, 0) < 0 && errno == EINTR)
			kill(servers->pids[i], SIGKILL);
	}
	close(servers->stop[0]);
}

/* ---- configuration and environment ---- */

static void define_file(const struct play *p, struct scenario *s, const char *name, const char *file)
{
	char *path = alloc_printf("%s/%s", p->certs, file);
	struct status st;
	struct buf text;

	buf_init(&text, 4096);
	if (io_read_file(path, &text, &st))
		scenario_define(s, name, text.data);
	buf_release(&text);
	free(path);
}

static void define_all(const struct play *p, struct scenario *s)
{
	scenario_define(s, "DIR", p->dir);
	scenario_define(s, "CERTS", p->certs);
	define_file(p, s, "SHA256", "good.sha256");
	define_file(p, s, "SPKI", "good.spki");
}

static void write_text(FILE *f, const struct scenario *s, const char *text)
{
	char *line = scenario_text(s, text);
	struct buf out;

	buf_init(&out, SIZE_MAX / 2);
	expand_to(&out, line);
	fwrite(out.data, 1, out.len, f);
	buf_release(&out);
	free(line);
}

static void write_block(FILE *f, const struct scenario *s, const struct item *item)
{
	for (size_t i = 0; i < item->block.len; i++) {
		write_text(f, s, item->block.v[i]);
		fputc('\n', f);
	}
}

static FILE *create(const struct play *p, const char *name)
{
	char *path = alloc_printf("%s/%s", p->dir, name);
	FILE *f = fopen(path, "we");

	free(path);
	return f;
}

/* `config` adds to the usual one, `only-config` is all there is, `no-config` leaves nothing. */
static bool write_config(const struct play *p, const struct scenario *s)
{
	bool usual = scenario_find(s, "only-config", 0) == s->len;
	FILE *f;

	if (scenario_find(s, "no-config", 0) < s->len)
		return true;
	f = create(p, "config");
	if (f == NULL)
		return false;
	if (usual)
		write_text(f, s, default_config);
	for (size_t i = 0; i < s->len; i++) {
		if (strcmp(s->v[i].key, "config") == 0 || strcmp(s->v[i].key, "only-config") == 0)
			write_block(f, s, &s->v[i]);
	}
	fchmod(fileno(f), 0600);
	return fclose(f) == 0;
}

/* `file NAME` with a block: a further file in $DIR. */
static bool write_files(const struct play *p, const struct scenario *s)
{
	for (size_t i = scenario_find(s, "file", 0); i < s->len; i = scenario_find(s, "file", i + 1)) {
		FILE *f = create(p, s->v[i].value);

		if (f == NULL)
			return false;
		write_block(f, s, &s->v[i]);
		fchmod(fileno(f), 0600);
		fclose(f);
	}
	return true;
}

static void set_environment(const struct play *p, const struct scenario *s)
{
	static const char *const kept[] = { "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS" };
	struct strv values = { 0 };

	for (size_t i = 0; i < COUNT_OF(kept); i++) {
		if (getenv(kept[i]) != NULL)
			strv_take(&values, alloc_printf("%s=%s", kept[i], getenv(kept[i])));
	}
	strv_add(&values, "PATH=/usr/bin:/bin");
	strv_take(&values, alloc_printf("HOME=%s", p->dir));
	strv_take(&values, alloc_printf("XDG_STATE_HOME=%s", p->dir));
	if (scenario_find(s, "no-config", 0) == s->len)
		strv_take(&values, alloc_printf("MAILCHUTE_CONFIG=%s/config", p->dir));
	for (size_t i = scenario_find(s, "env", 0); i < s->len; i = scenario_find(s, "env", i + 1))
		strv_take(&values, scenario_text(s, s->v[i].value));
	clearenv();
	for (size_t i = 0; i < values.len; i++)
		putenv(values.v[i]);            /* it keeps them */
}

/* ---- standard input ---- */

static void feed_piece(void *arg, const char *p, size_t n)
{
	fwrite(p, 1, n, arg);
}

/* A line of the block; "\c" at its end keeps back the line end. */
static void feed_line(FILE *f, const struct scenario *s, const char *text, const char *line_end)
{
	char *line = scenario_text(s, text);
	size_t n = strlen(line);
	bool whole = n < 2 || strcmp(line + n - 2, "\\c") != 0;

	if (!whole)
		line[n - 2] = '\0';
	expand(line, feed_piece, f);
	if (whole)
		fputs(line_end, f);
	free(line);
}

void play_input(const struct scenario *s, FILE *f)
{
	static const char *const ends[] = { "\n", "\r\n" };
	size_t at = scenario_find(s, "stdin", 0);

	if (f == NULL || at == s->len)
		return;
	for (size_t i = 0; i < s->v[at].block.len; i++) {
		const char *kind = s->v[at].value;
		bool crlf = strcmp(kind, "crlf") == 0 || (strcmp(kind, "mixed") == 0 && i % 2 == 1);

		feed_line(f, s, s->v[at].block.v[i], ends[crlf]);
	}
	fflush(f);
}

/* A process that writes the program's input; dies of SIGPIPE if nobody reads it all. */
static pid_t start_feeder(const struct scenario *s, int out, int other_end)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(other_end);
	play_input(s, fdopen(out, "w"));
	_exit(EX_OK);
}

/* ---- the program ---- */

static void open_as(const struct play *p, const char *name, int target)
{
	char *path = alloc_printf("%s/%s", p->dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	dup2(fd, target);
	free(path);
}

static void read_arguments(const struct scenario *s, struct strv *argv)
{
	strv_take(argv, scenario_text(s, scenario_value(s, "name", "sendmail")));
	for (size_t i = scenario_find(s, "args", 0); i < s->len; i = scenario_find(s, "args", i + 1)) {
		char *text = scenario_text(s, s->v[i].value);

		scenario_arguments(argv, text);
		free(text);
	}
}

/* So that making a pipe, the first half of starting a process, fails for root as well. */
static void limit_descriptors(const struct scenario *s)
{
	rlim_t n = strtoul(scenario_value(s, "descriptors", "0"), NULL, 10);

	if (n > 0)
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){ n, n });
}

static _Noreturn void become_program(const struct play *p, const struct scenario *s, int in)
{
	struct strv argv = { 0 };

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	read_arguments(s, &argv);
	set_environment(p, s);
	if (scenario_find(s, "closed-stdin", 0) < s->len)
		close(0);
	else
		dup2(in, 0);
	open_as(p, "out", 1);
	open_as(p, "err", 2);
	limit_descriptors(s);
	execv(p->program, argv.v);
	fprintf(stderr, "%s: %s\n", p->program, strerror(errno));
	_exit(EX_SOFTWARE);
}

static void on_alarm(int signal)
{
	(void)signal;               /* only to interrupt waiting */
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void wait_for_program(pid_t pid, unsigned slowness, struct outcome *out)
{
	double start = now();
	struct rusage usage;

	while (wait4(pid, &out->status, 0, &usage) < 0 && errno == EINTR) {
		out->timed_out = true;
		kill(-pid, SIGKILL);
	}
	out->seconds = (now() - start) / slowness;
	out->rss_kb = slowness == 1 ? usage.ru_maxrss : 0;   /* else it is the sanitizer's */
}

static bool run_program(const struct play *p, const struct scenario *s, struct outcome *out)
{
	int in[2], status = 0;
	pid_t feeder, program;

	if (pipe2(in, O_CLOEXEC) < 0)
		return false;
	feeder = start_feeder(s, in[1], in[0]);
	close(in[1]);
	program = fork();
	if (program == 0)
		become_program(p, s, in[0]);
	close(in[0]);
	wait_for_program(program, p->slowness, out);
	while (waitpid(feeder, &status, 0) < 0 && errno == EINTR)
		kill(feeder, SIGKILL);
	out->drained = WIFEXITED(status);
	return true;
}

bool play(const struct play *p, struct scenario *s, struct outcome *out, struct buf *why)
{
	struct servers servers = { 0 };
	bool ok;

	*out = (struct outcome){ 0 };
	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = on_alarm }, NULL);
	alarm(TIME_LIMIT * p->slowness);
	define_all(p, s);
	ok = start_servers(p, s, &servers, why) && write_config(p, s) && write_files(p, s)
	     && run_program(p, s, out);
	stop_servers(&servers);
	out->servers = servers.n;
	alarm(0);
	if (!ok && why->len == 0)
		buf_printf(why, "%s", strerror(errno));
	return ok;
}
