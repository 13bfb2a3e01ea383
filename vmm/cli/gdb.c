/* SPDX-License-Identifier: MIT */
/* Owns the socket that a gdb connects to. What is said on it: vmm/gdb/. */
#include "vmm/cli/gdb.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The guest with its debugging information, which a build leaves beside this program. */
static void symbols_path(char *path, size_t bytes)
{
	static const char name[] = "guest.elf";
	ssize_t n = readlink("/proc/self/exe", path, bytes - sizeof(name));
	char *slash;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	strcpy(slash ? slash + 1 : path, name);
	if (access(path, R_OK))
		strcpy(path, name);
}

static int bind_to(int fd, u32 port, u32 *bound, struct err *err)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((u16)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t bytes = sizeof(at);
	const int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) || listen(fd, 1) ||
	    getsockname(fd, (struct sockaddr *)&at, &bytes))
		return err_errno(err, EXIT_HOST,
				 "--gdb %u: nobody can connect to 127.0.0.1 there (0 takes any "
				 "port that is free)",
				 port);
	*bound = ntohs(at.sin_port);
	return 0;
}

int cli_gdb_listen(u32 port, struct err *err)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char path[1024];
	u32 bound = 0;

	if (fd < 0)
		return err_errno(err, EXIT_HOST, "--gdb: no socket");
	if (bind_to(fd, port, &bound, err)) {
		close(fd);
		return -1;
	}
	symbols_path(path, sizeof(path));
	fprintf(stderr,
		"kvalab: gdb: the guest waits before its first instruction; type: gdb %s -ex "
		"'target remote 127.0.0.1:%u'\n",
		path, bound);
	return fd;
}
