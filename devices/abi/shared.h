/* SPDX-License-Identifier: MIT */
/*
 * The shared region: the only memory through which guest and host talk while the guest runs.
 * The host trusts nothing in it: every field is read once into a private copy and checked.
 *
 *   offset 0             struct kvl_shared
 *   KVL_RESULTS_OFFSET   struct kvl_result[KVL_MAX_RESULTS]
 *   KVL_RINGS_OFFSET     per CPU: KVL_RING_PACKETS packets of KVL_PACKET_BYTES (trace_abi.h)
 */
#ifndef KVL_ABI_SHARED_H
#define KVL_ABI_SHARED_H

#include "platform.h"

/* Values for KVL_PORT_CALL. "arg" and "ret" are those of the calling CPU's kvl_cpu_shared. */
enum kvl_call {
	KVL_CALL_DOORBELL = 1, /* this CPU's ring is full: host drains it before it returns */
	KVL_CALL_MARK,	       /* arg: enum kvl_mark */
	KVL_CALL_RELAX,	       /* returns when this CPU's go != 0, or after about a millisecond */
	KVL_CALL_WAKE,	       /* arg: CPU whose go was just set: ends its KVL_CALL_RELAX */
	KVL_CALL_TICKS,	       /* ret: this CPU's instruction count, or TSC where none is kept */
	KVL_CALL_CLOCK_NOW,    /* ret: flash clock in ns */
	KVL_CALL_CLOCK_UNTIL,  /* arg: ns; returns when the flash clock shows at least that */
	KVL_CALL_FLASH_WORDS,  /* arg: bus words read from the array through a memory mapping */
	KVL_CALL_CHECKPOINT,   /* returns when the host has audited the page tables */
};

enum kvl_mark {
	KVL_MARK_FIRST_C = 1, /* first C line of the guest */
	KVL_MARK_SCENARIO,    /* first line of the scenario: boot_ticks ends here */
	KVL_MARK_DONE,	      /* scenario has ended, checks are in the results */
	KVL_MARKS,
};

struct kvl_cpu_shared {
	u64 head;    /* guest: records committed since start; the next goes to slot head */
	u64 tail;    /* host: records drained since start */
	u64 dropped; /* guest, --lossy only: records thrown away */
	u64 arg;
	u64 ret;
	u32 go;	    /* guest: the word on which KVL_CALL_RELAX waits (a futex of the host) */
	u32 packet; /* guest's own, as the two below: packet that it writes */
	u64 next,
		packet_end; /* guest-virtual: slot of the next record, end of the packet's slots */
} __attribute__((aligned(64)));

struct kvl_shared {
	u32 version;  /* host: KVL_ABI_VERSION */
	u32 ncpus;    /* host */
	u32 record;   /* host: 1 = events are wanted (any tier but off) */
	u32 lossy;    /* host: 1 = drop when full */
	u32 answers;  /* host: 1 = KVL_PORT_CALL answers; 0: the guest does without (QEMU) */
	u32 exit_cpu; /* guest: the CPU that writes to KVL_PORT_EXIT */
	/* host: 1 = what the guest's CPU reads as ticks are instructions of its kernel, and of no
	 * other CPU: equal work is equal ticks */
	u32 exact_ticks;
	u32 pad3;
	u64 mark_ticks[KVL_MARKS]; /* guest, answers 0: TSC at each enum kvl_mark; 0: not yet */
	u64 ticket __attribute__((aligned(64))); /* the total order: fetch-and-add 1; starts at 1 */
	u64 pad1[7];
	u32 nresults __attribute__((aligned(64))); /* guest: kvl_result records that are complete */
	u32 pad2;
	char reason[248]; /* guest: why it ends with the status it writes to KVL_PORT_EXIT */
	struct kvl_cpu_shared cpu[KVL_MAX_CPUS];
};

enum kvl_result_kind {
	KVL_RESULT_COUNT = 1, /* got: goes to "counts"; only what the seed determines */
	KVL_RESULT_METRIC,    /* got: goes to "metrics" */
	KVL_RESULT_CHECK,     /* ok iff low <= got <= high; "want" is low..high */
};

struct kvl_result {
	u32 kind;
	u32 pad;
	char name[48]; /* NUL-terminated */
	s64 low;       /* KVL_RESULT_CHECK: an exact check has low == high */
	s64 high;
	s64 got;
};

#define KVL_MAX_RESULTS 512
#define KVL_RESULTS_OFFSET KiB(8)
#define KVL_RINGS_OFFSET KiB(64)

_Static_assert(sizeof(struct kvl_shared) <= KVL_RESULTS_OFFSET, "control page");
_Static_assert(KVL_RESULTS_OFFSET + KVL_MAX_RESULTS * sizeof(struct kvl_result) <= KVL_RINGS_OFFSET,
	       "results");

#endif
