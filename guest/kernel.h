/* SPDX-License-Identifier: MIT */
/* Console, failure, options, clock: what every part of the guest may use. */
#ifndef GUEST_KERNEL_H
#define GUEST_KERNEL_H

#include "devices/abi/catalog.h"
#include "devices/abi/layout.h"
#include "guest/host.h"
#include "guest/mm/layout.h"
#include "guest/task/sched.h"

/* Console. %s %c %d %u %x %lu %ld %lx %p and widths (%-20s, %8lu, %08x); enough for tables. */
void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * The one answer to what must not happen: prints @name and the text, CPU, task and backtrace,
 * leaves "name: text" as the reason and ends the run with exit status 4. Names are fixed (docs).
 */
_Noreturn void panic(const char *name, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* As panic(), with the backtrace from a trapped frame. */
_Noreturn void panic_at(const void *frame, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Options that the guest cannot accept: the text is the reason, exit status 2. */
_Noreturn void usage_failure(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What the run is to show cannot be shown on this machine: the text says why, exit status 77. */
_Noreturn void skip_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What the host asked for; read once from the device tree. */
struct flash_partition_info {
	char label[24];
	u64 offset, bytes;
};

struct boot_options {
	struct kvl_layout_request request;
	const char *hole_label[KVL_MAX_HOLES]; /* beside layout.hole[]: whose it is, or NULL */
	char scenario[32], arm[KVL_ARM_NAME_BYTES];
	char layout[KVL_ARM_NAME_BYTES]; /* an arm of the scenario layout; "": the first */
	u64 seed;
	bool seeded;	 /* schedule */
	bool tlb_random; /* which entry of a soft TLB makes room: any, not the oldest */
	bool tlb_pcid;	 /* a soft TLB has PCIDs */
	u32 ncpus;
	u64 flash_gpa, flash_bytes; /* 0: no chip */
	u32 flash_bank_width;
	u32 flash_read_ns;	  /* the part's time for one bus word, in read-array mode */
	u64 disk_gpa, disk_bytes; /* of the registers; 0: no disk */
	u64 dma_end_gpa;	  /* its bus reaches no byte from there on */
	u32 flash_npartitions;
	struct flash_partition_info flash_partition[8];
};
extern struct boot_options boot_options;

/* --set KEY=VALUE, as text; @fallback (may be NULL) if it is not given. */
const char *param_text(const char *key, const char *fallback);
/* True: @yes is given, false: @no or nothing; anything else is a usage failure. */
bool param_choice(const char *key, const char *no, const char *yes);
/* As a number with K, M, G; @fallback if not given; a usage failure if it does not parse. */
u64 param_u64(const char *key, u64 fallback);
/* The same from @least to @most. */
u32 param_number(const char *key, u32 fallback, u32 least, u32 most);

/* Per-CPU counters that the seed determines; summed into "counts". */
#define KERNEL_COUNTERS(X)                        \
	X(PT_SET, "pt_set")                       \
	X(FLUSH_PAGE, "flush_page")               \
	X(FLUSH_SPACE, "flush_space")             \
	X(TLB_FILLS, "tlb_fills")                 \
	X(TLB_EVICTS, "tlb_evicts")               \
	X(SHOOTDOWNS, "shootdowns")               \
	X(IPIS, "ipis")                           \
	X(FAULTS, "faults")                       \
	X(FAULT_SYNCS, "fault_syncs")             \
	X(FAULT_SPURIOUS, "fault_spurious")       \
	X(USER_FAULTS, "user_faults")             \
	X(FAULT_WAITS, "fault_waits")             \
	X(SYSCALLS, "syscalls")                   \
	X(CHIP_WAITS, "chip_waits")               \
	X(CHIP_REVOKES, "chip_revokes")           \
	X(FLASH_PROGRAMS, "flash_programs")       \
	X(FLASH_BUFFERS, "flash_buffers")         \
	X(FLASH_ERASES, "flash_erases")           \
	X(FLASH_UNLOCKS, "flash_unlocks")         \
	X(FLASH_SUSPENDS, "flash_suspends")       \
	X(FLASH_STATUS_BUSY, "flash_status_busy") \
	X(FLASH_BITS_SET, "flash_bits_set")       \
	X(DISK_READS, "disk_reads")               \
	X(DISK_WRITES, "disk_writes")             \
	X(DISK_FLUSHES, "disk_flushes")           \
	X(DISK_ERRORS, "disk_errors")             \
	X(KVA_INSTALLS, "kva_installs")           \
	X(KVA_CONFLICTS, "kva_conflicts")         \
	X(KVA_WRAPS, "kva_wraps")                 \
	X(KVA_WAITS, "kva_waits")                 \
	X(TABLE_INSTALLS, "table_installs")       \
	X(TABLE_WRAPS, "table_wraps")

enum counter {
#define X(id, text) COUNT_##id,
	KERNEL_COUNTERS(X)
#undef X
		COUNTERS,
};
extern u64 counters[KVL_MAX_CPUS][COUNTERS];

static inline void count(enum counter which)
{
	counters[cpu_id()][which]++;
}

u64 count_total(enum counter which);
const char *counter_name(enum counter which);

#endif
