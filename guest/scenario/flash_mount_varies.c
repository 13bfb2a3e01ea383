/* SPDX-License-Identifier: MIT */
/*
 * Owns what flash-mount declares of QEMU's flash: it is ready at once, so while something writes,
 * other turns are taken there. What is read and written is the same.
 */
#include "guest/scenario/flash_mount.h"

#define WRITER "writer!=off blocks!=0"
#define MAPPED WRITER " arm=fault"
#define WHEN_READY "how often a reader finds the chip busy depends on how long an operation takes"
#define WHEN_REVOKED "the pages that a write session finds mapped depend on how long others took"

const struct scenario_varies flash_mount_varies[] = {
	{ "flash_status_busy", NULL,
	  "QEMU's flash has done a program or erase before it is asked" },
	{ "flash_bits_set", NULL,
	  "QEMU's flash stores a word as it is, a NOR chip only clears bits" },
	{ "chip_waits", WRITER, WHEN_READY },
	{ "fault_waits", MAPPED, WHEN_READY },
	{ "chip_revokes", MAPPED, WHEN_REVOKED },
	{ "pt_set", MAPPED, WHEN_REVOKED },
	{ "faults", MAPPED, WHEN_REVOKED },
	{ "flush_page", MAPPED, WHEN_REVOKED },
	{ "flush_space", MAPPED, WHEN_REVOKED },
	{ "shootdowns", MAPPED, WHEN_REVOKED },
	{ "ipis", MAPPED, WHEN_REVOKED },
	{ NULL, NULL, NULL },
};
