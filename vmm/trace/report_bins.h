/* SPDX-License-Identifier: MIT */
/* What the page has of a trace with too many events: how many of each kind are in each slice of
 * tickets. */
#ifndef KVL_TRACE_REPORT_BINS_H
#define KVL_TRACE_REPORT_BINS_H

#include <stdio.h>

#include "devices/abi/shared.h"
#include "devices/abi/trace_abi.h"
#include "vmm/trace/schema.h"

#define REPORT_BINS 2048u
#define REPORT_CPUS (KVL_MAX_CPUS + 1) /* the VMM is the last one */

struct report_bins {
	u64 first, width; /* ticket of the first bin; tickets in each */
	u32 count[EVENT_IDS][REPORT_CPUS][REPORT_BINS];
};

/* For tickets @first to @last; NULL: no memory. Free it. */
struct report_bins *report_bins_create(u64 first, u64 last);
void report_bins_put(struct report_bins *bins, const struct kvl_record *record, u32 cpu);
/* {"first":…,"width":…,"rows":[[id,cpu,[…]],…]} */
void report_bins_write(const struct report_bins *bins, FILE *out);

/* Of a stream: its vCPU, or the VMM's place behind them. */
u32 report_cpu(u32 stream_cpu);

#endif
