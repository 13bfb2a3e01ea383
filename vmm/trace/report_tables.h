/* SPDX-License-Identifier: MIT */
/* Page tables as the events tell of them, for maps of what is mapped. Nothing is judged (model.h
 * does). */
#ifndef KVL_TRACE_REPORT_TABLES_H
#define KVL_TRACE_REPORT_TABLES_H

#include <stdio.h>

#include "devices/abi/trace_abi.h"

struct report_tables;

/* What a page was mapped to: bits. */
enum report_touched { TOUCHED_MEMORY = 1, TOUCHED_CHIP = 2, TOUCHED_UNCACHED = 4 };

/* Where the chip is; 0 bytes: there is none. NULL: no memory. */
struct report_tables *report_tables_create(u64 chip_gpa, u64 chip_bytes);
void report_tables_put(struct report_tables *tables, const struct kvl_record *record);
void report_tables_destroy(struct report_tables *tables);

/* From now on kernel pages that are mapped are remembered, for report_tables_touched(). */
void report_tables_watch(struct report_tables *tables);

/*
 * What is mapped now, as JSON: {"runs":[[mm,va,bytes,gpa,entry,scattered],…],"cut":false}.
 * Neighbours with the same rights are one run; scattered (1): their frames are not neighbours; cut:
 * there is more than is shown. Of a user space only what lies below @kernel_start (0: all).
 */
void report_tables_write(const struct report_tables *tables, u64 kernel_start, FILE *out);
/* Pages below 4 GiB that 4 KiB leaves of init_mm mapped at any time of the watch:
 * [[va,bytes,kind],…] */
void report_tables_touched(const struct report_tables *tables, FILE *out);

#endif
