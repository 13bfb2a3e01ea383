/* SPDX-License-Identifier: MIT */
/*
 * Owns the process of a column: start, time limit, signals, and what its end means. The process
 * leads a group of its own, so that a Ctrl-C reaches it once, from here.
 */
#define _GNU_SOURCE /* dprintf(), strsignal() */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vmm/cli/compare_command.h"

#define SLACK_S 60	    /* beyond the run's own time limit */
#define BOX_SLACK_S 600	    /* to download and start a box */
#define GRACE_S 10	    /* from SIGTERM to SIGKILL */
#define LOG_TAIL_BYTES 4096 /* where the message is looked for */

/* --- the process ------------------------------------------------------------------------------ */
static void wanted_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

void compare_signals(sigset_t *before)
{
	sigset_t set;

	signal(SIGCHLD, SIG_DFL); /* an ignored one would take the status away */
	wanted_signals(&set);
	sigprocmask(SIG_BLOCK, &set, before);
}

/* Nothing reaches the terminal but through compare itself. */
static bool redirect(const char *log)
{
	int null = open("/dev/null", O_RDWR);
	int out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	return null >= 0 && out >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
	       dup2(null, STDOUT_FILENO) >= 0 && dup2(out, STDERR_FILENO) >= 0;
}

static _Noreturn void become(const struct run_command *command, const sigset_t *before,
			     pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent || !redirect(command->log))
		_exit(EXIT_HOST);
	sigprocmask(SIG_SETMASK, before, NULL);
	execv(command->argv[0], (char *const *)(uintptr_t)command->argv);
	dprintf(STDERR_FILENO, "kvalab: %s cannot be started: %s\n", command->argv[0],
		strerror(errno));
	_exit(EXIT_HOST);
}

static pid_t start(const struct run_command *command, const sigset_t *before)
{
	pid_t parent = getpid(), child = fork();

	if (child == 0) {
		setpgid(0, 0);
		become(command, before, parent);
	}
	if (child > 0)
		setpgid(child, child);
	return child;
}

struct watch {
	pid_t child;
	struct timespec deadline;
	bool asked; /* to end; the next time it is made to */
	bool interrupted, late;
};

static void set_deadline(struct watch *watch, time_t seconds)
{
	clock_gettime(CLOCK_MONOTONIC, &watch->deadline);
	watch->deadline.tv_sec += seconds;
}

/* Whole seconds, at least none. */
static struct timespec time_left(const struct watch *watch)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (struct timespec){ .tv_sec = watch->deadline.tv_sec > now.tv_sec
						    ? watch->deadline.tv_sec - now.tv_sec
						    : 0 };
}

static void end_it(struct watch *watch)
{
	kill(watch->asked ? -watch->child : watch->child, watch->asked ? SIGKILL : SIGTERM);
	watch->asked = true;
	set_deadline(watch, GRACE_S);
}

static bool has_ended(pid_t child)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid;
}

/* Until it has ended; its wait status. Whatever is left of its group ends too. */
static int supervise(struct watch *watch)
{
	int status = 0;
	sigset_t set;

	wanted_signals(&set);
	while (!has_ended(watch->child)) {
		struct timespec left = time_left(watch);
		int signal_number = sigtimedwait(&set, NULL, &left);

		if (signal_number > 0 && signal_number != SIGCHLD)
			watch->interrupted = true;
		else if (signal_number > 0 || errno != EAGAIN)
			continue;
		else
			watch->late = true;
		end_it(watch);
	}
	kill(-watch->child, SIGKILL);
	waitpid(watch->child, &status, 0);
	return status;
}

/* --- what came of it -------------------------------------------------------------------------- */
static void fail(struct column *column, enum column_state state, int status, const char *reason)
{
	column->state = state;
	column->status = (enum exit_status)status;
	snprintf(column->reason, sizeof(column->reason), "%s", reason);
	for (char *byte = column->reason; *byte; byte++) /* it goes to a terminal */
		if ((*byte >= 0 && *byte < ' ') || *byte == 0x7F)
			*byte = '?';
}

/* Its reason may begin as its state is called. */
static void skip(struct column *column, const char *reason)
{
	static const char says[] = "skipped: ";

	fail(column, COLUMN_SKIPPED, EXIT_SKIPPED,
	     reason + (strncmp(reason, says, strlen(says)) ? 0 : strlen(says)));
}

/*
 * The last line that a program of this project wrote, or else the last that is not empty. True:
 * kvalab's own, whose run it is.
 */
