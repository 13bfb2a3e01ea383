/* SPDX-License-Identifier: MIT */
/* Small chips of set 0002 for the bench of flash_states_rig.h, and where cycles go. */
#ifndef TEST_AMD_BENCH_H
#define TEST_AMD_BENCH_H

#include "tests/unit/amd_model.h"
#include "tests/unit/flash_states_rig.h"

/* Offsets of the bus. */
enum amd_place {
	U1,    /* word 555h, in the first sector */
	U2,    /* word 2AAh there */
	CFI,   /* word 55h there */
	HOME,  /* a sector of the second bank, if there are two */
	NEXT,  /* the unit behind it */
	LAST,  /* the last unit of its sector */
	PAGE,  /* the page of the write buffer behind HOME's */
	HU1,   /* word 555h in HOME's sector: a command of two meanings */
	ASIDE, /* another sector of that bank, blank */
	AWAY,  /* a sector of the other bank */
	SHUT,  /* a protected sector of HOME's bank */
	AMD_PLACES,
};

extern u64 amd_place[AMD_PLACES];
extern const size_t amd_bench_rows;
extern struct amd_model amd_bench_model;

/* Fault: a program or erase that fails; 0: none. */
void amd_bench_open(size_t row, u32 fail_program, u32 fail_erase);

#endif
