/* SPDX-License-Identifier: MIT */
/* What a bank has told its observer, and whether such a story is possible. */
#ifndef KVL_FUZZ_TOLD_H
#define KVL_FUZZ_TOLD_H

#include "tests/fuzz/geometry.h"

struct told_chip {
	bool erase_in_hand;		  /* one runs or rests */
	bool erase_rested;		  /* it has done so before */
	u32 named;			  /* block that the last command addressed */
	u8 command;			  /* the last one */
	bool named_all;			  /* it was about the whole chip */
	u8 in_erase[GEOMETRY_MAX_BLOCKS]; /* blocks of that erase */
	/* at any time since the last step: */
	bool erase_ran, lock_ran, program_ran;
	bool program_ran_in[FLASH_MAX_PARTITIONS];
};

struct told {
	const struct flash_config *config;
	const struct geometry *geometry;
	bool powered, verbose;
	u64 handed_ns; /* the latest time that the bank was handed */
	u64 last_ns;   /* of an event */
	u64 events, digest;
	enum kvl_flash_state state[FLASH_MAX_CHIPS][FLASH_MAX_PARTITIONS];
	enum kvl_flash_mode mode[FLASH_MAX_CHIPS][FLASH_MAX_PARTITIONS];
	struct told_chip chip[FLASH_MAX_CHIPS];
};

/* Of a bank that has just been made. */
void told_begin(struct told *told, const struct flash_config *config,
		const struct geometry *geometry);
struct flash_observer told_observer(struct told *told);
/* The power has gone, or come: nothing is under way. */
void told_power(struct told *told, bool powered);
/* What was told up to now may have changed the cells that were just looked at. */
void told_step_is_over(struct told *told);

bool told_runs(enum kvl_flash_state state);
/* An operation of @chip runs. */
bool told_chip_runs(const struct told *told, u32 chip);

u64 told_mix(u64 digest, u64 value);

#endif
