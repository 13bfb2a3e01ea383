/* SPDX-License-Identifier: MIT */
/*
 * Owns what is said beside a refusal: who wants which place, or how much. What is refused, and how
 * much each region wants: devices/abi/layout.c. In words: plan.c. As text: vmm/cli/refusal.c.
 */
#include "vmm/layout_conflict.h"

static struct layout_claim *add(struct layout_conflict *out, struct kvl_range range,
				const char *what, const char *option)
{
	struct layout_claim *claim = &out->claim[out->nclaims++];

	*claim =
		(struct layout_claim){ .range = range, .what = what, .option = option, .note = "" };
	return claim;
}

/* --- too little kernel space ------------------------------------------------------------------ */

static const char *option_of(enum kvl_region_kind kind)
{
	switch (kind) {
	case KVL_REGION_LOWMEM: return "--mem";
	case KVL_REGION_VMALLOC: return "--vmalloc";
	case KVL_REGION_KVA: return "--kva";
	default: return "";
	}
}

static void claim_space(const struct kvl_layout_request *request, bool upper,
			struct layout_conflict *out)
{
	u64 bytes[KVL_REGIONS];

	out->wanted = kvl_layout_wanted(request, bytes);
	out->in_kernel = true;
	out->there_is = GiB(4) - request->page_offset;
	for (u32 i = 0; i < KVL_REGIONS; i++) {
		bool vmalloc = i == KVL_REGION_VMALLOC;
		struct layout_claim *claim;

		if (!bytes[i]) /* carved from user space */
			continue;
		claim = add(out, (struct kvl_range){ 0, bytes[i] }, kvl_region_name(i),
			    option_of(i));
		claim->conflict = vmalloc && upper;
		claim->note = i == KVL_REGION_LOWMEM ? "at the least: the core" : "";
		if (vmalloc && request->vmalloc_upper_bytes) {
			claim = add(out, (struct kvl_range){ 0, request->vmalloc_upper_bytes },
				    "behind lowmem", "--vmalloc-upper");
			claim->inner = true;
			claim->conflict = upper;
		}
	}
}

/* --- two for one place in RAM ----------------------------------------------------------------- */

static void claim_devices(bool met, struct layout_conflict *out)
{
	add(out, (struct kvl_range){ KVL_LOW_RAM_END_GPA, KVL_HIGH_RAM_GPA - KVL_LOW_RAM_END_GPA },
	    "devices", "")
		->conflict = met;
}

/* What is no RAM of the kernel's; where RAM ends is a place of 0 bytes. What @met is marked. */
static void claim_outside(u64 ram_end, enum kvl_outside met, struct layout_conflict *out)
{
	add(out, (struct kvl_range){ 0, KVL_RAM_START_GPA }, "low memory, not the kernel's", "")
		->conflict = met == KVL_OUTSIDE_LOW;
	if (ram_end > KVL_LOW_RAM_END_GPA || met == KVL_OUTSIDE_DEVICES)
		claim_devices(met == KVL_OUTSIDE_DEVICES, out);
	add(out, (struct kvl_range){ ram_end, 0 }, "RAM ends", "--mem")->conflict =
		met == KVL_OUTSIDE_RAM || met == KVL_OUTSIDE_ALL;
}

static void claim_holes(const struct kvl_layout_request *request, const struct board *board,
			const struct kvl_layout_failure *why, struct layout_conflict *out)
{
	for (u32 i = 0; i < request->nholes; i++) {
		const char *name = board ? board->hole_name[i] : NULL;

		add(out, request->hole[i], name ? name : "hole", board_hole_option(board, i))
			->conflict = i == why->index ||
				     (why->error == KVL_LAYOUT_HOLE_OVERLAP && i == why->other);
	}
}

/* Without its holes the request can be planned: they are looked at last. */
static void claim_core(const struct kvl_layout_request *request,
		       const struct kvl_layout_failure *why, struct layout_conflict *out)
{
	struct kvl_layout_request bare = *request;
	struct kvl_layout_failure none;
	struct kvl_layout plan;
	bool core = why->error == KVL_LAYOUT_HOLE_CORE;

	bare.nholes = 0;
	if (kvl_layout_plan(&bare, &plan, &none))
		return;
	add(out, plan.core, "core: image, heap, page tables, frame table", "--mem")->conflict =
		core && !why->other;
	if (request->arena_highmem)
		add(out, plan.arena, "page tables", "--arena")->conflict = core && why->other;
}

static bool lies_before(const struct layout_claim *a, const struct layout_claim *b)
{
	if (a->range.start != b->range.start)
		return a->range.start < b->range.start;
	return a->range.bytes > b->range.bytes;
}

static void sort(struct layout_conflict *out)
{
	for (u32 i = 1; i < out->nclaims; i++) {
		struct layout_claim claim = out->claim[i];
		u32 at = i;

		for (; at > 0 && lies_before(&claim, &out->claim[at - 1]); at--)
			out->claim[at] = out->claim[at - 1];
		out->claim[at] = claim;
	}
}

static void claim_places(const struct kvl_layout_request *request, const struct board *board,
			 const struct kvl_layout_failure *why, struct layout_conflict *out)
{
	bool outside = why->error == KVL_LAYOUT_HOLE_OUTSIDE;

	claim_outside(kvl_ram_end(request->mem_bytes),
		      outside ? (enum kvl_outside)why->other : KVL_OUTSIDE_NOT, out);
	claim_core(request, why, out);
	claim_holes(request, board, why, out);
	sort(out);
}

/* All RAM below 4 GiB is lowmem, or all but too little. */
static void claim_arena(const struct kvl_layout_request *request, u64 lowmem_end,
			struct layout_conflict *out)
{
	u64 ram_end = kvl_ram_end(request->mem_bytes);
	u64 end = ram_end < KVL_LOW_RAM_END_GPA ? ram_end : KVL_LOW_RAM_END_GPA;
	u64 bytes = kvl_arena_bytes(request);

	bytes = bytes < end ? bytes : end;
	claim_outside(ram_end, KVL_OUTSIDE_NOT, out);
	add(out, (struct kvl_range){ KVL_RAM_START_GPA, lowmem_end - KVL_RAM_START_GPA }, "lowmem",
	    "--vmalloc, --kva")
		->conflict = true;
	add(out, (struct kvl_range){ end - bytes, bytes }, "page tables, last of this RAM",
	    "--arena")
		->conflict = true;
	sort(out);
}

bool layout_conflict_make(const struct kvl_layout_request *request, const struct board *board,
			  const struct kvl_layout_failure *why, struct layout_conflict *out)
{
	*out = (struct layout_conflict){ 0 };
	switch (why->error) {
	case KVL_LAYOUT_NO_ROOM:
	case KVL_LAYOUT_UPPER: claim_space(request, why->error == KVL_LAYOUT_UPPER, out); break;
	case KVL_LAYOUT_NO_HIGHMEM: claim_arena(request, why->value, out); break;
	case KVL_LAYOUT_HOLE_ALIGN:
	case KVL_LAYOUT_HOLE_OUTSIDE:
	case KVL_LAYOUT_HOLE_OVERLAP:
	case KVL_LAYOUT_HOLE_CORE: claim_places(request, board, why, out); break;
	default: break;
	}
	return out->nclaims > 0;
}
