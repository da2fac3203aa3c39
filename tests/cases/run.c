#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../peer/certs.h"
#include "base/alloc.h"
#include "base/io.h"
#include "base/str.h"
#include "judge.h"

/*
 * run [-kv] [-j JOBS] [-p PROGRAM] [-s TIMES] CASE-OR-DIRECTORY...: play the cases, several
 * at once; print those that fail, what was expected and what came, and a line
 * with the counts.  -k keeps the directory that they played in, -v tells of each
 * how long it took, -s gives all of them so many times longer.  README tells how a case is written.
 */
enum { JOBS_MAX = 16 };

struct runner {
	const char *program;
	char *dir, *certs;
	unsigned jobs, running, slowness;
	unsigned started, passed, failed;
	bool keep, verbose;
	pid_t pids[JOBS_MAX];
};

/* ---- one scenario, in a process of its own ---- */

static _Noreturn void play_one(const struct runner *r, const char *path, struct scenario *s,
                               const char *dir)
{
	struct play p = { .program = r->program, .certs = r->certs, .dir = dir, .slowness = r->slowness };
	struct outcome outcome;
	struct buf report, label;
	bool ok;

	buf_init(&report, 1 << 20);
	buf_init(&label, 4096);
	scenario_label(s, &label);
	ok = play(&p, s, &outcome, &report) && judge(s, dir, &outcome, &report);
	if (!ok) {
		judge_show(dir, &outcome, &report);
		printf("FAIL %s %s\n%s", path, label.data, report.data);
	}
	if (r->verbose)
		printf("%6.2f s %s %s\n", outcome.seconds, path, label.data);
	fflush(stdout);
	_exit(ok ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* ---- many ---- */

static int unlink_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_tree(const char *dir)
{
	nftw(dir, unlink_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void reap(struct runner *r)
{
	int status;
	pid_t pid = wait(&status);

	for (unsigned i = 0; i < JOBS_MAX; i++) {
		if (pid > 0 && r->pids[i] == pid) {
			r->pids[i] = 0;
			r->running--;
			if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
				r->passed++;
			else
				r->failed++;
		}
	}
}

static void start(struct runner *r, const char *path, struct scenario *s)
{
	char *dir = alloc_printf("%s/%u", r->dir, ++r->started);
	unsigned slot = 0;
	pid_t pid;

	while (r->running >= r->jobs)
		reap(r);
	while (r->pids[slot] != 0)
		slot++;
	mkdir(dir, 0700);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		play_one(r, path, s, dir);
	r->pids[slot] = pid;
	r->running++;
	free(dir);
}

static void run_file(struct runner *r, const char *path)
{
	struct scenario_list variants;
	struct buf why;

	buf_init(&why, 4096);
	if (!scenario_load(&variants, path, &why)) {
		printf("FAIL %s: %s\n", path, why.data);
		r->failed++;
	} else {
		for (size_t i = 0; i < variants.len; i++)
			start(r, path, &variants.v[i]);
	}
	scenario_list_release(&variants);
	buf_release(&why);
}

/* ---- finding cases ---- */

static int is_case_or_directory(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return e->d_name[0] != '.'
	       && (e->d_type == DT_DIR || (n > 5 && strcmp(e->d_name + n - 5, ".case") == 0));
}

/* A case, or all cases of a directory and those below it, in their order. */
static void run_path(struct runner *r, const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, is_case_or_directory, alphasort);

	if (n < 0) {
		run_file(r, path);
		return;
	}
	for (int i = 0; i < n; i++) {
		char *below = alloc_printf("%s/%s", path, entries[i]->d_name);

		run_path(r, below);
		free(below);
		free(entries[i]);
	}
	free(entries);
}

/* ---- */

static bool prepare(struct runner *r)
{
	char template[] = "/tmp/cases.XXXXXX";

	if (mkdtemp(template) == NULL)
		return false;
	r->dir = alloc_copy(template);
	r->certs = alloc_printf("%s/certs", template);
	return mkdir(r->certs, 0700) == 0 && certs_make(r->certs);
}

static void usage(void)
{
	fprintf(stderr, "usage: run [-kv] [-j JOBS] [-p PROGRAM] [-s TIMES] CASE-OR-DIRECTORY...\n");
	exit(EX_USAGE);
}

static void options(struct runner *r, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "kvj:p:s:")) != -1) {
		if (c == 'k')
			r->keep = true;
		else if (c == 'v')
			r->verbose = true;
		else if (c == 'j')
			r->jobs = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 's')
			r->slowness = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'p')
			r->program = optarg;
		else
			usage();
	}
	if (optind == argc || r->jobs == 0 || r->jobs > JOBS_MAX)
		usage();
}

int main(int argc, char **argv)
{
	struct runner r = { .program = "build/mailchute", .jobs = 6, .slowness = 1 };

	options(&r, argc, argv);
	if (!prepare(&r)) {
		fprintf(stderr, "run: cannot prepare: %s\n", strerror(errno));
		return EX_CANTCREAT;
	}
	setvbuf(stdout, NULL, _IOFBF, 1 << 20);   /* a report comes out in one piece */
	for (int i = optind; i < argc; i++)
		run_path(&r, argv[i]);
	while (r.running > 0)
		reap(&r);
	printf("cases: %u passed, %u failed\n", r.passed, r.failed);
	if (r.keep)
		printf("kept in %s\n", r.dir);
	else
		remove_tree(r.dir);
	free(r.dir);
	free(r.certs);
	return r.failed == 0 && r.passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
