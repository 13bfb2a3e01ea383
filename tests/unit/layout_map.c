/* SPDX-License-Identifier: MIT */
/*
 * Owns the question who owns what: collects every boundary that request and plan name, and asks in
 * each interval between two of them, where all is of one kind, who claims it. Virtual,
 * guest-physical, and by directory entries for what a soft TLB translates.
 */
#include <stdlib.h>

#include "tests/unit/layout_model.h"

/* Two boundaries, and for some what they are rounded to, of all ranges that there can be. */
#define MOST_BOUNDARIES 512

struct boundaries {
	u32 n;
	u64 at[MOST_BOUNDARIES];
};

static int by_address(const void *a, const void *b)
{
	u64 left = *(const u64 *)a, right = *(const u64 *)b;

	return left < right ? -1 : left > right;
}

static void sort(struct boundaries *all)
{
	qsort(all->at, all->n, sizeof(all->at[0]), by_address);
}

static void add(struct boundaries *all, u64 start, u64 bytes)
{
	all->at[all->n++] = start;
	all->at[all->n++] = start + bytes;
}

static void add_ranges(struct boundaries *all, const struct kvl_range *range, u32 n)
{
	for (u32 i = 0; i < n; i++)
		add(all, range[i].start, range[i].bytes);
}

/* The directory entries around each boundary so far, instead of the boundaries or beside them. */
static void add_entries(struct boundaries *all, bool instead)
{
	u32 n = all->n;

	for (u32 i = 0; i < n; i++) {
		u64 at = all->at[i];

		all->at[all->n++] = ALIGN_DOWN(at, LARGE_BYTES);
		if (instead)
			all->at[i] = ALIGN_UP(at, LARGE_BYTES);
		else
			all->at[all->n++] = ALIGN_UP(at, LARGE_BYTES);
	}
}

static u32 claims(const struct kvl_range *range, u32 n, u64 at)
{
	u32 count = 0;

	for (u32 i = 0; i < n; i++)
		count += in_range(range[i], at);
	return count;
}

/* --- the lists that a plan has ---------------------------------------------------------------- */

static void expect_ascending(const struct kvl_range *range, u32 n, const char *text)
{
	for (u32 i = 0; i < n; i++) {
		rule(range[i].bytes && !((range[i].start | range[i].bytes) % PAGE_BYTES), text, i,
		     range[i].start);
		rule(i == 0 || range[i].start >= range_end(range[i - 1]), text, i, range[i].start);
	}
}

static void expect_pieces(const struct kvl_layout *plan)
{
	for (u32 i = 0; i < plan->nlowmem; i++) {
		const struct kvl_piece *piece = &plan->lowmem[i];

		rule(piece->bytes && !((piece->gpa | piece->va | piece->bytes) % PAGE_BYTES),
		     "a piece of lowmem is of whole pages (which, address)", i, piece->va);
		if (i)
			rule(piece->gpa >= piece[-1].gpa + piece[-1].bytes &&
				     piece->va >= piece[-1].va + piece[-1].bytes,
			     "pieces of lowmem ascend both ways (which, address)", i, piece->va);
	}
}

/* The plan's holes are the request's. */
static void expect_holes(const struct kvl_layout_request *request, const struct kvl_layout *plan)
{
	rule(plan->nholes == request->nholes, "all holes are planned", plan->nholes,
	     request->nholes);
	for (u32 i = 0; i < request->nholes; i++) {
		bool found = false;

		for (u32 j = 0; j < plan->nholes && !found; j++)
			found = plan->hole[j].start == request->hole[i].start &&
				plan->hole[j].bytes == request->hole[i].bytes;
		rule(found, "each hole is planned (start)", request->hole[i].start, 0);
	}
}

static void expect_lists(const struct layout_facts *facts, const struct kvl_layout *plan)
{
	rule(plan->nlowmem >= 1 && plan->nlowmem <= ARRAY_LEN(plan->lowmem) &&
		     plan->nvmalloc <= ARRAY_LEN(plan->vmalloc) &&
		     plan->ndynamic <= ARRAY_LEN(plan->dynamic) &&
		     plan->nusable <= ARRAY_LEN(plan->usable),
	     "lists have no more than they can hold", plan->nlowmem, plan->nvmalloc);
	expect_pieces(plan);
	expect_ascending(plan->vmalloc, plan->nvmalloc, "vmalloc's ranges ascend (which, start)");
	expect_ascending(plan->dynamic, plan->ndynamic, "dynamic ranges ascend (which, start)");
	expect_ascending(plan->usable, plan->nusable, "usable RAM ascends (which, start)");
	expect_ascending(plan->hole, plan->nholes, "holes ascend (which, start)");
	expect_holes(facts->request, plan);
}

