/* SPDX-License-Identifier: MIT */
/* The watch over a QEMU, with this test in QEMU's place: a peer that answers, or does not. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/suite.h"
#include "vmm/qemu/qemu.h"
#include "vmm/vm.h"

static const struct run_config config;
static struct vm vm;
static struct qemu *qemu;
static int theirs, console;
static pthread_t peer;
static const char *event[8]; /* what the peer says behind its answers; NULL: it goes */
static char commands[1024];

static void setup(void)
{
	int protocol[2], out[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, protocol), 0);
	ck_assert_int_eq(pipe(out), 0);
	vm_init(&vm, &config);
	vm.ncpus = 3;
	vm.shared = calloc(1, sizeof(struct kvl_shared));
	qemu = calloc(1, sizeof(*qemu));
	ck_assert(vm.shared && qemu);
	*qemu = (struct qemu){
		.vm = &vm, .pid = -1, .stderr_fd = -1, .console_fd = out[0], .qmp.fd = protocol[0]
	};
	strcpy(qemu->program, "qemu");
	vm.qemu = qemu;
	theirs = protocol[1];
	console = out[1];
}

static void teardown(void)
{
	close(qemu->qmp.fd);
	close(qemu->console_fd);
	close(qemu->stop_fd);
	free(qemu);
	free(vm.shared);
	vm_destroy(&vm);
}

static void wait_for_end(void)
{
	pthread_mutex_lock(&vm.lock);
	while (!vm.end.ended)
		pthread_cond_wait(&vm.wake, &vm.lock);
	pthread_mutex_unlock(&vm.lock);
}

/* One command at a time comes, and is done. */
static void *answer_all(void *arg)
{
	static const char done[] = "{\"return\": {}}\r\n";
	size_t used = 0;
	ssize_t n;

	(void)arg;
	for (u32 i = 0; event[i]; i++) {
		n = read(theirs, commands + used, sizeof(commands) - 1 - used);
		if (n <= 0)
			break;
		used += (size_t)n;
		send(theirs, done, strlen(done), MSG_NOSIGNAL);
		send(theirs, event[i], strlen(event[i]), MSG_NOSIGNAL);
	}
	shutdown(theirs, SHUT_RDWR);
	return NULL;
}

static void watch_with_peer(void)
{
	struct err err;

	commands[0] = '\0';
	ck_assert_int_eq(pthread_create(&peer, NULL, answer_all, NULL), 0);
	ck_assert_int_eq(qemu_watch(qemu, &err), 0);
	wait_for_end();
	qemu_stop(&vm);
	shutdown(theirs, SHUT_RDWR);
	pthread_join(peer, NULL);
	close(theirs);
	close(console);
}

/* Whatever switches the machine off, it is not waited for till the time limit. */
START_TEST(a_machine_that_goes_off)
{
	static const struct {
		const char *event, *reason;
	} way[] = {
		{ "{\"event\": \"SHUTDOWN\", \"data\": "
		  "{\"guest\": true, \"reason\": \"guest-reset\"}}\n",
		  "triple fault" },
		{ "{\"event\": \"SHUTDOWN\", \"data\": "
		  "{\"guest\": true, \"reason\": \"guest-shutdown\"}}\n",
		  "switches the machine off" },
	};
	for (u32 i = 0; i < ARRAY_LEN(event); i++)
		event[i] = i < ARRAY_LEN(event) - 1 ? "" : NULL;
	event[0] = way[_i].event;
	watch_with_peer();
	ck_assert_int_eq(vm.end.status, EXIT_GUEST);
	ck_assert(vm.end.dump);
	ck_assert_ptr_nonnull(strstr(vm.end.reason, way[_i].reason));
}
END_TEST

/* A newer QEMU's isa-debug-exit: it switches the machine off, and QEMU ends with the status. */
START_TEST(an_end_that_is_a_shutdown)
{
	static const char *const script[] = {
		"{\"event\": \"GUEST_PANICKED\"}\n{\"event\": \"STOP\"}\n", /* behind cont */
		"",							    /* info registers */
		"",							    /* set-action */
		"{\"event\": \"SHUTDOWN\", \"data\": "
		"{\"guest\": true, \"reason\": \"guest-shutdown\"}}\n", /* behind cont */
		NULL,
	};

	memcpy(event, script, sizeof(script));
	vm.ncpus = 1;
	qemu->pid = fork();
	if (qemu->pid == 0)
		_exit(2 * EXIT_CHECK + 1);
	watch_with_peer();
	ck_assert_int_eq(vm.end.status, EXIT_CHECK);
	ck_assert_ptr_nonnull(
		strstr(commands, "{\"shutdown\":\"poweroff\"}}{\"execute\":\"cont\"}"));
}
END_TEST

/* A status without the guest's pause is QEMU's, or a guest's that did not say what it is for. */
START_TEST(an_end_without_a_pause)
{
	struct err err;

	qemu->pid = fork();
	if (qemu->pid == 0)
		_exit(1);
	close(theirs);
	ck_assert_int_eq(qemu_watch(qemu, &err), 0);
	wait_for_end();
	qemu_stop(&vm);
	ck_assert_int_eq(vm.end.status, EXIT_VMM);
	ck_assert_str_eq(vm.end.reason,
			 "qemu ends with status 1: it says nothing, so the guest may "
			 "have written to port 0xf4 without its pause");
	close(console);
}
END_TEST

/* It has closed its protocol, but stays, and holds the console open. */
START_TEST(a_qemu_that_does_not_end)
{
	struct err err;

	close(theirs);
	qemu->pid = fork();
	if (qemu->pid == 0)
		for (;;)
			pause();
	ck_assert_int_eq(qemu_watch(qemu, &err), 0);
	wait_for_end();
	qemu_stop(&vm);
	ck_assert_int_eq(vm.end.status, EXIT_VMM);
	ck_assert_str_eq(vm.end.reason, "qemu ends with signal 9");
	close(console);
}
END_TEST

/* One answer is waited for, not one for each CPU; the console's end is not waited for. */
START_TEST(a_qemu_that_does_not_answer)
{
	struct err err;

	qemu->pid = fork();
	if (qemu->pid == 0)
		for (;;)
			if (write(console, "x", 1) != 1)
				_exit(0);
	ck_assert_int_eq(qemu_watch(qemu, &err), 0);
	wait_for_end();
	qemu_stop(&vm);
	ck_assert_int_eq(vm.end.status, EXIT_VMM);
	ck_assert_str_eq(vm.end.reason, "QEMU does not do cont: no answer in 5 s");
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
	close(theirs);
	close(console);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("qemu_watch");
	TCase *all = tcase_create("all");

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_set_timeout(all, 60);
	tcase_add_loop_test(all, a_machine_that_goes_off, 0, 2);
	tcase_add_test(all, an_end_that_is_a_shutdown);
	tcase_add_test(all, an_end_without_a_pause);
	tcase_add_test(all, a_qemu_that_does_not_end);
	tcase_add_test(all, a_qemu_that_does_not_answer);
	suite_add_tcase(suite, all);
	return run_suite(suite);
}
