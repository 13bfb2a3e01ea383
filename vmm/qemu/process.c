/* SPDX-License-Identifier: MIT */
/* Owns QEMU as a process: its start with pipes and memory files, its end, its last words. */
#define _GNU_SOURCE /* memfd_create(), pipe2() */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vmm/qemu/qemu.h"

#define END_MS 5000 /* so long a QEMU may take to end once it has closed its protocol */

/* QEMU's ends of what connects it; all are closed in this process when it runs. */
struct ends {
	int console, qmp;
};

/* For the parent's message: qemu_last_words(). */
_Noreturn static void give_up(const struct qemu *qemu, const char *what)
{
	dprintf(qemu->stderr_fd, "%s: %s\n", what, strerror(errno));
	_exit(127);
}

/*
 * In the child, which is a copy of a single thread. Without huge pages: one that QEMU puts beside a
 * hole would reach into it, and look like a touch of the hole (engine.c).
 */
_Noreturn static void become_qemu(const struct qemu *qemu, const struct ends *ends, char **argv,
				  pid_t parent)
{
	const int keep[] = { qemu->ram_fd, qemu->firmware_fd, qemu->chip.array ? qemu->chip.fd : -1,
			     ends->qmp, qemu->vm->segment_fd };
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	if (null < 0)
		give_up(qemu, "/dev/null cannot be opened");
	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
		give_up(qemu, "huge pages cannot be switched off (prctl)");
	if (dup2(null, STDIN_FILENO) < 0 || dup2(ends->console, STDOUT_FILENO) < 0 ||
	    dup2(qemu->stderr_fd, STDERR_FILENO) < 0)
		give_up(qemu, "a descriptor cannot be copied");
	for (u32 i = 0; i < ARRAY_LEN(keep); i++)
		if (keep[i] >= 0)
			fcntl(keep[i], F_SETFD, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	execv(qemu->program, argv);
	give_up(qemu, "it cannot be executed");
}

static int start(struct qemu *qemu, const struct ends *ends, struct err *err)
{
	char **argv = qemu_command(qemu, ends->qmp);
	pid_t parent = getpid();

	if (!argv)
		return err_set(err, EXIT_HOST, "no memory for QEMU's command line");
	qemu->pid = fork();
	if (qemu->pid == 0)
		become_qemu(qemu, ends, argv, parent);
	qemu_free_command(argv);
	return qemu->pid < 0 ? err_errno(err, EXIT_HOST, "QEMU cannot be started") : 0;
}

int qemu_spawn(struct qemu *qemu, struct err *err)
{
	int console[2] = { -1, -1 }, qmp[2] = { -1, -1 };
	struct ends ends;
	int ret;

	qemu->stderr_fd = memfd_create("qemu-stderr", MFD_CLOEXEC);
	if (qemu->stderr_fd < 0 || pipe2(console, O_CLOEXEC) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qmp)) {
		ret = err_errno(err, EXIT_HOST, "no pipes for QEMU");
	} else {
		ends = (struct ends){ .console = console[1], .qmp = qmp[1] };
		ret = start(qemu, &ends, err);
	}
	if (console[1] >= 0)
		close(console[1]);
	if (qmp[1] >= 0)
		close(qmp[1]);
	qemu->console_fd = console[0];
	qemu->qmp.fd = qmp[0];
	return ret;
}

/* Its protocol is closed, so it is about to end. False: it is still there. */
static bool ends_soon(pid_t pid, int *status)
{
	const struct timespec pause = { .tv_nsec = 1000 * 1000 };

	for (u32 i = 0; i < END_MS; i++) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

int qemu_reap(struct qemu *qemu, bool kill_it)
{
	int status = -1;

	if (qemu->pid < 0)
		return -1;
	if (kill_it || !ends_soon(qemu->pid, &status)) {
		kill(qemu->pid, SIGKILL);
		while (waitpid(qemu->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	qemu->pid = -1;
	return status;
}

void qemu_last_words(const struct qemu *qemu, char *text, size_t bytes)
{
	char tail[512];
	off_t end = lseek(qemu->stderr_fd, 0, SEEK_END);
	off_t from = end > (off_t)sizeof(tail) - 1 ? end - (off_t)sizeof(tail) + 1 : 0;
	ssize_t n = pread(qemu->stderr_fd, tail, sizeof(tail) - 1, from);
	char *line;

	tail[n > 0 ? n : 0] = '\0';
	while (n > 0 && tail[n - 1] == '\n')
		tail[--n] = '\0';
	line = strrchr(tail, '\n');
	snprintf(text, bytes, "%s", line ? line + 1 : tail);
	for (char *byte = text; *byte; byte++) /* it goes to a terminal */
		if ((*byte >= 0 && *byte < ' ') || *byte == 0x7F)
			*byte = '?';
}
