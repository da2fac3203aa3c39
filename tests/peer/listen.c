#include "listen.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dialogue.h"

static int listen_unix(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 16) == 0)
		return fd;
	close(fd);
	return -1;
}

static int listen_inet(const char *address, unsigned short *port)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_PASSIVE, .ai_socktype = SOCK_STREAM,
	};
	struct sockaddr_storage bound = { 0 };
	socklen_t n = sizeof bound;
	struct addrinfo *a;
	int fd;

	if (getaddrinfo(address, "0", &hints, &a) != 0)
		return -1;
	fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0
	    && (bind(fd, a->ai_addr, a->ai_addrlen) < 0 || listen(fd, 16) < 0
	        || getsockname(fd, (struct sockaddr *)&bound, &n) < 0)) {
		close(fd);
		fd = -1;
	}
	/* The port stands at the same place for both families. */
	*port = ntohs(((struct sockaddr_in *)&bound)->sin_port);
	freeaddrinfo(a);
	return fd;
}

int listen_on(const char *address, unsigned short *port)
{
	*port = 0;
	return address[0] == '/' ? listen_unix(address) : listen_inet(address, port);
}

void listen_serve(struct peer *p, int fd, int stop)
{
	struct pollfd polls[] = { { .fd = fd, .events = POLLIN }, { .fd = stop, .events = POLLIN } };

	while (poll(polls, 2, -1) > 0) {
		if (polls[0].revents != 0) {
			int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

			if (client >= 0)
				dialogue(p, client);
		} else if (polls[1].revents != 0) {
			return;
		}
	}
}
