#ifndef CMD_TEST_H
#define CMD_TEST_H

#include "cmd/command.h"

/* `mailchute test ADDRESS`: a small message on the way that every other takes, its dialogue on stderr. */
int test_command(const struct call *call);

#endif
