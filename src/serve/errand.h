#ifndef SERVE_ERRAND_H
#define SERVE_ERRAND_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/strv.h"
#include "serve/loop.h"
#include "serve/peer.h"

/*
 * A command that a caller asked for with XRUN, run by a process of its own that
 * prints as any command does; what it prints and its exit code become the
 * frames that smtp/extension.h describes.
 */
enum { ERRAND_MS = 5 * 60 * 1000 };

/* The exit code.  `file` is -C's, or NULL; `is_operator`: the caller may see and touch all mail, else its own. */
typedef int errand_function(const char *file, uid_t uid, bool is_operator, int argc, char **argv);

struct errand {
	pid_t pid;                   /* 0: none */
	int   fd[2];                 /* its standard output and error; -1: ended */
	deadline until;
	struct buf out;              /* frames, to be taken with buf_consume() */
};

/* False if no process is to be had; `out` says so then. */
bool errand_start(struct errand *e, errand_function *run, const char *file, const struct peer *p,
                  const struct strv *words, void (*forget)(void *arg), void *arg);
void errand_watch(struct errand *e, struct loop *l);
/* Whether all is in `out`; ends it when its time is over. */
bool errand_is_over(struct errand *e);
/* Its caller went away. */
void errand_stop(struct errand *e);

#endif
