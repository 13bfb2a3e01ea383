/* SPDX-License-Identifier: MIT */
/* The proof of one flush: what happens in its block before it. */
#ifndef TEST_BLOCK_H
#define TEST_BLOCK_H

#include "tests/static/sweep.h"

/*
 * Proves @rule (arch/x86_64/guest/flushes.h) of the instruction; NULL: it holds, else why not.
 * @report: the address of trace_record(). @scratch from cs_malloc().
 */
const char *block_prove(const struct sweep *sweep, const struct insn *flush, const char *rule,
			u64 report, cs_insn *scratch);

#endif
