/* SPDX-License-Identifier: MIT */
/*
 * layout: what becomes of lowmem and vmalloc where RAM has holes (seed rows A1-A9, A11, T1, T5).
 * The arms are the kinds of layout and their conversions (struct layout_ops): a file and a row
 * each.
 */
#ifndef GUEST_SCENARIO_LAYOUT_H
#define GUEST_SCENARIO_LAYOUT_H

#include "guest/mm/layout.h"
#include "guest/mm/vm.h"
#include "guest/scenario/scenario.h"

extern const struct arm layout_arms[];
extern const struct scenario_param layout_params[];
void layout_run(const struct arm *arm);

#define ARM(name, ops, about) extern const struct layout_ops ops;
#define VARIES(count, when, why)
#include "guest/scenario/layout.arms"
#undef ARM
#undef VARIES

/* --- the parts of a run: each reports its metrics and checks --- */
/* How much lowmem there is, and came back; its leaves; its end (layout_lowmem.c). */
void layout_account_for_lowmem(void);
/* What it leaves for vmalloc: in all, and behind it. */
void layout_check_vmalloc(u64 bytes, u64 upper);
/* @n conversions each way (layout_costs.c). */
void layout_measure_conversions(u32 n);
/* @n accesses to pages of all RAM (layout_access.c). */
void layout_access_all_ram(u32 n);
/* A large leaf of lowmem is split; by two CPUs at once, so often (layout_protect.c). */
void layout_protect_a_page(void);
void layout_protect_together(u32 rounds);
/* All pages, or some, against the tables (layout_pages.c). */
void layout_compare_pages(bool all);

/* Of vmalloc's addresses (layout_vmalloc.c): how many there are; a mapping of @bytes at their end;
 * what it costs to tell them from others while there are @nareas areas; @n seeded reservations. */
void layout_account_for_vmalloc(void);
bool layout_has_room(u32 nareas); /* for so many areas of a page */
void layout_list_areas(void);
void layout_map_static(u64 bytes);
void layout_measure_is_vmalloc(u32 nareas);
void layout_fragment(u32 n);

/* Ticks of 1000 calls with addresses of lowmem and vmalloc (layout_costs.c). */
u64 layout_ask_ticks(bool (*is_vmalloc)(u64 va));

#endif
