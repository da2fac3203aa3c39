#ifndef TEST_UNIT_H
#define TEST_UNIT_H

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the unit tests share. */

/* How each main() ends: run the suite and say how it went. */
static inline int unit_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* A directory of its own for a test, whose path goes into `dir`. */
enum { UNIT_DIR_MAX = 32 };

static inline void unit_dir_make(char dir[UNIT_DIR_MAX])
{
	strcpy(dir, "/tmp/mailchute-unit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

/* With all that is in it. */
static inline void unit_dir_remove(const char *dir)
{
	char command[UNIT_DIR_MAX + 8];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* Both ends of a TCP connection over loopback; the kernel chooses the port. */
static inline void unit_tcp_pair(int ends[2])
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&sin, len), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&sin, &len), 0);
	ends[1] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(ends[1], (struct sockaddr *)&sin, len), 0);
	ends[0] = accept(listener, NULL, NULL);
	ck_assert_int_ge(ends[0], 0);
	close(listener);
}

#endif
