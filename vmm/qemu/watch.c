/* SPDX-License-Identifier: MIT */
/*
 * The thread that watches a running QEMU: hands on the console, looks at the CPUs when the guest or
 * this program stops them, and finds out how it ended.
 *
 * The guest's own end has two steps: it pauses the machine (pvpanic), so that the CPUs can be
 * looked at; when it is let go it writes its status to isa-debug-exit, and QEMU ends with twice the
 * status plus one. Only after the first step is that second one believed: a QEMU that fails ends
 * with 1 too.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/arch.h"
#include "vmm/clock.h"
#include "vmm/console.h"
#include "vmm/ending.h"
#include "vmm/qemu/qemu.h"

/* --- the CPUs --------------------------------------------------------------------------------- */
static void take_state(struct qemu *qemu, u32 cpu)
{
	struct err err;
	json_t *text = qmp_command(&qemu->qmp, "human-monitor-command",
				   json_pack("{s:s, s:i}", "command-line", "info registers",
					     "cpu-index", (int)cpu),
				   &err);
	const char *registers = json_string_value(text);

	qemu->known[cpu] = registers && arch_qemu_state(registers, &qemu->state[cpu]);
	json_decref(text);
}

static void take_states(struct qemu *qemu)
{
	for (u32 i = 0; i < qemu->vm->ncpus; i++)
		take_state(qemu, i);
}

/* A machine that goes off by the guest's doing is kept as it is; by another's it ends with QEMU. */
static void on_event(void *owner, const char *name, const json_t *data)
{
	const char *reason = json_string_value(json_object_get(data, "reason"));
	struct qemu *qemu = owner;

	/* The machine runs on until STOP: a "cont" before that would be lost, and it paused for
	 * ever. */
	if (strcmp(name, "GUEST_PANICKED") == 0)
		qemu->panicked = true;
	else if (strcmp(name, "STOP") == 0 && qemu->panicked)
		qemu->paused = true;
	else if (strcmp(name, "SHUTDOWN") != 0 || !json_is_true(json_object_get(data, "guest")))
		return;
	else if (reason && strcmp(reason, "guest-reset") == 0)
		qemu->off =
			"triple fault (an exception while a double fault was delivered), or the "
			"guest resets the machine by a port";
	else if (!qemu->at_its_end) /* then it is the isa-debug-exit of a newer QEMU */
		qemu->off = "the guest switches the machine off";
}

/* --- how it ends ------------------------------------------------------------------------------ */

/* All marks together, once: the guest may still change them. */
static void take_marks(struct vm *vm)
{
	const volatile u64 *ticks = vm_shared(vm)->mark_ticks;

	vm->boot_ticks = ticks[KVL_MARK_SCENARIO];
	atomic_store(&vm->scenario_done, ticks[KVL_MARK_DONE] != 0);
}

/* The CPU that ended the run is named by the guest: it only has to be one. */
static u32 exit_cpu(const struct vm *vm)
{
	u32 cpu = *(const volatile u32 *)&vm_shared(vm)->exit_cpu;

	return cpu < vm->ncpus ? cpu : 0;
}

/* Lets the machine run. It may be gone before it has answered. */
static void go_on(struct qemu *qemu)
{
	struct err err;

	if (qmp_do(&qemu->qmp, "cont", &err) && !qemu->qmp.closed)
		vm_end(qemu->vm, err.status, false, 0, "%s", err.text);
}

/*
 * The guest's exit status comes next. In newer QEMUs isa-debug-exit switches the machine off
 * instead of ending QEMU by itself, and that must no longer pause it.
 */
static void await_status(struct qemu *qemu)
{
	json_t *off = json_pack("{s:s}", "shutdown", "poweroff");
	struct err err;

	qemu->at_its_end = true;
	qemu->panicked = qemu->paused = false;
	json_decref(qmp_command(&qemu->qmp, "set-action", off, &err));
	go_on(qemu);
}

static void act_on_events(struct qemu *qemu)
{
	if (qemu->off) {
		take_states(qemu);
		vm_end(qemu->vm, EXIT_GUEST, true, 0, "%s", qemu->off);
	} else if (qemu->paused) {
		qemu->run_ns = monotonic_ns() - qemu->started_ns;
		take_states(qemu);
		await_status(qemu);
	}
}

