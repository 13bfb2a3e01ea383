/* SPDX-License-Identifier: MIT */
/*
 * --gdb: a thread that speaks gdb's remote serial protocol, one gdb at a time, and has the vCPUs
 * stand still while gdb has control. What the commands are: commands.h; what they act on:
 * machine.h.
 */
#ifndef KVL_GDB_SERVER_H
#define KVL_GDB_SERVER_H

#include "devices/abi/types.h"
#include "vmm/err.h"

struct gdb;
struct kvm_run;
struct vm;

/*
 * Before the vCPUs' threads: they will stand still until a gdb lets them go. @listen_fd stays the
 * caller's. NULL: EXIT_HOST.
 */
struct gdb *gdb_open(struct vm *vm, int listen_fd, struct err *err);

/* On the thread of @cpu. True: the exit was the debugger's and means nothing else. */
bool gdb_takes_exit(struct gdb *gdb, u32 cpu, const struct kvm_run *run);

/* Do CPUs stand still because gdb has not let them go? */
bool gdb_in_control(const struct gdb *gdb);

/*
 * The run has ended and no vCPU runs any more. If the guest crashed and a gdb waits, it may look,
 * until it goes on or leaves, or *@stop (may be NULL) is set.
 */
void gdb_post_mortem(struct gdb *gdb, const volatile int *stop);

/* Tells gdb the exit status of the run. @gdb may be NULL. */
void gdb_close(struct gdb *gdb, u32 status);

#endif
