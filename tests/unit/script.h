#ifndef TEST_SCRIPT_H
#define TEST_SCRIPT_H

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The server's side of a dialogue, in a process of its own.  A script is text:
 *
 *   C: LINE    the client has to send this line and CRLF
 *   P: PREFIX  the client has to send a line that begins so
 *   S: LINE    we send it; a \r in it is a line end, so that both lines go at once
 *   Q:         the client has to be quiet now, it waits for our answer
 *   N: COUNT   the client has to send so many octets
 *   D:         whatever the client sends until it leaves
 *   E:         the client has to leave
 *
 * At its end we hang up.
 */
struct script {
	int fd;        /* the client's end */
	pid_t pid;
};

enum { SCRIPT_SECONDS = 10, SCRIPT_QUIET_MS = 30 };

static inline void script_fail(const char *want, const char *got)
{
	fprintf(stderr, "the script wants \"%s\", the client sent \"%s\"\n", want, got);
	_exit(1);
}

static inline void script_expect(FILE *in, const char *want, bool whole)
{
	size_t n = strlen(want);
	char got[65536] = "";

	if (fgets(got, sizeof(got), in) == NULL)
		script_fail(want, "nothing");
	if (strncmp(got, want, n) != 0 || (whole && strcmp(got + n, "\r\n") != 0))
		script_fail(want, got);
}

static inline void script_say(int fd, const char *line)
{
	FILE *out = fdopen(dup(fd), "w");

	for (; *line != '\0'; line++)
		fputs(*line == '\r' ? "\r\n" : (char[]){ *line, '\0' }, out);
	fputs("\r\n", out);
	fclose(out);
}

static inline void script_line(FILE *in, int fd, const char *line)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char block[4096];
	const char *rest = line[1] == ':' && line[2] == ' ' ? line + 3 : "";

	switch (*line) {
	case 'C':
	case 'P':
		script_expect(in, rest, *line == 'C');
		break;
	case 'S':
		script_say(fd, rest);
		break;
	case 'Q':
		if (poll(&p, 1, SCRIPT_QUIET_MS) != 0)
			script_fail("(quiet)", "something");
		break;
	case 'N':
		for (size_t n = strtoul(rest, NULL, 10), got; n > 0; n -= got) {
			got = fread(block, 1, n < sizeof(block) ? n : sizeof(block), in);
			if (got == 0)
				script_fail(line, "less");
		}
		break;
	case 'D':
		while (fread(block, 1, sizeof(block), in) > 0)
			;
		break;
	case 'E':
		if (getc(in) != EOF)
			script_fail("(its leave)", "something");
		break;
	default:
		script_fail(line, "(this is no script)");
	}
}

static inline void script_play(int fd, const char *text)
{
	FILE *in = fdopen(fd, "r");
	char *copy = strdup(text), *at = copy, *line;

	alarm(SCRIPT_SECONDS);
	setvbuf(in, NULL, _IONBF, 0); /* so that Q sees what was not read yet */
	while ((line = strsep(&at, "\n")) != NULL)
		if (*line != '\0')
			script_line(in, fd, line);
	free(copy);
	fclose(in);
	_exit(0);
}

static inline struct script script_start(const char *text)
{
	struct script s;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	s.fd = pair[0];
	s.pid = fork();
	if (s.pid == 0) {
		close(pair[0]);
		script_play(pair[1], text);
	}
	close(pair[1]);
	return s;
}

/* The same for whoever connects first to a listening socket. */
static inline struct script script_start_on(int listener, const char *text)
{
	struct script s = { .fd = -1, .pid = fork() };

	if (s.pid == 0)
		script_play(accept(listener, NULL, NULL), text);
	return s;
}

/* Whether the client did all that it had to. */
static inline bool script_ended_well(const struct script *s)
{
	int status;

	return waitpid(s->pid, &status, 0) == s->pid && status == 0;
}

#endif
