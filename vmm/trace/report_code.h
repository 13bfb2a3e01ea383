/* SPDX-License-Identifier: MIT */
/* Instructions that events point to (rip), out of the guest's image in this program. */
#ifndef KVL_TRACE_REPORT_CODE_H
#define KVL_TRACE_REPORT_CODE_H

#include <stdio.h>

#include "devices/abi/trace_abi.h"
#include "vmm/trace/reader.h"

#define CODE_PLACES 1024u /* more are left out */

struct report_code {
	u32 nplaces;
	u64 place[CODE_PLACES]; /* open addressing; 0: free */
};

/* Remembers the record's rip, if it has one. */
void report_code_put(struct report_code *code, const struct kvl_record *record);

/*
 * Members of a JSON object. "image": "same", "other" or "unknown": whether the trace was made by
 * the image of this program. "code": for each address of an instruction [symbol, [[address, text,
 * at], …]]; symbols are the trace's, the instructions are there only for the same image. at: 1 is
 * the instruction itself.
 */
void report_code_write(const struct report_code *code, const struct trace_reader *reader,
		       FILE *out);

#endif
