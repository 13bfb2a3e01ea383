/* SPDX-License-Identifier: MIT */
/*
 * What commands.c asks of a machine that stands still. machine.c is the one that there is; unit
 * tests have one without KVM.
 */
#ifndef KVL_GDB_TARGET_H
#define KVL_GDB_TARGET_H

#include "devices/abi/types.h"
#include "vmm/gdb/registers.h"

/* What a CPU does when the machine goes on. */
enum gdb_action { GDB_STAND, GDB_CONTINUE, GDB_STEP };

/* @cpu is below ncpus everywhere. False: that cannot be done, and nothing has changed. */
struct gdb_target {
	void *owner;
	u32 ncpus;
	u64 image_va; /* where the first segment of the image has been put */

	/* All registers, one behind the other, in the order of gdb_register[]. */
	bool (*read_registers)(void *owner, u32 cpu, u8 values[GDB_REGISTER_BYTES]);
	/* Those that can be written; the others must have the values that they have. */
	bool (*write_registers)(void *owner, u32 cpu, const u8 values[GDB_REGISTER_BYTES]);
	/* By guest-virtual address, as @cpu sees it. Returns how many bytes could be read. */
	size_t (*read_memory)(void *owner, u32 cpu, u64 va, u8 *out, size_t bytes);
	bool (*write_memory)(void *owner, u32 cpu, u64 va, const u8 *in, size_t bytes);
	/* Inserting one that is there, and removing one that is not, changes nothing. */
	bool (*insert_break)(void *owner, u32 cpu, u64 va);
	void (*remove_break)(void *owner, u64 va);
	/* One line about a CPU, for "info threads". */
	void (*describe)(void *owner, u32 cpu, char *text, size_t bytes);
};

#endif