static void expect_regions(const struct layout_facts *facts, const struct kvl_layout *plan)
{
	u64 at = facts->request->page_offset;

	rule(plan->page_offset == at, "the split is as asked for", plan->page_offset, at);
	rule(plan->kind == facts->request->kind, "the kind is as asked for", plan->kind, 0);
	for (u32 i = 0; i < KVL_REGIONS; i++) {
		if (i == KVL_REGION_UKVA && facts->request->ukva_in_user)
			continue;
		rule(plan->region[i].start == at, "regions follow one another (which, start)", i,
		     plan->region[i].start);
		at += plan->region[i].bytes;
	}
	rule(at == SPACE_END, "regions end at 4 GiB", at, 0);
}

/* Row B2: user space ends where kernel space begins, or where the per-task space before it does. */
static void expect_user_end(const struct layout_facts *facts, const struct kvl_layout *plan)
{
	struct kvl_range ukva = plan->region[KVL_REGION_UKVA];
	u64 end = facts->request->page_offset;

	if (facts->request->ukva_in_user)
		rule(range_end(ukva) == end, "the per-task space ends at the split", ukva.start,
		     ukva.bytes);
	rule(plan->user_end == (facts->request->ukva_in_user ? ukva.start : end),
	     "user space ends there", plan->user_end, end);
	rule((ukva.start | ukva.bytes) % LARGE_BYTES == 0,
	     "the per-task space is of whole directory entries (start, bytes)", ukva.start,
	     ukva.bytes);
	rule(!kvl_is_shared(plan, end - 1) && kvl_is_shared(plan, end) &&
		     !kvl_is_shared(plan, ukva.start) && !kvl_is_shared(plan, range_end(ukva) - 1),
	     "spaces share the kernel's part without the per-task space", end, ukva.start);
}

/* --- kernel space ----------------------------------------------------------------------------- */

static u32 pieces_at(const struct kvl_layout *plan, u64 va)
{
	u32 count = 0;

	for (u32 i = 0; i < plan->nlowmem; i++)
		count += va - plan->lowmem[i].va < plan->lowmem[i].bytes;
	return count;
}

/* Kind sections: @va is lost if its section shows frames, and where @va is one would be of a hole.
 * All pieces in the section have to agree on the frame. */
static bool is_lost_in_section(const struct kvl_layout *plan, u64 va)
{
	u64 section = ALIGN_DOWN(va, LARGE_BYTES), frame = 0;

	for (u32 i = 0; i < plan->nlowmem; i++) {
		const struct kvl_piece *piece = &plan->lowmem[i];
		u64 shown = va - piece->va + piece->gpa;

		if (piece->va >= section + LARGE_BYTES || piece->va + piece->bytes <= section)
			continue;
		if (frame && frame != shown)
			return false;
		frame = shown;
	}
	return frame && claims(plan->hole, plan->nholes, frame);
}

/*
 * May @va, in the region lowmem, belong to nobody? In kind linear if the frame that it would show
 * is of a hole. In packed and sections also so below the core, whose image stays where it was
 * linked to be; and in sections what of a hole is less than a section. In intermixed nothing is
 * lost.
 */
static bool is_lost(const struct kvl_layout *plan, u64 va)
{
	u64 frame = va - plan->page_offset;
	bool shows_hole = claims(plan->hole, plan->nholes, frame);

	switch (plan->kind) {
	case KVL_LAYOUT_LINEAR: return shows_hole;
	case KVL_LAYOUT_PACKED: return shows_hole && frame < MiB(16);
	case KVL_LAYOUT_SECTIONS:
		return (shows_hole && frame < MiB(16)) || is_lost_in_section(plan, va);
	default: return false;
	}
}

/* The one owner of @va: a piece of lowmem, a range of vmalloc's, a region of another kind, or
 * nobody. */
