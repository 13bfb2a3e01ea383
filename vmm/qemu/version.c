/* SPDX-License-Identifier: MIT */
/* Owns the question which QEMU this is. */
#define _GNU_SOURCE /* pipe2() */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/qemu/qemu.h"

/* Between "version" and the end of the first line: "7.2.22 (Debian …)". */
static bool cut_version(char *text)
{
	static const char before[] = "version ";
	const char *found = strstr(text, before);

	text[strcspn(text, "\n")] = '\0';
	if (!found || found > text + strlen(text))
		return false;
	memmove(text, found + strlen(before), strlen(found + strlen(before)) + 1);
	return true;
}

static void read_all(int fd, char *text, size_t bytes)
{
	size_t used = 0;
	ssize_t n;

	while (used < bytes - 1) {
		n = read(fd, text + used, bytes - 1 - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	text[used] = '\0';
}

int qemu_version(const char *program, char *text, size_t bytes, struct err *err)
{
	char name[] = "qemu", option[] = "--version";
	char *argv[] = { name, option, NULL };
	posix_spawn_file_actions_t actions;
	int out[2], status = 0, error;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC))
		return err_errno(err, EXIT_HOST, "no pipe to %s", program);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	error = posix_spawn(&pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(out[1]);
	if (!error)
		read_all(out[0], text, bytes);
	close(out[0]);
	if (!error)
		waitpid(pid, &status, 0);
	errno = error;
	if (error)
		return err_errno(err, EXIT_HOST, "%s cannot be started", program);
	if (status || !cut_version(text))
		return err_set(err, EXIT_HOST, "%s does not say its version: it is broken",
			       program);
	return 0;
}
