/* SPDX-License-Identifier: MIT */
/*
 * Owns the account of lowmem (seed rows A1-A3, A8, T1, T5): how much there is, how much of what the
 * holes took came back, and whether that is what it must be. What it must be is not asked of the
 * planner but added up here, from the holes and the options alone.
 */
#include "guest/scenario/layout.h"

static u64 least(u64 a, u64 b)
{
	return a < b ? a : b;
}

static u64 most(u64 a, u64 b)
{
	return a > b ? a : b;
}

/* Bytes of holes in [start, end) of guest-physical space. */
static u64 holes_in(u64 start, u64 end)
{
	u64 bytes = 0;

	for (u32 i = 0; i < layout.nholes; i++) {
		u64 from = most(layout.hole[i].start, start);
		u64 to = least(layout.hole[i].start + layout.hole[i].bytes, end);

		bytes += from < to ? to - from : 0;
	}
	return bytes;
}

static u64 usable_in(u64 start, u64 end)
{
	return start < end ? end - start - holes_in(start, end) : 0;
}

/* --- what the options say --------------------------------------------------------------------- */

/* RAM is one piece up to 3 GiB, and goes on at 4 GiB. */
static u64 low_end(void)
{
	return least(boot_options.request.mem_bytes, KVL_LOW_RAM_END_GPA);
}

static u64 high_end(void)
{
	return KVL_HIGH_RAM_GPA + boot_options.request.mem_bytes - low_end();
}

/* No RAM from here on is asked for a direct address: the arena wants to be highmem, the rest is too
 * far. */
static u64 ram_end(void)
{
	const struct kvl_layout_request *request = &boot_options.request;
	u64 arena = request->arena_bytes ? request->arena_bytes : KVL_ARENA_DEFAULT;

	return low_end() - (request->arena_highmem ? arena : 0);
}

static u64 vmalloc_asked(void)
{
	u64 bytes = boot_options.request.vmalloc_bytes;

	return bytes ? bytes : KVL_VMALLOC_DEFAULT;
}

/* For lowmem and vmalloc together, in bytes from page_offset: less the windows behind them, and a
 * gap. */
static u64 room(void)
{
	const struct kvl_layout_request *request = &boot_options.request;
	u64 kva = request->kva_bytes ? request->kva_bytes : KVL_KVA_DEFAULT;
	/* a page-table entry for each user page, and slots */
	u64 ukva = request->page_offset / PAGE_BYTES * 8 + MiB(2);
	u64 fixed = MiB(2) + MiB(2); /* gap, fixmap */

	return GiB(4) - request->page_offset - fixed - (request->ukva_in_user ? 0 : ukva) - kva;
}

/* Where lowmem ends in a linear layout: vmalloc and what is behind it take their bytes from the
 * top. */
static u64 linear_end(void)
{
	return least(room() - vmalloc_asked(), low_end());
}

/* --- what came back: row A3 ------------------------------------------------------------------- */

/*
 * Holes inside the linear direct range, RAM above its limit, and what may be taken of the vmalloc
 * behind it, less the holes that lie there themselves: the least of these.
 */
static u64 intermixed(u64 limit)
{
	u64 last = limit + vmalloc_asked() - boot_options.request.vmalloc_upper_bytes;

	return least(holes_in(0, limit), usable_in(limit, least(last, ram_end())));
}

/* Lowmem keeps its size, and all of it is RAM; only holes below the image stay. */
static u64 packed(u64 limit)
{
	return least(holes_in(KVL_BOOT_GPA, limit), usable_in(limit, ram_end()));
}

static bool is_all_hole(u64 section)
{
	return holes_in(section, section + LARGE_BYTES) == LARGE_BYTES;
}

/* The sections behind the image that were left out are made up for by as many that are not all
 * hole. */
static u64 sections(u64 limit)
{
	u64 at = KVL_BOOT_GPA, bytes = 0;
	u32 left_out = 0;

	for (; at < limit; at += LARGE_BYTES)
		left_out += is_all_hole(at);
	for (; left_out && at < ram_end(); at += LARGE_BYTES) {
		bytes += usable_in(at, at + LARGE_BYTES);
		left_out -= !is_all_hole(at);
	}
	return bytes;
}

static u64 must_come_back(void)
{
	switch (layout.kind) {
	case KVL_LAYOUT_PACKED: return packed(linear_end());
	case KVL_LAYOUT_SECTIONS: return sections(linear_end());
	case KVL_LAYOUT_INTERMIXED: return intermixed(linear_end());
	case KVL_LAYOUT_LINEAR:
	case KVL_LAYOUT_KINDS: break;
	}
	return 0;
}

