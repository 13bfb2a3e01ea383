/* SPDX-License-Identifier: MIT */
/* One run of pfn's part over a flash chip: for pfn_flash.c and pfn_flash_report.c. */
#ifndef GUEST_SCENARIO_PFN_FLASH_H
#define GUEST_SCENARIO_PFN_FLASH_H

#include "guest/mm/pfn_map.h"
#include "guest/scenario/flash_sessions.h"
#include "guest/scenario/xip_rounds.h"

#define PFN_FLASH_SPACES 2    /* with a program each */
#define PFN_FLASH_CODE 1      /* pages, beside the programs' own */
#define PFN_FLASH_UNWRITTEN 2 /* pages of data, when all rounds are over */

struct pfn_flash {
	struct xip_image image;		/* that programs run from */
	struct flash_sessions sessions; /* of the writer */
	u32 rounds;			/* --set: of each half */
	bool copies;			/* the rule lets pages be copied: they are written */
	struct pfn_source *source;	/* NULL: none yet */
	struct mm *mm[PFN_FLASH_SPACES];
	struct task *task[PFN_FLASH_SPACES];
	struct xip_rounds met_in;
	u32 bad_exits;
	/* what the rule said of pages while nobody ran, and should not have */
	u32 judged_wrong;
	/* of mappings, and faults that CPUs took in user space: before all, before the last session
	 * that was met for, behind all */
	struct pfn_stats before, met, all;
	u64 faults_before, met_faults;
	u64 met_revoked; /* behind that session */
};

/* The argument of the program of space @number. */
u64 pfn_flash_shape(const struct pfn_flash *f, u64 number);
/* Pages of all spaces of which the rule says something else than: those that have been written in
 * @rounds are the space's own, of all others @others holds. */
u32 pfn_flash_judged_wrong(const struct pfn_flash *f, u64 rounds, enum pfn_whose others);
void pfn_flash_report(const struct pfn_flash *f);

#endif
