#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "certs.h"
#include "listen.h"

/*
 * peer DIR [BEHAVIOUR-FILE]: a mail server for tests.  Makes certificates in DIR
 * if there are none, prints its port, records there what it sees, and ends on
 * SIGTERM when the connection it has is over.
 */
static bool read_behaviour(struct behaviour *b, const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	struct buf why;
	bool ok = f != NULL;

	if (!ok)
		fprintf(stderr, "peer: %s: %s\n", path, strerror(errno));
	buf_init(&why, 4096);
	while (ok && getline(&line, &cap, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		ok = behaviour_line(b, line, &why);
	}
	if (why.len > 0)
		fprintf(stderr, "peer: %s\n", why.data);
	buf_release(&why);
	free(line);
	if (f != NULL)
		fclose(f);
	return ok;
}

static bool have_certificates(const char *dir)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof path, "%s/ca.pem", dir);
	return stat(path, &st) == 0 || certs_make(dir);
}

/* Readable once somebody asks us to end. */
static int end_signal(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

static int serve(const struct behaviour *b, const char *dir)
{
	struct peer p = { .behaviour = b, .certs = dir };
	unsigned short port;
	int fd, stop = end_signal();

	fd = listen_on(b->listen, &port);
	if (fd < 0 || record_open(&p.record, dir) < 0 || !have_certificates(dir)) {
		fprintf(stderr, "peer: cannot work in %s: %s\n", dir, strerror(errno));
		return EX_OSERR;
	}
	printf("%u\n", port);
	fflush(stdout);
	listen_serve(&p, fd, stop);
	record_close(&p.record);
	close(fd);
	return EX_OK;
}

int main(int argc, char **argv)
{
	struct behaviour b;
	int rc = EX_USAGE;

	prctl(PR_SET_PDEATHSIG, SIGKILL);       /* never outlive the test */
	behaviour_init(&b);
	if (argc < 2 || argc > 3)
		fprintf(stderr, "usage: peer DIR [BEHAVIOUR-FILE]\n");
	else if (argc == 2 || read_behaviour(&b, argv[2]))
		rc = serve(&b, argv[1]);
	behaviour_release(&b);
	return rc;
}