static bool read_message(const char *log, char *message, size_t bytes)
{
	char tail[LOG_TAIL_BYTES + 1], *line, *rest;
	int fd = open(log, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t n =
		pread(fd, tail, LOG_TAIL_BYTES, size > LOG_TAIL_BYTES ? size - LOG_TAIL_BYTES : 0);
	bool named = false, by_run = false;

	snprintf(message, bytes, "it said nothing");
	tail[n < 0 ? 0 : n] = '\0';
	for (line = strtok_r(tail, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		bool own = strncmp(line, "kvalab: ", 8) == 0;

		if (own || strncmp(line, "kvmbox: ", 8) == 0)
			named = true;
		else if (named)
			continue;
		by_run = own;
		snprintf(message, bytes, "%s", own ? line + 8 : line);
	}
	if (fd >= 0)
		close(fd);
	return by_run;
}

static bool known_status(int status)
{
	return (status >= EXIT_OK && status <= EXIT_VMM) || status == EXIT_SKIPPED ||
	       status == EXIT_TIMEOUT;
}

/*
 * It has ended without a result. That this host cannot is said by 3, and by kvmbox's 77; all that
 * may be wrong with the options was found before, but for what another engine or the box cannot do
 * with them (2). With 77 of its own a run says that it is not for this column.
 */
static void explain(struct column *column, int status, const char *log)
{
	char message[sizeof(column->reason) - 64], reason[sizeof(column->reason)];
	bool by_run = read_message(log, message, sizeof(message));
	bool skipped = status == EXIT_SKIPPED && by_run;
	bool cannot =
		status == EXIT_SKIPPED || status == EXIT_HOST ||
		(status == EXIT_USAGE && column->host != HOST_KVM && column->host != HOST_AUTO);

	if (skipped) {
		skip(column, message);
	} else if (cannot) {
		fail(column, COLUMN_CANNOT, EXIT_HOST, message);
	} else if (status == EXIT_OK || !known_status(status)) {
		snprintf(reason, sizeof(reason), "exit status %d without a result: %s", status,
			 message);
		fail(column, COLUMN_FAILED, EXIT_VMM, reason);
	} else {
		fail(column, COLUMN_FAILED, status, message);
	}
}

static void take_result(const struct comparison *comparison, struct column *column, int status,
			const char *path)
{
	json_error_t error;
	json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	const json_t *end;
	const char *reason;
	struct err err;

	if (!root)
		err_set(&err, EXIT_VMM, "its result cannot be read: %s", error.text);
	if (!root || compare_check_result(root, comparison, column, &err)) {
		json_decref(root);
		fail(column, COLUMN_FAILED, err.status, err.text);
		return;
	}
	end = json_object_get(root, "exit");
	reason = json_string_value(json_object_get(end, "reason"));
	column->result = root;
	if (status == EXIT_SKIPPED)
		skip(column, reason ? reason : "");
	else
		fail(column, COLUMN_RAN, status, reason ? reason : "");
	if (json_integer_value(json_object_get(end, "status")) != status || !known_status(status))
		fail(column, COLUMN_FAILED, EXIT_VMM, "its exit status is not that of its result");
}

static void judge_end(const struct comparison *comparison, struct column *column,
		      const struct watch *watch, int status, const struct run_command *command)
{
	char reason[128];

	if (watch->interrupted) {
		fail(column, COLUMN_FAILED, EXIT_CHECK, "interrupted");
	} else if (watch->late) {
		fail(column, COLUMN_FAILED, EXIT_TIMEOUT, "it did not keep its own time limit");
	} else if (!WIFEXITED(status)) {
		snprintf(reason, sizeof(reason), "it was ended by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
		fail(column, COLUMN_FAILED, EXIT_VMM, reason);
	} else if (access(command->json, F_OK) == 0) {
		take_result(comparison, column, WEXITSTATUS(status), command->json);
	} else {
		explain(column, WEXITSTATUS(status), command->log);
	}
}

int compare_run(const struct comparison *comparison, struct column *column,
		const struct place *place, const sigset_t *before)
{
	struct run_command command;
	struct watch watch = { 0 };
	struct err err;

	if (compare_command(&command, comparison, column, place, &err)) {
		fail(column, COLUMN_CANNOT, EXIT_HOST, err.text);
		return 0;
	}
	if ((place->chip >= 0 && place_copy_chip(place, command.chip, &err)) ||
	    (place->disk >= 0 && place_copy_disk(place, command.disk, &err))) {
		fail(column, COLUMN_FAILED, err.status, err.text);
		return 0;
	}
	watch.child = start(&command, before);
	if (watch.child < 0) {
		fail(column, COLUMN_FAILED, EXIT_HOST, "a process cannot be started");
		return 0;
	}
	set_deadline(&watch, (time_t)comparison->options->run.timeout_s +
				     (compare_in_box(column) ? BOX_SLACK_S : SLACK_S));
	judge_end(comparison, column, &watch, supervise(&watch), &command);
	unlink(command.chip);
	unlink(command.disk);
	return watch.interrupted ? -1 : 0;
}
