/* SPDX-License-Identifier: MIT */
/*
 * What scenarios, arms, parameters and declared differences there are: tables inside the guest
 * image (symbol "scenarios", ends with a NULL name). The host reads them out of the image for
 * "kvalab list" and to refuse an unknown name before anything starts; there the pointers are
 * guest-virtual addresses.
 */
#ifndef KVL_ABI_CATALOG_H
#define KVL_ABI_CATALOG_H

#include "types.h"

#define KVL_ARM_NAME_BYTES 32 /* with its end; so long is what the device tree can say */

struct arm {
	const char *name;
	const char *about; /* one line */
	const void *ops;   /* the scenario's own ops struct */
};

struct scenario_param {
	const char *key;
	const char *values; /* "off|erase|program", or "number", "bytes" */
	const char *fallback;
	const char *about;
};

/*
 * A count that may differ between the project's chip and QEMU's own flash, in runs that are both
 * correct. Between KVM hosts no count may.
 */
struct scenario_varies {
	const char *count;
	/*
	 * Where it may: words KEY=VALUE|VALUE… or KEY!=VALUE|VALUE…, all of which must hold; KEY is
	 * "arm" or a parameter (its fallback where it is not given). NULL: always.
	 */
	const char *when;
	const char *why; /* one line */
};

struct scenario {
	const char *name;
	const char *about;
	const struct arm *arms;		      /* ends with a NULL name; NULL: no arms */
	const struct scenario_param *params;  /* ends with a NULL key; NULL: none */
	const struct scenario_varies *varies; /* ends with a NULL count; NULL: none may */
	u64 needs_flash;		      /* 1: cannot run without --flash */
	u64 needs_segment; /* 1: where no --segment is given it gets one, of KVL_SEGMENT_DEFAULT */
	/* 1: its arms are kinds of layout; their ops begin with a u64, enum kvl_layout_kind */
	u64 arms_are_layouts;
	/* 1: its arms say where page tables are; their ops begin with a u64, 1: in highmem */
	u64 arms_place_arena;
	void (*run)(const struct arm *arm);
};

#endif
