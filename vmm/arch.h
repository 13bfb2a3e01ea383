/* SPDX-License-Identifier: MIT */
/*
 * What the VMM needs from a processor: this is the whole list. arch/<arch>/vmm implements it.
 */
#ifndef KVL_VMM_ARCH_H
#define KVL_VMM_ARCH_H

#include <stdio.h>

#include "arch_state.h"
#include "devices/abi/layout.h"
#include "vmm/err.h"
#include "vmm/gmem.h"
#include "vmm/kvm.h"

struct image;
struct kvm_run;
struct trace;

/* --- KVM ------------------------------------------------------------------------------------ */
extern const struct kvm_cap arch_kvm_caps[];
extern const size_t arch_kvm_ncaps;

/* Before any vCPU exists: addresses that KVM keeps for itself, interrupt controllers. */
int arch_vm_setup(int vm_fd, struct err *err);
/* A vCPU that has just been made: what it says it can do (CPUID). */
int arch_vcpu_setup(int kvm_fd, int vcpu_fd, u32 cpu, struct err *err);
/* State of the first vCPU at the guest's PVH entry: 32-bit protected mode, paging off. */
int arch_vcpu_enter(int vcpu_fd, u64 entry_gpa, u64 start_info_gpa, struct err *err);
/* Where the vCPU goes on: behind a store that has left the guest. 0 if KVM does not say. */
u64 arch_vcpu_pc(int vcpu_fd);
/* The guest's time-stamp counter as @vcpu_fd sees it now; 0 if KVM does not say. */
u64 arch_guest_cycles(int vcpu_fd);

/*
 * Writes code for arch_vcpu_enter() to @page: @rounds times two instructions, then an output to
 * KVL_PORT_EXIT.
 */
void arch_loop_code(u8 *page, u32 rounds);

/* The guest of the trap tier's self-test: where its parts lie, for host and guest. */
#define ARCH_STORE_TEST_TABLES 4 /* pages, the root first */
struct arch_store_test {
	u8 *code, *tables;
	u64 code_gpa, tables_gpa;
	u64 pages_gpa; /* two: what the entry maps before and after */
};
/* Writes tables and code. */
void arch_store_test_fill(const struct arch_store_test *test);
/* The entry that it changes, and what it stores there. */
u64 arch_store_test_gpa(const struct arch_store_test *test);
u64 arch_store_test_entry(const struct arch_store_test *test);
/*
 * At its first instruction. It reads the page, stores, flushes, reads again, and outputs a byte of
 * what it has read to KVL_PORT_EXIT.
 */
int arch_store_test_enter(int vcpu_fd, const struct arch_store_test *test, struct err *err);

/* --- QEMU ------------------------------------------------------------------------------------- */
/*
 * Fills the end of a ROM that ends at 4 GiB: code that takes the first CPU from reset to
 * @entry_gpa, in the state of arch_vcpu_enter().
 */
void arch_firmware(u8 *rom, u64 rom_bytes, u64 entry_gpa, u64 start_info_gpa);

/* --- boot ----------------------------------------------------------------------------------- */
/*
 * Makes the first page tables in the first frames of the arena and reports each of them and each
 * entry to @trace (may be NULL). Maps: the first 2 MiB and [16, 18) MiB at their own addresses, the
 * core at page_offset + gpa, the last table of the fixmap (reachable through its own last entry),
 * the testbed window. Returns the number of arena frames used, -1 if the arena is too small.
 */
int arch_boot_tables(const struct gmem *mem, const struct kvl_layout *layout, struct trace *trace,
		     u64 *root_gpa, struct err *err);
/* Writes the PVH start info into low memory; returns its address. */
u64 arch_boot_info(const struct gmem *mem);

/* --- a stopped CPU ---------------------------------------------------------------------------- */
/* Its state, by KVM_GET_REGS and KVM_GET_SREGS; false: KVM does not say. */
bool arch_kvm_state(int vcpu_fd, struct arch_state *state);
/* The same from the text of QEMU's monitor command "info registers"; false: not such a text. */
bool arch_qemu_state(const char *text, struct arch_state *state);

/*
 * Describes it: registers, decoded instruction with its symbol, page-table walks of the program
 * counter and of the last fault address.
 */
void arch_dump_state(FILE *out, const struct arch_state *state, const struct gmem *mem,
		     const struct image *image);
/*
 * Where in guest-physical space the instruction at the program counter lies; false: nowhere, or the
 * guest uses tables of a kind that this program does not walk.
 */
bool arch_fetch_gpa(const struct arch_state *state, const struct gmem *mem, u64 *fetch_gpa);
/* The same for any address that it would use, as it stands now. */
bool arch_data_gpa(const struct arch_state *state, const struct gmem *mem, u64 va, u64 *data_gpa);
/* The root of the page tables that it runs on; false: paging is off. */
bool arch_root(const struct arch_state *state, u64 *root_gpa);
/* One line: where it is ("rip 0x… symbol+0x…"). */
void arch_where(const struct arch_state *state, const struct image *image, char *text,
		size_t bytes);

/* --- a debugger ------------------------------------------------------------------------------- */
/* Its registers in the order of gdb_register[] (vmm/gdb/registers.h); false: KVM does not say. */
bool arch_debug_read(int vcpu_fd, u8 *values);
/* False: KVM refuses, or one would change that cannot be written. */
bool arch_debug_write(int vcpu_fd, const u8 *values);
/*
 * From its next entry on KVM_EXIT_DEBUG follows each instruction, or stands for each
 * ARCH_BREAK_BYTE that it would execute. What ioctl() returns.
 */
int arch_debug_control(int vcpu_fd, bool step, bool breaks);

struct arch_debug_stop {
	u64 pc;	       /* of the instruction that would be next */
	bool by_break; /* which is ARCH_BREAK_BYTE */
};
/* What a KVM_EXIT_DEBUG says. */
struct arch_debug_stop arch_debug_stop(const struct kvm_run *run);
/* Does ARCH_PORT_BREAK_BYTE before the byte @next leave the guest? */
bool arch_port_break_fits(u8 next);
/* Can this KVM_EXIT_IO be that of an ARCH_PORT_BREAK_BYTE? */
bool arch_may_be_port_break(const struct kvm_run *run);

#endif
