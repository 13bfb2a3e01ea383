/* SPDX-License-Identifier: MIT */
/*
 * Owns what flash-mount declares of QEMU's flash: it is ready at once, so while something writes,
 * other turns are taken there. What is read and written is the same. What one arm alone has to
 * declare stands beside its row (flash_mount.arms).
 */
#include "guest/scenario/flash_mount.h"

#define STORM "which pages a session finds mapped depends on how long others took"

const struct scenario_varies flash_mount_varies[] = {
	{ "flash_status_busy", NULL,
	  "QEMU's flash has done a program or erase before it is asked" },
	{ "flash_bits_set", NULL,
	  "QEMU's flash stores a word as it is, a NOR chip only clears bits" },
	{ "chip_waits", "writer!=off blocks!=0",
	  "how often a reader finds the chip busy depends on how long an operation takes" },
	{ "fault_waits", "storm!=0", STORM },
	{ "chip_revokes", "storm!=0", STORM },
	{ "pt_set", "storm!=0", STORM },
	{ "faults", "storm!=0", STORM },
	{ "fault_spurious", "storm!=0", STORM },
	{ "fault_syncs", "storm!=0", STORM },
	{ "user_faults", "storm!=0", STORM },
	{ "flush_page", "storm!=0", STORM },
	{ "flush_space", "storm!=0", STORM },
	{ "shootdowns", "storm!=0", STORM },
	{ "ipis", "storm!=0", STORM },
	{ "tlb_fills", "storm!=0", STORM },
	{ "tlb_evicts", "storm!=0", STORM },
#define ARM(name, ops, about)
#define VARIES(count, when, why) { count, when, why },
#include "guest/scenario/flash_mount.arms"
#undef ARM
#undef VARIES
	{ NULL, NULL, NULL },
};
