/* SPDX-License-Identifier: MIT */
/*
 * Owns a QEMU of a test: the process, and the qtest protocol, which is lines of text. Debian's QEMU
 * has no accelerator "qtest", and so no command that steps the clock: the machine is a stopped one
 * of the emulator, and its clock stands still but for what lies between "cont" and "stop".
 */
#define _GNU_SOURCE /* memfd_create() */
#include "tests/qemu/qtest.h"
#include "tests/unit/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ARGS 64

/* --- failure ---------------------------------------------------------------------------------- */
void qtest_fail(const struct qtest *qtest, const char *what)
{
	char words[512];
	off_t end = lseek(qtest->stderr_fd, 0, SEEK_END);
	off_t from = end < (off_t)sizeof(words) ? 0 : end - (off_t)sizeof(words) + 1;
	ssize_t n = pread(qtest->stderr_fd, words, sizeof(words) - 1, from);

	words[n > 0 ? n : 0] = '\0';
	ck_abort_msg("QEMU: %s; it says: %s", what, n > 0 ? words : "nothing");
	abort(); /* not reached; the compiler does not know */
}

/* --- the process ------------------------------------------------------------------------------ */
enum { QEMU_FDS = 5 }; /* the protocol, twice; stderr; the flash; QMP */

_Noreturn static void become_qemu(const char *program, char **argv, const int fds[QEMU_FDS],
				  pid_t parent)
{
	int high[QEMU_FDS];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	for (int i = 0; i < QEMU_FDS; i++) /* out of the way of the numbers that they get */
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 16);
	for (int i = 0; i < QEMU_FDS; i++)
		dup2(high[i], i);
	execv(program, argv);
	dprintf(2, "it cannot be executed: %s", strerror(errno));
	_exit(127);
}

static void make_pair(int pair[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
}

static int make_file(const char *name, const u8 *content, size_t bytes)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, bytes), (ssize_t)bytes);
	return fd;
}

void qtest_start(struct qtest *qtest, const char *program, const char *const *argv, const u8 *flash,
		 size_t flash_bytes)
{
	static const char *const ours[] = { "-S",	  "-nodefaults",
					    "-display",	  "none",
					    "-qtest",	  "stdio",
					    "-qtest-log", "/dev/null",
					    "-chardev",	  "socket,id=qmp,fd=4",
					    "-mon",	  "chardev=qmp,mode=control" };
	const char *all[MAX_ARGS] = { program };
	int bus[2], qmp[2], file = make_file("flash", flash, flash_bytes);
	size_t n = 1;
	pid_t parent = getpid();

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		all[n++] = ours[i];
	while (*argv && n < MAX_ARGS - 1)
		all[n++] = *argv++;
	make_pair(bus);
	make_pair(qmp);
	memset(qtest, 0, sizeof(*qtest));
	qtest->stderr_fd = make_file("qemu-stderr", NULL, 0);
	qtest->pid = fork();
	ck_assert_int_ge(qtest->pid, 0);
	if (qtest->pid == 0)
		become_qemu(program, (char **)(uintptr_t)all,
			    (int[]){ bus[1], bus[1], qtest->stderr_fd, file, qmp[1] }, parent);
	qtest->fd = bus[0];
	qtest->qmp.fd = qmp[0];
	close(file);
	close(bus[1]);
	close(qmp[1]);
	qtest_do(qtest, "qmp_capabilities");
}

void qtest_end(struct qtest *qtest)
{
	kill(qtest->pid, SIGKILL);
	while (waitpid(qtest->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(qtest->fd);
	close(qtest->qmp.fd);
	close(qtest->stderr_fd);
}

void qtest_do(struct qtest *qtest, const char *command)
{
	struct err err;

	if (qmp_do(&qtest->qmp, command, &err))
		qtest_fail(qtest, err.text);
}

/* --- the protocol ----------------------------------------------------------------------------- */
static void fill(struct qtest *qtest)
{
	ssize_t n;

	if (qtest->start) {
		memmove(qtest->in, qtest->in + qtest->start, qtest->end - qtest->start);
		qtest->end -= qtest->start;
		qtest->start = 0;
	}
	if (qtest->end == sizeof(qtest->in))
		qtest_fail(qtest, "an answer that is too long");
	n = read(qtest->fd, qtest->in + qtest->end, sizeof(qtest->in) - qtest->end);
	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0)
		qtest_fail(qtest, "it has ended");
	qtest->end += (size_t)n;
}

/* One line, without its end; valid until the next one is read. */
static char *read_line(struct qtest *qtest)
{
	char *line, *newline;

	while (!(newline = memchr(qtest->in + qtest->start, '\n', qtest->end - qtest->start)))
		fill(qtest);
	line = qtest->in + qtest->start;
	*newline = '\0';
	qtest->start = (size_t)(newline - qtest->in) + 1;
	return line;
}

/* Sends a command; returns what the answer has behind "OK". */
static const char *ask(struct qtest *qtest, const char *command)
{
	size_t bytes = strlen(command);
	const char *answer;

	if (send(qtest->fd, command, bytes, MSG_NOSIGNAL) != (ssize_t)bytes)
		qtest_fail(qtest, "it has ended");
	answer = read_line(qtest);
	if (strncmp(answer, "OK", 2) != 0)
		qtest_fail(qtest, answer);
	return answer + 2;
}

static char letter(u32 bytes)
{
	return bytes == 1 ? 'b' : bytes == 2 ? 'w' : 'l';
}

u64 qtest_read(struct qtest *qtest, u64 gpa, u32 bytes)
{
	char command[64];

	snprintf(command, sizeof(command), "read%c %#llx\n", letter(bytes),
		 (unsigned long long)gpa);
	return strtoull(ask(qtest, command), NULL, 0);
}

void qtest_write(struct qtest *qtest, u64 gpa, u32 bytes, u64 value)
{
	char command[64];

	snprintf(command, sizeof(command), "write%c %#llx %#llx\n", letter(bytes),
		 (unsigned long long)gpa, (unsigned long long)value);
	ask(qtest, command);
}

static u8 hex_digit(const struct qtest *qtest, char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	if (!at)
		qtest_fail(qtest, "an answer that is no number");
	return (u8)(at - digits);
}

#define MAX_READ 8192

void qtest_read_bytes(struct qtest *qtest, u64 gpa, u8 *to, size_t bytes)
{
	char command[64];

	for (size_t done = 0; done < bytes;) {
		size_t n = bytes - done < MAX_READ ? bytes - done : MAX_READ;
		const char *hex;

		snprintf(command, sizeof(command), "read %#llx %zu\n",
			 (unsigned long long)gpa + done, n);
		hex = ask(qtest, command) + strlen(" 0x");
		for (size_t i = 0; i < n; i++)
			to[done + i] = (u8)(hex_digit(qtest, hex[2 * i]) << 4 |
					    hex_digit(qtest, hex[2 * i + 1]));
		done += n;
	}
}
