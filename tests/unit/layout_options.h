/* SPDX-License-Identifier: MIT */
/*
 * From bytes to an option set for the planner, for the fuzzer and for the unit test's random ones.
 * Much of what comes out works or has one thing wrong: holes follow one another, or lie about where
 * something ends.
 *
 *   1 byte    bits 1..0 kind; 3..2 split; 4 arena in highmem; 6 soft TLBs; 7 and 5: vmalloc_upper
 *             may be too large; 7..5: something is spoilt
 *   2 bytes   RAM
 *   1 byte    bits 3..0 CPUs, less one; 3..2 segment; 4 the per-task space ends user space;
 *             7..5 arena
 *   windows   vmalloc, vmalloc_upper, kva: a byte each, large ones two
 *   1 byte    what is spoilt, and how; only if something is
 *   holes     three bytes each, until there are none or no holes left
 */
#ifndef TEST_LAYOUT_OPTIONS_H
#define TEST_LAYOUT_OPTIONS_H

#include "devices/abi/layout.h"
#include "tests/fuzz/input.h"

struct kvl_layout_request layout_options(struct input *input);

#endif
