/* SPDX-License-Identifier: MIT */
/*
 * The machine as gdb sees it: a struct gdb_target over a struct vm, which CPU goes on and how, and
 * breakpoints. They are a byte in the guest's memory while the machine runs, and nothing while it
 * stands still. Which byte: the host decides (arch_debug.h).
 */
#ifndef KVL_GDB_MACHINE_H
#define KVL_GDB_MACHINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "vmm/gdb/commands.h"
#include "vmm/gmem.h"

#define GDB_MAX_BREAKS 64

struct kvm_run;
struct vm;

struct gdb_break {
	u64 va;
	struct gpa at; /* where @va led when it was inserted */
	u8 instead;    /* of the byte that is there while the machine runs */
	bool planted;
};

struct gdb_machine {
	struct vm *vm;
	struct gdb_target target;
	u8 break_byte;	     /* ARCH_BREAK_BYTE or ARCH_PORT_BREAK_BYTE */
	int event_fd;	     /* written when a CPU has stopped */
	atomic_bool running; /* at least one CPU may be on its way */
	u32 nbreaks;
	struct gdb_break at[GDB_MAX_BREAKS];
	enum gdb_action action[KVL_MAX_CPUS];
	/* It has done a port read that was a breakpoint; registers as they were before. */
	bool undo[KVL_MAX_CPUS];
	u8 before[KVL_MAX_CPUS][GDB_REGISTER_BYTES];
	pthread_mutex_t lock; /* stopped, stop */
	bool stopped;	      /* since gdb_machine_go() */
	struct gdb_stop stop; /* the first one's */
};

/*
 * All CPUs of @vm are held; their threads need not exist yet. @by_port: breakpoints are port reads.
 */
void gdb_machine_init(struct gdb_machine *machine, struct vm *vm, bool by_port, int event_fd);
void gdb_machine_destroy(struct gdb_machine *machine);

/* Lets CPUs go as @action (one for each) says. -1: KVM refuses, and they stand where they were. */
int gdb_machine_go(struct gdb_machine *machine, const enum gdb_action *action);
/* All stand still from here. */
void gdb_machine_hold(struct gdb_machine *machine);
/* Forgets all breakpoints; the guest runs as if there had been no debugger. */
void gdb_machine_free(struct gdb_machine *machine);
/* Has a CPU stopped since gdb_machine_go()? */
bool gdb_machine_stopped(struct gdb_machine *machine, struct gdb_stop *stop);

/* On the thread of @cpu. True: the exit was a breakpoint's or a step's. */
bool gdb_machine_exit(struct gdb_machine *machine, u32 cpu, const struct kvm_run *run);

#endif
