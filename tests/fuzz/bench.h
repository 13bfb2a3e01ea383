/* SPDX-License-Identifier: MIT */
/* What a fuzzer's input begins with: which bank it is about, and what lies in it. */
#ifndef KVL_FUZZ_BENCH_H
#define KVL_FUZZ_BENCH_H

#include "tests/fuzz/flash_watch.h"
#include "tests/fuzz/geometry.h"
#include "tests/fuzz/input.h"

/*
 * The header:
 *
 *	0	part: bit 4: of AMD's; 3..0 the row of these; 5: in its real size, if bits 7..6 of
 *		byte 3 are set; 6: do it all twice and compare; 7: with times that no part has
 *	1	bus width and chips; bits 7..6: timing
 *	2	seed
 *	3	bits 1..0 the array: erased, zero, random, by blocks; 3..2 what lies beside it: as
 *		from the factory, with interrupted erases, anything; 4, 5: not of chip 0, 1: the
 *		bank's own
 *	4	faults, a bit each: stuck, program, erase, weak, endurance, Vpp; 7..6: power goes,
 *		soon goes, slow
 *	5, 6	their numbers: 5 for the first three, 6 for the other two
 *	7, 8	when power goes; which is slow
 */
struct bench_header {
	u8 part, bus, seed, content, faults, number, rate;
	u16 cut_at;
};

struct bench {
	struct watch_config config;
	struct geometry geometry;
	struct watch *watch;
};

/* Looks for parts; once. */
void bench_init(bool verbose);
struct bench_header bench_header(struct input *input);
/* Else the input is about nothing. */
bool bench_has_row(const struct bench_header *header);
/* Makes the bank. @again: in the way of the second time. */
void bench_open(struct bench *bench, const struct bench_header *header, bool again);
void bench_close(struct bench *bench);

#endif
