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
	struct flash_partition partition;
	struct flash_sessions sessions; /* of the writer */
	/* --set */
	u32 ntasks, nspaces, code, pages, rounds;

	struct xip_space space[XIP_MAX_TASKS];
	struct task *task[XIP_MAX_TASKS];
	/* what programs reported */
	volatile u32 reports,
		released; /* rounds that may begin; a program waits for the next one */
	volatile u64 sums_wrong, words_wrong;
	u32 bad_exits;
	/* of filling the partition */
	enum flash_error fill_error;
	u32 fill_sessions;
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

/* Pages of a space's text: the program's own, and those that it calls. */
static inline u32 xip_text_pages(const struct flash_xip *x)
{
	return 1 + x->code;
}

/* --- what lies in flash (flash_xip_image.c) --- */
/* Erases and programs what programs will run and read. */
void flash_xip_fill(struct flash_xip *x);
struct flash_partition flash_xip_text(const struct flash_xip *x);
struct flash_partition flash_xip_data(const struct flash_xip *x);
/* The first bytes of the text are what was programmed. */
bool flash_xip_text_is_whole(const struct flash_xip *x);
/* The sum that a program must report in @round. */
u64 flash_xip_sum(const struct flash_xip *x, u64 round);

/* --- what is said of it (flash_xip_report.c) --- */
void flash_xip_report(const char *arm, const struct flash_xip *x);

#endif
