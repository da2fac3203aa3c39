#ifndef CMD_TEST_H
#define CMD_TEST_H

#include "cmd/command.h"

/*
 * `mailchute test [-f SENDER] ADDRESS`: a small message on the way that mail of
 * this caller takes, by the daemon if there is one that it would go to; its
 * dialogue on stderr, then the way that it took and what came of it.  Here
 * nothing is kept: the exit code is the server's answer.
 */
int test_command(const struct call *call);

#endif
