/* SPDX-License-Identifier: MIT */
/*
 * What the trace says the machine looks like: page tables rebuilt from table_alloc and pt_set,
 * address spaces, which root each CPU runs, and which CPU may still hold which translation. Fed
 * with records in ticket order; judges as it goes. Memory grows with tables and mapped pages, not
 * with events.
 */
#ifndef KVL_MODEL_H
#define KVL_MODEL_H

#include "devices/abi/layout.h"
#include "devices/abi/trace_abi.h"
#include "vmm/err.h"
#include "vmm/gmem.h"

struct model;

/* What if: another way of flushing than the trace's own (model_policy.c). */
struct flush_policy {
	enum policy_kind {
		POLICY_NONE, /* as it was */
		POLICY_EAGER,
		POLICY_BROADCAST,
		POLICY_BATCH, /* amount: entries */
		POLICY_LAZY,  /* amount: bytes of address space */
		POLICY_MASK,
		POLICY_SEQ,
	} kind;
	u64 amount;
};

struct model_config {
	u32 ncpus;
	const char *const *site;
	u32 nsites;
	struct kvl_flash_window {
		u64 gpa, bytes;
	} flash;		  /* bytes 0: no chip */
	bool trapped;		  /* every store to a table is seen: pt_store */
	struct kvl_layout layout; /* kernel space; all 0: not known */
	u32 soft_entries;	  /* of each CPU's soft TLB; 0: there is none */
	bool pcid;		  /* it has tags: loads of roots keep what is held under others */
	struct flush_policy policy;
};

enum finding_kind {
	FINDING_OLD_VALUE,     /* pt_set's old value is not the last new one of that entry */
	FINDING_UNKNOWN_TABLE, /* pt_set or root in a table that was never allocated */
	FINDING_CHIP_COMMAND,  /* W5: a program or erase while a CPU may hold a translation */
	FINDING_CHIP_MAPPED,   /* W5: an entry to the chip was set while the chip was not array */
	FINDING_UNREPORTED,    /* audit: tables in memory differ from the trace */
	FINDING_FOREIGN_TABLE, /* audit: an entry points to a table outside the arena */
	FINDING_DIRECT_MAP,    /* audit: a direct-map leaf is wrong or missing */
	FINDING_HOLE,	       /* audit: an entry maps what the kernel may not touch */
	FINDING_ACCESSED,      /* audit: an entry without its accessed or dirty bit */
	FINDING_STALE_USE,     /* a CPU used an address for which it may hold another translation */
	FINDING_KVA,	       /* an address did not stay what kva_get said until kva_put */
	FINDING_TLB,	       /* a soft TLB did what it must not */
	FINDING_SHOOTDOWN,   /* acknowledged without a flush, or ended without an acknowledgement */
	FINDING_OPEN_WAIT,   /* a wait never ended */
	FINDING_ATOMIC_WAIT, /* W17: a wait with interrupts off or a lock held */
	FINDING_BAD_RECORD,  /* fields of a record contradict each other, or there are too many
				* tables, spaces or waits to follow */
	FINDING_KINDS,
};

/*
 * What the oracle has counted. Where the processor makes the TLB it says what CPUs may hold (an
 * entry that was present while the CPU ran a space that reaches it, until a flush that covers it),
 * where the guest makes it, what they do hold.
 */
struct oracle {
	bool exact;	/* the guest makes the TLB */
	u64 stale_uses; /* uses of an address for which the CPU may hold another translation */
	u64 flash_violations; /* FINDING_CHIP_COMMAND and FINDING_CHIP_MAPPED */
	/* Frames handed out again while a CPU may still reach them; of those the longest, in
	 * tickets, until none may; and those to the end of the trace. */
	u64 reuse_windows, reuse_longest, reuse_open;
	/* Flush instructions (but loads of roots); of those, of more than a page; to which nothing
	 * stale fell. */
	u64 flushes, flushes_full, flushes_unneeded;
	/* Acknowledged; of those, whose flushes were all unneeded; the least number that would have
	 * been safe. */
	u64 ipis, ipis_unneeded, ipis_needed;
	bool needed_known; /* false: more was mapped than is followed, ipis_needed is too small */
	/* POLICY_SEQ: found by its rule; of those, where the CPU may hold another translation */
	u64 conflicts, conflicts_true;
	u64 judged_to; /* ticket of the last record that was judged */
	bool complete; /* false: what follows it was more than can be followed */
};

/*
 * Of one site: flush instructions and IPIs that it asked for, and those that nothing stale fell to.
 */
struct site_flushes {
	u64 flushes, flushes_unneeded, ipis, ipis_unneeded;
};

/* So many are kept at most: the first ones, and the first of each kind. */
#define FINDINGS_KEPT 64

struct finding {
	enum finding_kind kind;
	u64 ticket; /* 0: found by the audit */
	u64 cause;  /* ticket of the event that led to it: the other side of the story; 0: none */
	char text[256]; /* one sentence: what, where, which CPU, which site */
};

struct model *model_create(const struct model_config *config);
void model_record(struct model *model, u32 stream_cpu, const struct kvl_record *record);
/* Records are missing from here on: nothing that follows is judged (no finding, no audit). */
void model_incomplete(struct model *model);
/* The run is over (cleanly or not): open waits and the like. @clean: the guest ended by itself. */
void model_finish(struct model *model, bool clean);

u32 model_findings(const struct model *model); /* how many in all */
/* The kept ones, in order; NULL: no more are kept. */
const struct finding *model_finding(const struct model *model, u32 index);
const char *finding_kind_name(enum finding_kind kind);
u64 model_finding_count(const struct model *model, enum finding_kind kind);

struct oracle model_oracle(const struct model *model);
struct site_flushes model_site_flushes(const struct model *model, u16 site);

/* Adds a finding (used by the audit). Where it is kept, so that more can be said; or NULL. */
struct finding *model_add_finding(struct model *model, enum finding_kind kind, u64 ticket,
				  const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * The audit: walks the tables in guest memory from every root that the model knows and compares
 * every entry with the model. @layout: where tables may lie, what the direct map must map exactly
 * once and completely, what nothing may map. All vCPUs are stopped. @running: where those that have
 * paging on are; with a soft TLB, each on that TLB's root. @pending: for each CPU, a pt_set record
 * whose ticket was taken but not committed (id 0 = none): that entry may have its old or new value.
 */
struct audit_config {
	const struct gmem *mem;
	const struct kvl_layout *layout;
	const struct audit_cpu {
		u32 cpu;
		u64 root;      /* CR3, the frame only */
		u64 soft_root; /* on which it runs when its soft TLB is in use; 0: it has none */
		bool at_rest;  /* it ended the run itself: not between a report and its effect */
	} * running;
	u32 nrunning;
	const struct kvl_record *pending;
	u32 npending;
};
/* Returns the number of entries compared; differences become findings. */
u64 model_audit(struct model *model, const struct audit_config *config);

void model_destroy(struct model *model);

#endif
