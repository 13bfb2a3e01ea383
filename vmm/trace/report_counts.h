/* SPDX-License-Identifier: MIT */
/* Sums over a whole trace: events of each kind and CPU, who shoots down whom, and a few curves. */
#ifndef KVL_TRACE_REPORT_COUNTS_H
#define KVL_TRACE_REPORT_COUNTS_H

#include <stdio.h>

#include "vmm/trace/report_bins.h"

#define CURVE_POINTS 2048u

/* At the end of a slice of @stride events. */
struct curve_point {
	u64 ticket;
	u64 pages, tables; /* in use */
	u64 entries, ipis; /* since the start */
};

struct report_counts {
	u64 events, first, last; /* tickets; 0: no events */
	/* ids that are unknown in the last row */
	u64 count[EVENT_IDS + 1][REPORT_CPUS];
	/* shootdowns, [who asks][who is asked] */
	u64 asked[KVL_MAX_CPUS][KVL_MAX_CPUS];
	u64 sent[KVL_MAX_CPUS][KVL_MAX_CPUS];
	u64 acked[KVL_MAX_CPUS][KVL_MAX_CPUS];
	struct curve_point now, point[CURVE_POINTS];
	u64 stride;
	u32 npoints;
};

void report_counts_put(struct report_counts *counts, const struct kvl_record *record, u32 cpu);
/* Members of a JSON object: "events":…,"counts":[[id,cpu,n],…],"shootdowns":…,"curves":… */
void report_counts_write(const struct report_counts *counts, u32 ncpus, FILE *out);

#endif