static void expect_owner(const struct kvl_layout *plan, u64 va)
{
	u32 lowmem = pieces_at(plan, va), vmalloc = claims(plan->vmalloc, plan->nvmalloc, va);
	u32 region = 0;

	while (region < KVL_REGIONS && !in_range(plan->region[region], va))
		region++;
	rule(lowmem + vmalloc <= 1, "an address has one owner (address, claims)", va,
	     lowmem + vmalloc);
	switch (region) {
	case KVL_REGION_LOWMEM:
		if (!lowmem && !vmalloc)
			rule(is_lost(plan, va), "an address in lowmem is nobody's", va, 0);
		if (vmalloc)
			rule(plan->kind == KVL_LAYOUT_INTERMIXED,
			     "vmalloc is inside lowmem in kind intermixed alone", va, 0);
		break;
	case KVL_REGION_VMALLOC:
		rule(vmalloc, "vmalloc's region is vmalloc's (address)", va, 0);
		break;
	default:
		rule(lowmem + vmalloc == 0, "a region has another owner (address, region)", va,
		     region);
	}
}

static void expect_owners(const struct kvl_layout_request *request, const struct kvl_layout *plan)
{
	struct boundaries all = { .n = 0 };

	for (u32 i = 0; i < plan->nlowmem; i++)
		add(&all, plan->lowmem[i].va, plan->lowmem[i].bytes);
	add_entries(&all, false);
	for (u32 i = 0; i < request->nholes; i++)
		add(&all, request->hole[i].start + plan->page_offset, request->hole[i].bytes);
	add(&all, plan->page_offset + MiB(16), 0);
	add_ranges(&all, plan->vmalloc, plan->nvmalloc);
	add_ranges(&all, plan->region, KVL_REGIONS);
	sort(&all);
	for (u32 i = 0; i + 1 < all.n; i++)
		if (all.at[i] != all.at[i + 1] && all.at[i] >= plan->page_offset &&
		    all.at[i] < SPACE_END)
			expect_owner(plan, all.at[i]);
	/* nobody claims what is not kernel space */
	rule(plan->lowmem[0].va >= plan->page_offset, "lowmem begins in kernel space", 0, 0);
	for (u32 i = 0; i < plan->nvmalloc; i++)
		rule(in_range(plan->region[KVL_REGION_LOWMEM], plan->vmalloc[i].start) ||
			     in_range(plan->region[KVL_REGION_VMALLOC], plan->vmalloc[i].start),
		     "vmalloc lies in kernel space (start)", plan->vmalloc[i].start, 0);
}

/* --- what a soft TLB translates --------------------------------------------------------------- */

static bool overlaps(struct kvl_range range, u64 start, u64 end)
{
	return range.start < end && start < range_end(range);
}

static bool has_lowmem(const struct kvl_layout *plan, u64 start, u64 end)
{
	for (u32 i = 0; i < plan->nlowmem; i++)
		if (plan->lowmem[i].va < end && start < plan->lowmem[i].va + plan->lowmem[i].bytes)
			return true;
	return false;
}

/* User space, and what the kernel maps and unmaps all the time. */
static bool has_dynamic(const struct kvl_layout *plan, u64 start, u64 end)
{
	bool found = start < plan->page_offset; /* the user's, and what is carved from it */

	for (u32 i = 0; i < plan->nvmalloc; i++)
		found |= overlaps(plan->vmalloc[i], start, end);
	return found || overlaps(plan->region[KVL_REGION_PAGEABLE], start, end) ||
	       overlaps(plan->region[KVL_REGION_KVA], start, end) ||
	       overlaps(plan->region[KVL_REGION_UKVA], start, end);
}

/* By directory entries: those with something dynamic and neither lowmem nor the fixmap. */
static void expect_soft_places(const struct kvl_layout *plan)
{
	struct boundaries all = { .n = 0 };

	add(&all, 0, SPACE_END + LARGE_BYTES);
	add_ranges(&all, plan->region, KVL_REGIONS);
	add_ranges(&all, plan->vmalloc, plan->nvmalloc);
	add_ranges(&all, plan->dynamic, plan->ndynamic);
	for (u32 i = 0; i < plan->nlowmem; i++)
		add(&all, plan->lowmem[i].va, plan->lowmem[i].bytes);
	add_entries(&all, true);
	sort(&all);
	for (u32 i = 0; i + 1 < all.n; i++) {
		u64 start = all.at[i], end = all.at[i + 1];
		bool soft;

		if (start == end)
			continue;
		soft = has_dynamic(plan, start, end) && !has_lowmem(plan, start, end) &&
		       !overlaps(plan->region[KVL_REGION_FIXMAP], start, end);
		rule(kvl_is_soft(plan, start) == soft && kvl_is_soft(plan, end - 1) == soft,
		     "a soft TLB translates dynamic entries, not those of lowmem (entries)", start,
		     end);
	}
	for (u32 i = 0; i < plan->ndynamic; i++)
		rule(!((plan->dynamic[i].start | plan->dynamic[i].bytes) % LARGE_BYTES),
		     "dynamic ranges are of whole directory entries (start, bytes)",
		     plan->dynamic[i].start, plan->dynamic[i].bytes);
}

