/* SPDX-License-Identifier: MIT */
/* What trace.c, ring.c and merge.c share. All of it is under trace->lock. */
#ifndef KVL_TRACE_INTERNAL_H
#define KVL_TRACE_INTERNAL_H

#include <pthread.h>

#include "vmm/trace/stream.h"
#include "vmm/trace/trace.h"

/*
 * Buffers that wait for a missing ticket, over all streams. Beyond the first number a drain waits a
 * little for the CPU that holds the ticket; beyond the second the trace is broken.
 */
#define BACKLOG_SOFT 64	  /* 4 MiB */
#define BACKLOG_HARD 1024 /* 64 MiB */

struct ring {
	u64 tail;     /* records taken out; what the guest finds in kvl_cpu_shared.tail is a copy */
	bool at_rest; /* the CPU stopped itself, after its last record */
};

struct trace {
	pthread_mutex_t lock;
	pthread_cond_t progress; /* the backlog has become smaller */
	struct err broken;	 /* status EXIT_OK: it is not */
	u32 ncpus, nsites;
	struct kvl_shared *shared; /* NULL: VMM events only */
	u64 own_ticket;		   /* the counter, when there is no shared region */
	u64 counter_seen;	   /* largest value of the counter so far */
	struct model *model;	   /* may be NULL; gets nothing more once something is lost */

	struct trace_dir dir;
	char *dir_path;
	struct packet_pool pool;
	struct stream stream[KVL_MAX_CPUS + 1]; /* vCPUs, then the VMM's */
	struct ring ring[KVL_MAX_CPUS];

	u64 expected;		    /* the merger's next ticket */
	u32 current;		    /* stream that the last merged record came from */
	struct trace_totals totals; /* lost: without dropped records */
};

static inline u32 trace_streams(const struct trace *trace)
{
	return trace->ncpus + 1;
}

static inline struct stream *trace_vmm_stream(struct trace *trace)
{
	return &trace->stream[trace->ncpus];
}

/* Reads the ticket counter. EXIT_VMM: it went back. */
int trace_counter(struct trace *trace, u64 *counter, struct err *err);

/* --- ring.c --- */
/* Moves all committed records of @cpu's ring into its stream. EXIT_VMM: garbage. EXIT_HOST:
 * disk. */
int ring_drain(struct trace *trace, u32 cpu, struct err *err);

/* The record that @cpu was about to commit: in its ring's next slot. All vCPUs are stopped. */
enum ring_pending {
	RING_IDLE,    /* there is none */
	RING_FILLING, /* fields are there; the ticket is perhaps taken, but not stored */
	RING_TAKEN,   /* out->ticket is its ticket */
};
enum ring_pending ring_pending(const struct trace *trace, u32 cpu, struct kvl_record *out);

/* Records that the guest threw away (--lossy), all CPUs. */
u64 ring_dropped(const struct trace *trace);

/* --- merge.c --- */
/* Takes records off the streams as long as the next ticket is there. EXIT_VMM: a ticket twice. */
int merge_ready(struct trace *trace, struct err *err);

/*
 * Takes all that is left, over gaps, up to @counter. A missing ticket that a stopped CPU holds is
 * not lost (ring_pending()); any other is, and the model gets nothing behind it.
 */
int merge_rest(struct trace *trace, u64 counter, struct err *err);

#endif
