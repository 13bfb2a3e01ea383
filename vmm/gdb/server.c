/* SPDX-License-Identifier: MIT */
/*
 * Owns the connection and the thread: bytes to packets, packets to commands, and stops of the
 * machine to replies. Only this thread touches a session; what others want of it goes through
 * event_fd.
 */
#define _GNU_SOURCE /* accept4() */
#include "vmm/gdb/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "vmm/gdb/break_test.h"
#include "vmm/gdb/machine.h"
#include "vmm/vm.h"

#define SEND_LIMIT_S 5 /* for a gdb that does not read */
#define LOOK_NS (50 * 1000 * 1000)

/* Where the run is, as the main thread says. */
enum phase {
	PHASE_RUN,
	PHASE_OVER,	/* no vCPU runs any more */
	PHASE_FINISHED, /* the status is known */
};

struct gdb {
	struct vm *vm;
	int listen_fd, event_fd;
	int fd; /* -1: no gdb is there */
	pthread_t thread;
	struct gdb_machine machine;
	struct gdb_packet in;
	struct gdb_session session;
	bool waits;  /* gdb does, for the machine to stop */
	bool looked; /* gdb has been told of the crash */
	size_t sent; /* bytes of the last frame */
	char frame[GDB_FRAME_MAX];
	_Atomic enum phase phase;
	atomic_bool dismissed; /* gdb has nothing more to see: the run may be concluded */
	u32 status;	       /* of PHASE_FINISHED */
};

