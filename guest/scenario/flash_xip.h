/* SPDX-License-Identifier: MIT */
/*
 * flash-xip: user programs that run from one partition of a chip, and read there, while another
 * partition is written. The arms differ only in what a touched page is (struct flash_xip_ops): a
 * file and a row each.
 */
#ifndef GUEST_FLASH_XIP_H
#define GUEST_FLASH_XIP_H

#include "guest/flash/flash.h"
#include "guest/scenario/flash_sessions.h"
#include "guest/scenario/xip_rounds.h"
#include "guest/scenario/scenario.h"

extern const struct arm flash_xip_arms[];
extern const struct scenario_param flash_xip_params[];
extern const struct scenario_varies flash_xip_varies[];
void flash_xip_run(const struct arm *arm);

/* --- arms (flash_xip.arms) --- */
struct flash_xip_ops {
	/*
	 * Makes an area of user space @mm at @va that shows @part, with @exec for code, too. It
	 * ends with its space. NULL: cannot, and has said why.
	 */
	void *(*map)(struct mm *mm, u64 va, const struct flash_partition *part, bool exec);
	/* What the faults on such an area did so far. */
	struct flash_mapping_stats (*stats)(const void *area);
	/* Pages are the chip's own: they go when it is written. Otherwise each is a page of RAM. */
	bool revocable;
};

#define ARM(name, ops, about) extern const struct flash_xip_ops ops;
#define VARIES(count, when, why)
#include "guest/scenario/flash_xip.arms"
#undef ARM
#undef VARIES

/* --- one run --- */
#define XIP_MAX_TASKS 16
#define XIP_MAX_PAGES 64 /* of data, and of code */

struct xip_space {
	struct mm *mm;
	void *text, *data; /* areas, the arm's */
};

/* Sums over spaces. */
struct xip_faults {
	struct flash_mapping_stats text, data;
};

struct flash_xip {
	const struct flash_xip_ops *ops;
	struct xip_image image;		/* that programs run from */
	struct flash_sessions sessions; /* of the writer */
	/* --set */
	u32 ntasks, nspaces, rounds;

	struct xip_space space[XIP_MAX_TASKS];
	struct task *task[XIP_MAX_TASKS];
	struct xip_rounds met_in;
	u32 bad_exits;
	/* by meeting: while the chip was written no program ran */
	struct xip_faults met;
	u32 met_revocations;
	u64 met_revoked;
	/* all of it */
	struct xip_faults all;
	u64 user_faults, ram_pages, fill_ticks, run_ticks;
	/* a program that stores to its own text */
	int store_exit;
	bool store_unchanged;
};

/* --- what is said of it (flash_xip_report.c) --- */
void flash_xip_report(const char *arm, const struct flash_xip *x);

#endif
