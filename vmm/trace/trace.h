/* SPDX-License-Identifier: MIT */
/*
 * The trace of one run, host side: drains the guest's rings, adds the VMM's own events, puts all in
 * ticket order, hands each record to the model (model.h) and writes the CTF directory, if one is
 * wanted. All functions may be called from any thread.
 *
 *   guest rings ──drain──► packet buffers ──► stream files (dir/vcpu0 …, dir/vmm)
 *   VMM events ───────────►      │
 *                                └─ merge by ticket ──► struct model
 */
#ifndef KVL_TRACE_H
#define KVL_TRACE_H

#include "devices/abi/shared.h"
#include "devices/abi/trace_abi.h"
#include "vmm/err.h"
#include "vmm/trace/model.h"

struct model;
struct trace;

struct trace_config {
	const char *dir; /* created by trace_open(), must not exist; NULL: nothing is written */
	u32 ncpus;
	u8 *shared;		 /* host address of the shared region; NULL: VMM events only */
	bool lossy;		 /* a full ring drops (kvl_cpu_shared.dropped) */
	const char *const *site; /* names of the guest image's sites, by index; [0] = "" */
	u32 nsites;
	const char *scenario, *arm, *host_class; /* for the metadata's env block */
	const char *tier;			 /* NULL: "ring" */
	const char *tlb;			 /* NULL: "hw" */
	bool pcid;				 /* a soft TLB has tags */
	u64 seed;
	u64 flash_gpa, flash_bytes; /* where the chip is; 0 bytes: nowhere */
	/* The image's symbols: lines "hex-address name", ascending, addresses as the guest runs;
	 * kept in the directory for "trace print". NULL: none. */
	const char *symbols_text;
	const char *places_text; /* of the sites: lines "number file:line"; likewise */
	u64 image_hash;		 /* of the guest's image; 0: not known */
	const struct kvl_layout_request
		*layout;	   /* what the guest's was planned from; NULL: not known */
	const char *layout_name;   /* as --layout takes it */
	const struct board *board; /* names of the layout's holes; NULL: none */
	struct model *model;	   /* gets every record in ticket order; may be NULL */
};

/*
 * Opens a trace. EXIT_HOST errors: the directory exists, cannot be created, cannot be written.
 * Strings of @config are copied.
 */
struct trace *trace_open(const struct trace_config *config, struct err *err);

/*
 * An event of the VMM: takes the next ticket and appends to the VMM's stream. h and a as in
 * KVL_EVENTS. A failure to write shows at the next trace_drain().
 */
void trace_event(struct trace *trace, enum kvl_event_id id, u16 h0, u16 h1, u64 a0, u64 a1, u64 a2,
		 u64 a3, u64 a4);

/*
 * Takes all committed records out of the rings (all CPUs). Returns -1 once the trace is broken:
 * garbage in a ring (EXIT_VMM: CPU, record number, what is wrong), disk full (EXIT_HOST); says so
 * again at each later call. The run must then end.
 */
int trace_drain(struct trace *trace, struct err *err);

/*
 * Before trace_finish(): @cpu ended the run by itself, so it holds no ticket. What stands in its
 * ring behind the last record is none.
 */
void trace_at_rest(struct trace *trace, u32 cpu);

/*
 * After the last vCPU has stopped: drains, checks that tickets are dense, writes the last packets.
 * A record whose ticket was taken but which was never committed (the CPU stopped in between) is not
 * lost: at most one per CPU, seen in its ring's next slot. The directory is complete afterwards.
 */
int trace_finish(struct trace *trace, struct err *err);

/*
 * After trace_finish(): the record whose ticket @cpu had perhaps taken, but which it did not commit
 * (for the audit: its store may have happened or not). False: there is none.
 */
bool trace_pending(struct trace *trace, u32 cpu, struct kvl_record *out);

/*
 * After trace_drain() with all vCPUs stopped: every ticket that was given out has its record, and
 * the model has seen it.
 */
bool trace_is_whole(struct trace *trace);

struct trace_totals {
	u64 events; /* records in the trace, VMM's included */
	u64 lost;   /* tickets without a record, and records dropped by --lossy; if not 0, the
		     * model was told that it is incomplete, and judges nothing more */
	u64 by_id[64];
};
void trace_totals(struct trace *trace, struct trace_totals *out);

void trace_close(struct trace *trace); /* frees; finishes nothing */

#endif
