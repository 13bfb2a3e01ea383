/* SPDX-License-Identifier: MIT */
/*
 * One run of one guest: from a checked configuration to a result object. The command line fills the
 * one and prints the other; nothing in between prints.
 */
#ifndef KVL_RUN_H
#define KVL_RUN_H

#include "devices/abi/layout.h"
#include "devices/flash/flash.h"
#include "vmm/board.h"
#include "vmm/err.h"
#include "vmm/trace/model.h"
#include "vmm/trace/trace.h"

/* How page-table changes are obtained. Auto: trap where the host can, else ring. */
enum run_tier { TIER_RING, TIER_TRAP, TIER_OFF, TIER_AUTO };
extern const char *const run_tier_names[];
enum run_schedule { SCHEDULE_SEEDED, SCHEDULE_FREE };
enum run_tlb_policy { TLB_FIFO, TLB_RANDOM }; /* of the soft TLB: layout.soft_entries */
extern const char *const run_tlb_policy_names[];
struct run_tlb {
	u32 entries; /* of a soft TLB; 0: the processor's own is used */
	enum run_tlb_policy policy;
	bool pcid; /* entries of other spaces stay at a switch, under their tags; soft alone */
};
enum flash_clock { CLOCK_VIRTUAL, CLOCK_REAL };

struct engine; /* vmm/engine.h */

struct run_param {
	const char *key, *value;
};

struct run_flash_partition {
	const char *label;
	u64 offset, bytes;
};

/* --flash file=PATH,chip=NAME,… and the options beside it */
struct run_flash {
	const char *file; /* NULL: no chip. Shorter than the chip: the rest reads FFh (file grows) */
	struct flash_config bank; /* part NULL: not named yet */
	u32 npartitions;	  /* 0: one, "all" */
	struct run_flash_partition partition[8];
	enum flash_clock clock;
	double speed;	 /* real clock: chip seconds per host second */
	bool trap_reads; /* --flash-reads=trap: never a memory slot */
	bool forgets;	 /* no sidecar: fresh chips, and what they keep goes with the run */
};

/* --disk SIZE or file=PATH[,readonly] */
struct run_disk {
	bool given;
	const char *file; /* NULL: zeros, which go with the run */
	u64 bytes;	  /* without a file; a file has its own */
	bool readonly;
};

/* --segment [file=]PATH, size=SIZE. How large it is then: layout.segment_bytes; 0: there is none */
struct run_segment {
	const char *file; /* NULL: one without a name, which goes with the run */
	u64 bytes;	  /* size=; 0: not given */
};

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct run_config {
	const struct engine *engine;
	const char *scenario, *arm;
	const char *layout_name; /* an arm of the scenario layout; NULL: the first */
	struct kvl_layout_request layout;
	bool arena_zone_given; /* else an arm may say in which zone page tables are */
	struct board board;    /* whose the holes are */
	u64 seed;
	enum run_schedule schedule;
	enum run_tlb_policy tlb_policy;
	bool tlb_pcid;
	enum run_tier tier;
	bool lossy, strict_io;
	bool icount;	       /* engine qemu: count instructions, one thread for all CPUs */
	u32 timeout_s;	       /* 0: no limit */
	bool gdb;	       /* engine kvm: a debugger decides when the guest goes on */
	int gdb_fd;	       /* where it connects: a listening socket */
	const char *trace_dir; /* NULL: judged while it runs, not written */
	struct run_flash flash;
	struct run_disk disk;
	struct run_segment segment;
	u32 nparams;
	struct run_param param[32];

	/* Sinks, called from the run's threads, one call at a time. */
	void *owner;
	void (*console)(void *owner, const char *bytes, size_t n); /* guest console output */
	void (*log)(void *owner, enum log_level level, const char *line);
	/* Set from a signal handler: end the run, keep the trace (reason "interrupted"). */
	volatile int *stop;
	volatile int *audit; /* likewise: audit now; set back to 0 when it begins */
};

struct run_value { /* of counts, metrics */
	char name[48];
	s64 value;
};

struct run_check {
	char name[48];
	s64 low, high, got;
	bool ok;
};

struct run_result {
	enum exit_status status;
	char reason[1400]; /* one line why */
	char *report;	   /* crash dump (registers, code, walk), several lines; NULL: none */
	/* host */
	char host_class[24]; /* kvm_intel, kvm_amd, kvm_pvm, kvm, qemu */
	char paging[16];     /* ept, npt, shadow, unknown, softmmu */
	char ticks[8];	     /* "insn" or "tsc" */
	enum run_tier tier;  /* never auto */
	u64 insn_per_s;	     /* the guest's instructions in a second; 0: not measured */
	/* from the guest's results */
	u32 ncounts, nmetrics, nchecks;
	struct run_value count[128], metric[256];
	struct run_check check[256];
	/* host's own: vm_exits, io_exits, mmio_exits, unclaimed; flash_reads, flash_writes,
	 * flash_words, slot_changes; disk_reads, disk_writes, disk_bytes */
	u32 nhost_counts;
	struct run_value host_count[32];
	/* trace */
	struct trace_totals trace;
	u64 unreported;	     /* FINDING_UNREPORTED */
	u64 audited_entries; /* by the last audit */
	u64 audits;
	u32 nfindings;
	u32 nfindings_kept;
	struct finding finding[64];
	u64 finding_count[FINDING_KINDS];
	struct oracle oracle;
};

/*
 * Runs a guest to its end. Returns 0 when a guest was started (result->status says how it went), -1
 * when none could be (result is not filled). The gravest status counts, among equals the first: VMM
 * or trace wrong (5), this host (3: disk full), guest crash (4), time limit (124), usage (2, said
 * by the guest), a check, finding or interruption (1), 0.
 */
int run_guest(const struct run_config *config, struct run_result *result, struct err *err);
void run_result_free(struct run_result *result); /* frees what it points to */

/* A TLB in words: "hw", or "soft,entries=64,policy=fifo"; returns @text. */
#define RUN_TLB_TEXT_BYTES 56
const char *run_tlb_text(struct run_tlb tlb, char *text);
bool run_tlb_equal(const struct run_tlb *a, const struct run_tlb *b);
struct run_tlb run_tlb(const struct run_config *config);

/* Adds one of the host's own counts; for engines. */
void run_result_host_count(struct run_result *result, const char *name, u64 value);

#endif