static void account_for_recovery(void)
{
	u64 linear = usable_in(KVL_RAM_START_GPA, linear_end());
	u64 holes = holes_in(0, linear_end());
	s64 recovered = kvl_lowmem_bytes(&layout) - linear;

	metric("lowmem_bytes", kvl_lowmem_bytes(&layout));
	metric("hole_bytes", holes);
	metric("recovered_bytes", recovered);
	metric("recovered_percent", holes ? recovered * 100 / (s64)holes : 100);
	metric("highmem_bytes", usable_in(layout.lowmem_end_gpa, low_end()) +
					usable_in(KVL_HIGH_RAM_GPA, high_end()));
	check_equal("lowmem.recovered_bytes", recovered, must_come_back());
}

/* --- its leaves, and its end ------------------------------------------------------------------ */

struct leaves {
	u64 large, small;
};

/* What pieces allow: large where both addresses are aligned, and there is so much. */
static struct leaves leaves_planned(void)
{
	struct leaves leaves = { 0, 0 };

	for (u32 i = 0; i < layout.nlowmem; i++) {
		const struct kvl_piece *piece = &layout.lowmem[i];
		u64 from = ALIGN_UP(piece->va, LARGE_BYTES);
		u64 to = ALIGN_DOWN(piece->va + piece->bytes, LARGE_BYTES);
		u64 large = from < to && (piece->va - piece->gpa) % LARGE_BYTES == 0 ? to - from
										     : 0;

		leaves.large += large / LARGE_BYTES;
		leaves.small += (piece->bytes - large) / PAGE_BYTES;
	}
	return leaves;
}

static struct leaves leaves_in_tables(void)
{
	struct leaves leaves = { 0, 0 };

	for (u32 i = 0; i < layout.nlowmem; i++) {
		u64 at = layout.lowmem[i].va, end = at + layout.lowmem[i].bytes, bytes;

		for (; at < end; at += bytes ? bytes : PAGE_BYTES) {
			bytes = pt_leaf_bytes(&init_mm, at);
			leaves.large += bytes == LARGE_BYTES;
			leaves.small += bytes == PAGE_BYTES;
		}
	}
	return leaves;
}

static void count_leaves(void)
{
	struct leaves found = leaves_in_tables(), planned = leaves_planned();

	metric("large_leaves", found.large);
	metric("small_leaves", found.small);
	check_equal("lowmem.large_leaves", found.large, planned.large);
	check_equal("lowmem.small_leaves", found.small, planned.small);
}

/* Where so many usable bytes end, counted from the start of RAM. */
static u64 end_of_usable(u64 bytes)
{
	u64 at = KVL_RAM_START_GPA + bytes;

	while (usable_in(KVL_RAM_START_GPA, at) < bytes)
		at += bytes - usable_in(KVL_RAM_START_GPA, at);
	return at;
}

/*
 * Row A8: RAM, or a hole, that lies across the limit is split exactly there. What has addresses is
 * all that is usable below it: the first so many bytes.
 */
static void look_at_the_limit(void)
{
	u64 linear = usable_in(KVL_RAM_START_GPA, linear_end());
	u64 want = layout.kind == KVL_LAYOUT_LINEAR ? linear_end()
						    : end_of_usable(linear + must_come_back());
	const struct kvl_piece *last = &layout.lowmem[layout.nlowmem - 1];
	struct page *below = gpa_page(last->gpa + last->bytes - PAGE_BYTES);

	check_equal("limit.gpa", layout.lowmem_end_gpa, want);
	check_equal("limit.last_address", (u64)page_address(below),
		    last->va + last->bytes - PAGE_BYTES);
	check_equal("limit.nothing_behind", pt_lookup(&init_mm, last->va + last->bytes), 0);
}

/* --- what is left for vmalloc ----------------------------------------------------------------- */

/* Addresses inside lowmem that show nothing, and are nobody's; of sections that are in part holes:
 * not known. */
static u64 lost(void)
{
	switch (layout.kind) {
	case KVL_LAYOUT_LINEAR: return holes_in(0, linear_end());
	case KVL_LAYOUT_PACKED: return holes_in(0, KVL_BOOT_GPA);
	case KVL_LAYOUT_SECTIONS:
	case KVL_LAYOUT_INTERMIXED:
	case KVL_LAYOUT_KINDS: break;
	}
	return 0;
}

void layout_check_vmalloc(u64 bytes, u64 upper)
{
	u64 left = room() - KVL_RAM_START_GPA - kvl_lowmem_bytes(&layout) - lost();
	bool intermixed = layout.kind == KVL_LAYOUT_INTERMIXED;

	if (layout.kind == KVL_LAYOUT_SECTIONS)
		check_range("vmalloc.bytes", bytes, vmalloc_asked(), left);
	else
		check_equal("vmalloc.bytes", bytes, left);
	check_equal("vmalloc.upper_bytes", upper,
		    bytes - (intermixed ? holes_in(0, layout.lowmem_end_gpa) : 0));
}

void layout_account_for_lowmem(void)
{
	account_for_recovery();
	count_leaves();
	look_at_the_limit();
}
