/* SPDX-License-Identifier: MIT */
/* Engine qemu: what its parts share. */
#ifndef KVL_QEMU_H
#define KVL_QEMU_H

#include <stdio.h>
#include <sys/types.h>

#include "arch_state.h"
#include "vmm/engine.h"
#include "vmm/flashfile.h"
#include "vmm/qemu/qmp.h"

#define QEMU_PROGRAM "qemu-system-x86_64"

/*
 * The pc machine puts its flash units below 4 GiB, one under the other: unit 0 holds the firmware,
 * unit 1 is the chip. Both together may have 8 MiB.
 */
#define QEMU_FIRMWARE_BYTES (GiB(4) - KVL_QEMU_FLASH_END_GPA)
#define QEMU_PART "qemu-x8"

struct qemu {
	struct vm *vm;
	char program[1024];
	int ram_fd, firmware_fd; /* memory files; -1: none */
	struct flashfile chip;	 /* array NULL: none */

	/* the process; -1: none */
	pid_t pid;
	int console_fd; /* what the guest writes to its UART */
	int stderr_fd;	/* a memory file */
	struct qmp qmp;

	/* watch.c */
	pthread_t watcher;
	bool watching;	       /* the thread exists */
	int stop_fd;	       /* an eventfd: written to when the watcher shall stop the guest */
	bool panicked, paused; /* an event said so, not yet acted upon */
	const char *off;       /* the same: how the machine went off; NULL: it did not */
	bool at_its_end;       /* the guest has paused itself: its exit status follows */
	bool known[KVL_MAX_CPUS];
	struct arch_state state[KVL_MAX_CPUS];
	u64 started_ns;
	u64 run_ns; /* from its first instruction to its own end; 0: it did not come to that */
};

/* --- command.c --- */
/* Looks for QEMU; @path gets where it is. EXIT_HOST: it is not installed. */
int qemu_find(char *path, size_t bytes, struct err *err);

/* The command line, NULL-terminated; all of it is freed by qemu_free_command(). NULL: no memory. */
char **qemu_command(const struct qemu *qemu, int qmp_fd);
void qemu_free_command(char **argv);

/* --- version.c --- */
/* What "@program --version" says behind "version"; EXIT_HOST: it cannot be run, or says none. */
int qemu_version(const char *program, char *text, size_t bytes, struct err *err);

/* --- process.c --- */
/* Starts QEMU with its pipes. It dies with this process, and gets no signals of its terminal. */
int qemu_spawn(struct qemu *qemu, struct err *err);
/* Waits for its end, or kills it, and forgets it; returns its wait status (-1: there was none). */
int qemu_reap(struct qemu *qemu, bool kill_it);
/* The last line that QEMU wrote to stderr, for messages. */
void qemu_last_words(const struct qemu *qemu, char *text, size_t bytes);

/* --- watch.c --- */
int qemu_watch(struct qemu *qemu, struct err *err);
/* Stops the guest, takes the states of its CPUs, ends the thread. */
void qemu_stop(struct vm *vm);

#endif
