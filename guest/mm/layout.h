/* SPDX-License-Identifier: MIT */
/*
 * Which kind of layout the kernel runs on, and its conversions between lowmem's two addresses. What
 * differs between kinds is an arm of the scenario layout (guest/scenario/layout.arms); any scenario
 * can run on any of them (--layout).
 */
#ifndef GUEST_LAYOUT_H
#define GUEST_LAYOUT_H

#include "devices/abi/layout.h"

/* Called by page faults: marked FAULT_TABLE (guest/mm/vm.h). */
struct layout_ops {
	u64 kind; /* enum kvl_layout_kind. First: the host reads it (devices/abi/catalog.h) */
	/* Before the first conversion, when the layout is planned; allocates nothing. May be
	 * NULL. */
	void (*start)(void);
	/* Of lowmem; anything else is the caller's mistake. */
	u64 (*phys_to_virt)(u64 gpa);
	u64 (*virt_to_phys)(u64 va);
	/* The kernel's own is_vmalloc_addr(): one of guest/mm/is_vmalloc.h. */
	bool (*is_vmalloc_addr)(u64 va);
};

extern struct kvl_layout layout;
extern const struct layout_ops *layout_ops;

/* Plans what boot_options ask for, as the host has done. */
void layout_start(const struct layout_ops *ops);

/* The hole whose frames lowmem would show at @va; NULL: no address is lost there. */
const struct kvl_range *layout_hole_at(u64 va);
/* Reads there, of the first hole that lost its addresses; a usage failure if none did. */
void layout_touch_hole(void);

#endif