/* --- to gdb ----------------------------------------------------------------------------------- */
static void send_all(struct gdb *gdb, const char *bytes, size_t n)
{
	while (n) {
		ssize_t done = send(gdb->fd, bytes, n, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return; /* the next read says so, too */
		bytes += done;
		n -= (size_t)done;
	}
}

static void send_reply(struct gdb *gdb)
{
	gdb->sent = gdb_packet_frame(gdb->session.reply, gdb->session.reply_bytes, gdb->frame);
	send_all(gdb, gdb->frame, gdb->sent);
}

static void acknowledge(struct gdb *gdb, const char *sign)
{
	if (!gdb->session.no_ack)
		send_all(gdb, sign, 1);
}

/* --- stopping and going on -------------------------------------------------------------------- */
static void tell_stop(struct gdb *gdb, struct gdb_stop stop)
{
	gdb->waits = false;
	gdb->session.stop = stop;
	gdb_say_stop(&gdb->session);
	send_reply(gdb);
}

/* A CPU has stopped, or gdb's user has pressed Ctrl-C. */
static void stop_machine(struct gdb *gdb)
{
	struct gdb_stop stop;

	gdb_machine_hold(&gdb->machine);
	if (!gdb_machine_stopped(&gdb->machine, &stop))
		stop = (struct gdb_stop){ 0, GDB_SIGINT, false };
	tell_stop(gdb, stop);
}

static void go_on(struct gdb *gdb)
{
	gdb->waits = true;
	if (atomic_load(&gdb->phase) != PHASE_RUN) {
		atomic_store(&gdb->dismissed, true);
		return;
	}
	if (!gdb_machine_go(&gdb->machine, gdb->session.action))
		return;
	gdb->waits = false;
	gdb_say_error(&gdb->session, EIO);
	send_reply(gdb);
}

/* gdb has gone, or will in a moment. */
static void part(struct gdb *gdb)
{
	close(gdb->fd);
	gdb->fd = -1;
	if (atomic_load(&gdb->phase) == PHASE_RUN)
		gdb_machine_free(&gdb->machine);
	atomic_store(&gdb->dismissed, true);
}

/* --- from gdb --------------------------------------------------------------------------------- */
static void obey(struct gdb *gdb)
{
	switch (gdb_command(&gdb->session, gdb->in.data, gdb->in.n)) {
	case GDB_REPLY: send_reply(gdb); break;
	case GDB_RUN: go_on(gdb); break;
	case GDB_DETACH:
		send_reply(gdb);
		part(gdb);
		break;
	case GDB_KILL:
		vm_end(gdb->vm, EXIT_CHECK, false, 0, "killed by gdb");
		part(gdb);
		break;
	}
}

static void take_event(struct gdb *gdb, enum gdb_event event)
{
	switch (event) {
	case GDB_NOTHING: break;
	case GDB_PACKET:
		acknowledge(gdb, "+");
		if (!gdb->waits) /* a gdb says nothing then */
			obey(gdb);
		break;
	case GDB_DAMAGED: acknowledge(gdb, "-"); break;
	case GDB_TOO_LONG:
		acknowledge(gdb, "+");
		gdb_say_error(&gdb->session, E2BIG);
		send_reply(gdb);
		break;
	case GDB_INTERRUPT:
		if (gdb->waits && atomic_load(&gdb->phase) == PHASE_RUN)
			stop_machine(gdb);
		break;
	case GDB_AGAIN:
		if (!gdb->session.no_ack)
			send_all(gdb, gdb->frame, gdb->sent);
		break;
	}
}

static void receive(struct gdb *gdb)
{
	u8 bytes[2048];
	ssize_t n = recv(gdb->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		vm_log(gdb->vm, LOG_WARN, "gdb has gone without a word; the guest goes on");
		part(gdb);
	}
	for (ssize_t i = 0; i < n && gdb->fd >= 0; i++)
		take_event(gdb, gdb_packet_feed(&gdb->in, bytes[i]));
}

/* gdb finds a machine that stands still. */
static void accept_gdb(struct gdb *gdb)
{
	const struct timeval limit = { .tv_sec = SEND_LIMIT_S };
	const int on = 1;

	gdb->fd = accept4(gdb->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (gdb->fd < 0)
		return;
	setsockopt(gdb->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(gdb->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	memset(&gdb->in, 0, sizeof(gdb->in));
	gdb->sent = 0;
	gdb->waits = false;
	gdb_session_init(&gdb->session, &gdb->machine.target,
			 (struct gdb_stop){ 0, GDB_SIGTRAP, false });
	if (atomic_load(&gdb->phase) == PHASE_RUN)
		gdb_machine_hold(&gdb->machine);
}

/* --- from the vCPUs and the main thread ------------------------------------------------------- */
static void tell_crash(struct gdb *gdb)
{
	const struct vm_end *end = &gdb->vm->end;
	char line[sizeof(end->reason) + 16];

	snprintf(line, sizeof(line), "The guest: %s\n", end->reason);
	gdb_say_text(&gdb->session, line);
	send_reply(gdb);
	tell_stop(gdb, (struct gdb_stop){ end->cpu, GDB_SIGABRT, false });
}

static void over(struct gdb *gdb)
{
	if (gdb->looked)
		return;
	gdb->looked = true;
	if (gdb->fd >= 0 && gdb->waits && gdb->vm->end.dump)
		tell_crash(gdb);
	else
		atomic_store(&gdb->dismissed, true);
}

static void take_news(struct gdb *gdb)
{
	struct gdb_stop stop;
	u64 count;

	if (read(gdb->event_fd, &count, sizeof(count)) < 0)
		return;
	if (atomic_load(&gdb->phase) == PHASE_OVER)
		over(gdb);
	else if (gdb->fd >= 0 && gdb->waits && gdb_machine_stopped(&gdb->machine, &stop))
		stop_machine(gdb);
}

/* A gdb that does not wait for a reply finds the connection closed. */
static void farewell(struct gdb *gdb)
{
	if (gdb->fd < 0)
		return;
	if (gdb->waits) {
		gdb_say_exit(&gdb->session, gdb->status);
		send_reply(gdb);
	}
	close(gdb->fd);
}

static void *serve(void *arg)
{
	struct gdb *gdb = arg;

	while (atomic_load(&gdb->phase) != PHASE_FINISHED) {
		struct pollfd wait[2] = { { .fd = gdb->event_fd, .events = POLLIN },
					  { .fd = gdb->fd < 0 ? gdb->listen_fd : gdb->fd,
					    .events = POLLIN } };

		if (poll(wait, 2, -1) < 0)
			continue;
		if (wait[0].revents)
			take_news(gdb);
		else if (gdb->fd < 0)
			accept_gdb(gdb);
		else
			receive(gdb);
	}
	farewell(gdb);
	return NULL;
}

/* --- for the main thread ---------------------------------------------------------------------- */
static bool start_thread(struct gdb *gdb)
{
	sigset_t all, before;
	bool started;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	started = !pthread_create(&gdb->thread, NULL, serve, gdb);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

struct gdb *gdb_open(struct vm *vm, int listen_fd, struct err *err)
{
	struct gdb *gdb = calloc(1, sizeof(*gdb));
	bool by_port = gdb_break_test(&vm->host, err);

	if (by_port)
		vm_log(vm, LOG_WARN,
		       "gdb: %s on this host: breakpoints are port reads, and cannot stand in user "
		       "code",
		       err->text);
	if (gdb) {
		*gdb = (struct gdb){ .vm = vm, .listen_fd = listen_fd, .fd = -1 };
		gdb->event_fd = eventfd(0, EFD_CLOEXEC);
		gdb_machine_init(&gdb->machine, vm, by_port, gdb->event_fd);
		vcpus_hold(vm);
		if (gdb->event_fd >= 0 && start_thread(gdb))
			return gdb;
		if (gdb->event_fd >= 0)
			close(gdb->event_fd);
		gdb_machine_destroy(&gdb->machine);
		free(gdb);
	}
	err_set(err, EXIT_HOST, "--gdb: no memory, file or thread for it");
	return NULL;
}

static void tell(struct gdb *gdb, enum phase phase)
{
	const u64 one = 1;

	atomic_store(&gdb->phase, phase);
	if (write(gdb->event_fd, &one, sizeof(one)) < 0)
		vm_log(gdb->vm, LOG_WARN, "gdb: the end cannot be told");
}

bool gdb_takes_exit(struct gdb *gdb, u32 cpu, const struct kvm_run *run)
{
	return gdb_machine_exit(&gdb->machine, cpu, run);
}

bool gdb_in_control(const struct gdb *gdb)
{
	return !atomic_load(&gdb->machine.running);
}

void gdb_post_mortem(struct gdb *gdb, const volatile int *stop)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };

	tell(gdb, PHASE_OVER);
	while (!atomic_load(&gdb->dismissed) && !(stop && *stop))
		nanosleep(&look, NULL);
}

void gdb_close(struct gdb *gdb, u32 status)
{
	if (!gdb)
		return;
	gdb->status = status;
	tell(gdb, PHASE_FINISHED);
	pthread_join(gdb->thread, NULL);
	gdb_machine_destroy(&gdb->machine);
	close(gdb->event_fd);
	free(gdb);
}
