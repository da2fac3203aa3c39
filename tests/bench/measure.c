/*
 * measure TIMES CALLERS FILE PROGRAM ARGUMENT...
 *
 * Run it so many times, so many at once, FILE as standard input.  Writes what one
 * run took on average, from the start to the end and in CPU time (its own and its
 * children's), in microseconds, and the memory of the largest one in kB.  A run
 * that fails ends it all.  What a run leaves behind counts, too: it is waited for at
 * the end.
 *
 * It is small and starts programs without forking: the memory of who starts a
 * program counts for that program's maximum.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct total {
	double cpu;             /* seconds */
	long   kilobytes;
};

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "measure: %s: %s\n", what, why);
	exit(1);
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static pid_t start(const char *file, char **command)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, file, O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	error = posix_spawnp(&pid, command[0], &actions, NULL, command, environ);
	if (error != 0)
		die(command[0], strerror(error));
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

/* Some child's end; 0: there is none any more. */
static pid_t collect(struct total *t, int *status)
{
	struct rusage used;
	pid_t pid = wait4(-1, status, 0, &used);

	if (pid < 0)
		return 0;
	t->cpu += seconds(used.ru_utime) + seconds(used.ru_stime);
	if (used.ru_maxrss > t->kilobytes)
		t->kilobytes = used.ru_maxrss;
	return pid;
}

/* The end of one of those that we started, which makes room. */
static pid_t *await(const char *name, pid_t *running, size_t n, struct total *t)
{
	int status;
	pid_t pid;

	while ((pid = collect(t, &status)) != 0)
		for (size_t i = 0; i < n; i++)
			if (running[i] == pid) {
				if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
					die(name, "a run failed");
				return &running[i];
			}
	die(name, strerror(errno));
}

/* Until all have ended; how long it took. */
static double run(size_t times, size_t callers, const char *file, char **command, struct total *t)
{
	pid_t *running = calloc(callers, sizeof(*running)), *room;
	double begun = now();

	if (running == NULL)
		die(command[0], strerror(errno));
	for (size_t i = 0; i < times + callers; i++) {
		room = i < callers ? &running[i] : await(command[0], running, callers, t);
		*room = i < times ? start(file, command) : 0;
	}
	free(running);
	return now() - begun;
}

int main(int argc, char **argv)
{
	struct total t = { 0 };
	size_t times, callers;
	double elapsed;
	int status;

	if (argc < 5)
		die("usage", "measure TIMES CALLERS FILE PROGRAM ARGUMENT...");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	times = strtoul(argv[1], NULL, 10);
	callers = strtoul(argv[2], NULL, 10);
	elapsed = run(times, callers, argv[3], argv + 4, &t);
	while (collect(&t, &status) != 0)
		;
	printf("%.0f %.0f %ld\n", elapsed / (double)times * 1e6, t.cpu / (double)times * 1e6, t.kilobytes);
	return 0;
}