/* --- guest-physical --------------------------------------------------------------------------- */

static const struct kvl_range image = { KVL_BOOT_GPA, KVL_CORE_END_GPA - KVL_BOOT_GPA };

static u32 direct_addresses(const struct kvl_layout *plan, u64 gpa)
{
	u32 count = 0;

	for (u32 i = 0; i < plan->nlowmem; i++)
		count += gpa - plan->lowmem[i].gpa < plan->lowmem[i].bytes;
	return count;
}

static void expect_frame(const struct layout_facts *facts, const struct kvl_layout *plan, u64 gpa)
{
	const struct kvl_layout_request *request = facts->request;
	bool ram = (gpa >= MiB(2) && gpa < facts->low_ram_end) ||
		   (gpa >= GiB(4) && gpa < facts->ram_end);
	u32 holes = claims(request->hole, request->nholes, gpa);
	u32 usable = claims(plan->usable, plan->nusable, gpa);
	u32 direct = direct_addresses(plan, gpa);
	u32 core = in_range(image, gpa) + in_range(plan->heap, gpa) + in_range(plan->frames, gpa);
	u32 testbed = in_range(plan->shared, gpa) + in_range(plan->soft, gpa) +
		      in_range(plan->segment, gpa);
	u32 arena = in_range(plan->arena, gpa);

	rule(holes + usable == ram, "a frame of RAM is usable or in a hole (gpa, claims)", gpa,
	     holes + usable);
	rule(direct == (usable && gpa < plan->lowmem_end_gpa),
	     "usable RAM below lowmem's end, and no other, has one address (gpa, addresses)", gpa,
	     direct);
	rule(core + arena + testbed <= 1 && (!core && !arena ? true : usable),
	     "core and arena lie in usable RAM and do not overlap (gpa)", gpa, core + arena);
	rule(!testbed || (!ram && gpa >= KVL_RAM_START_GPA &&
			  (gpa < KVL_LOW_RAM_END_GPA || gpa >= KVL_HIGH_RAM_GPA)),
	     "the testbed's own is no RAM and no device (gpa)", gpa, 0);
	if (core || in_range(plan->core, gpa))
		rule(direct && in_range(plan->core, gpa), "the core is lowmem (gpa)", gpa, 0);
	if (arena)
		rule(request->arena_highmem ? !direct : in_range(plan->core, gpa),
		     "the arena is where it was asked for (gpa)", gpa, 0);
}

static void expect_frames(const struct layout_facts *facts, const struct kvl_layout *plan)
{
	struct boundaries all = { .n = 0 };

	add(&all, 0, MiB(2));
	add(&all, facts->low_ram_end, 0);
	add(&all, GiB(3), GiB(1));
	add(&all, facts->ram_end, 0);
	add(&all, plan->lowmem_end_gpa, 0);
	add_ranges(&all, facts->request->hole, facts->request->nholes);
	add_ranges(&all, plan->usable, plan->nusable);
	for (u32 i = 0; i < plan->nlowmem; i++)
		add(&all, plan->lowmem[i].gpa, plan->lowmem[i].bytes);
	add_ranges(&all, &image, 1);
	add_ranges(&all, &plan->core, 1);
	add_ranges(&all, &plan->heap, 1);
	add_ranges(&all, &plan->frames, 1);
	add_ranges(&all, &plan->arena, 1);
	add_ranges(&all, &plan->shared, 1);
	add_ranges(&all, &plan->soft, 1);
	add_ranges(&all, &plan->segment, 1);
	sort(&all);
	for (u32 i = 0; i + 1 < all.n; i++)
		if (all.at[i] != all.at[i + 1])
			expect_frame(facts, plan, all.at[i]);
}

void layout_expect_map(const struct layout_facts *facts, const struct kvl_layout *plan)
{
	expect_lists(facts, plan);
	expect_regions(facts, plan);
	expect_user_end(facts, plan);
	expect_owners(facts->request, plan);
	expect_soft_places(plan);
	expect_frames(facts, plan);
}