static void end_by_process(struct qemu *qemu, int status)
{
	struct vm *vm = qemu->vm;
	char words[512];

	take_marks(vm);
	if (qemu->at_its_end && WIFEXITED(status) && WEXITSTATUS(status) % 2) {
		guest_ends(vm, exit_cpu(vm), (u64)WEXITSTATUS(status) / 2);
		return;
	}
	qemu_last_words(qemu, words, sizeof(words));
	if (!*words && WIFEXITED(status) && WEXITSTATUS(status) % 2)
		snprintf(words, sizeof(words),
			 "it says nothing, so the guest may have written to port 0x%x without its "
			 "pause",
			 KVL_PORT_EXIT);
	vm_end(vm, EXIT_VMM, false, 0, "%s ends with %s %d%s%s", qemu->program,
	       WIFSIGNALED(status) ? "signal" : "status",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), *words ? ": " : "",
	       words);
}

/* --- the thread ------------------------------------------------------------------------------- */

/* What has come of the console; false: nothing more will, or not now. */
static bool pump_console(struct qemu *qemu)
{
	u8 bytes[4096];
	ssize_t n = read(qemu->console_fd, bytes, sizeof(bytes));

	for (ssize_t i = 0; i < n; i++)
		console_byte(qemu->vm, bytes[i]);
	return n > 0;
}

static void pump_all(struct qemu *qemu)
{
	while (pump_console(qemu))
		;
}

/* Takes what comes; waits for it, unless an event has still to be acted upon. False: it shall
 * stop. */
static bool take_news(struct qemu *qemu, struct pollfd *fds)
{
	enum { QMP, CONSOLE, STOP, FDS };
	json_t *answer;

	if (poll(fds, FDS, qemu->off || qemu->paused ? 0 : -1) < 0)
		return true; /* a signal */
	if (fds[CONSOLE].revents && !pump_console(qemu))
		fds[CONSOLE].fd = -1; /* closed before the rest: nothing more to come */
	if (fds[QMP].revents) {
		qmp_receive(&qemu->qmp, 0, &answer);
		json_decref(answer);
	}
	return !fds[STOP].revents;
}

/* Until the process has gone, or the guest has been stopped. */
static void watch(struct qemu *qemu)
{
	struct pollfd fds[] = { { .fd = qemu->qmp.fd, .events = POLLIN },
				{ .fd = qemu->console_fd, .events = POLLIN },
				{ .fd = qemu->stop_fd, .events = POLLIN } };
	struct err err;

	qemu->started_ns = monotonic_ns();
	go_on(qemu);
	do
		act_on_events(qemu);
	while (!qemu->qmp.closed && !vm_ended(qemu->vm) && take_news(qemu, fds));
	if (!qemu->qmp.closed && !qemu->off && !qmp_do(&qemu->qmp, "stop", &err))
		take_states(qemu);
}

/* By now QEMU has gone, or has to go, or its machine stands still: the console comes to an end. */
static void *watch_main(void *arg)
{
	struct qemu *qemu = arg;
	bool gone;
	int status = -1;

	watch(qemu);
	gone = qemu->qmp.closed;
	if (gone || qemu->qmp.silent)
		status = qemu_reap(qemu, qemu->qmp.silent);
	fcntl(qemu->console_fd, F_SETFL, O_NONBLOCK);
	pump_all(qemu);
	if (gone)
		end_by_process(qemu, status);
	else
		take_marks(qemu->vm);
	return NULL;
}

int qemu_watch(struct qemu *qemu, struct err *err)
{
	qemu->qmp.owner = qemu;
	qemu->qmp.event = on_event;
	qemu->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (qemu->stop_fd < 0)
		return err_errno(err, EXIT_HOST, "no event descriptor for the watch over QEMU");
	errno = pthread_create(&qemu->watcher, NULL, watch_main, qemu);
	if (errno)
		return err_errno(err, EXIT_HOST, "no thread to watch QEMU");
	qemu->watching = true;
	return 0;
}

void qemu_stop(struct vm *vm)
{
	struct qemu *qemu = vm->qemu;
	const u64 one = 1;

	if (!qemu || !qemu->watching)
		return;
	/* An eventfd takes eight bytes at once, always. */
	if (write(qemu->stop_fd, &one, sizeof(one)) != sizeof(one))
		return;
	pthread_join(qemu->watcher, NULL);
	qemu->watching = false;
	qemu_reap(qemu, true);
}
