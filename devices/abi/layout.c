/* SPDX-License-Identifier: MIT */
/*
 * Owns the arithmetic of the layout: which RAM has a direct address, where the kernel's regions and
 * the core lie, which RAM is usable. Knows nothing of who asks, prints nothing, allocates nothing:
 * the host and the guest compile this same file and must come to the same answer.
 */
#include "layout.h"

#include "shared.h"
#include "trace_abi.h"

#define GAP_BYTES MiB(2)
#define PAGEABLE_BYTES KVL_RAM_START_GPA /* whose direct map would show no RAM */
#define UKVA_BYTES MiB(8)
#define FIXMAP_BYTES MiB(2)
#define SPACE_END GiB(4)

static int fail(struct kvl_layout_failure *why, enum kvl_layout_error error, u64 value)
{
	*why = (struct kvl_layout_failure){ .error = error, .value = value };
	return -1;
}

static int fail_hole(struct kvl_layout_failure *why, enum kvl_layout_error error, u32 index,
		     u32 other, u64 value)
{
	*why = (struct kvl_layout_failure){
		.error = error, .value = value, .index = index, .other = other
	};
	return -1;
}

static u64 least(u64 a, u64 b)
{
	return a < b ? a : b;
}

static u64 end_of(struct kvl_range range)
{
	return range.start + range.bytes;
}

static bool overlap(struct kvl_range a, struct kvl_range b)
{
	return a.start < end_of(b) && b.start < end_of(a);
}

u64 kvl_machine_gpa(u64 offset)
{
	return offset < KVL_LOW_RAM_END_GPA ? offset
					    : offset - KVL_LOW_RAM_END_GPA + KVL_HIGH_RAM_GPA;
}

u64 kvl_machine_offset(u64 gpa)
{
	if (gpa < KVL_LOW_RAM_END_GPA)
		return gpa;
	if (gpa < KVL_HIGH_RAM_GPA)
		return UINT64_MAX;
	return gpa - KVL_HIGH_RAM_GPA + KVL_LOW_RAM_END_GPA;
}

const char *kvl_region_name(enum kvl_region_kind kind)
{
	switch (kind) {
	case KVL_REGION_PAGEABLE: return "pageable";
	case KVL_REGION_LOWMEM: return "lowmem";
	case KVL_REGION_GAP: return "gap";
	case KVL_REGION_VMALLOC: return "vmalloc";
	case KVL_REGION_KVA: return "kva";
	case KVL_REGION_UKVA: return "ukva";
	case KVL_REGION_FIXMAP: return "fixmap";
	case KVL_REGIONS: break;
	}
	return "?";
}

static int check_sizes(const struct kvl_layout_request *request, struct kvl_layout_failure *why)
{
	if (request->ncpus == 0 || request->ncpus > KVL_MAX_CPUS)
		return fail(why, KVL_LAYOUT_CPUS, KVL_MAX_CPUS);
	if (request->page_offset != GiB(1) && request->page_offset != GiB(2) &&
	    request->page_offset != GiB(3))
		return fail(why, KVL_LAYOUT_SPLIT, request->page_offset);
	if (request->mem_bytes < KVL_MEM_MIN)
		return fail(why, KVL_LAYOUT_MEM_SMALL, KVL_MEM_MIN);
	if (request->mem_bytes > KVL_MEM_MAX)
		return fail(why, KVL_LAYOUT_MEM_LARGE, KVL_MEM_MAX);
	if (request->mem_bytes % LARGE_BYTES)
		return fail(why, KVL_LAYOUT_MEM_ALIGN, request->mem_bytes);
	if (request->vmalloc_bytes % LARGE_BYTES)
		return fail_hole(why, KVL_LAYOUT_ALIGN, 0, 0, request->vmalloc_bytes);
	if (request->kva_bytes % LARGE_BYTES)
		return fail_hole(why, KVL_LAYOUT_ALIGN, 1, 0, request->kva_bytes);
	if (request->soft_entries &&
	    (request->soft_entries < KVL_SOFT_MIN || request->soft_entries > KVL_SOFT_MAX))
		return fail(why, KVL_LAYOUT_SOFT, request->soft_entries);
	return 0;
}

/* The core, guest-physical, from the boot page upward. The arena follows later if it is highmem. */
static void place_core(const struct kvl_layout_request *request, struct kvl_layout *out)
{
	u64 at = KVL_CORE_END_GPA;

	out->ram_end_gpa = kvl_machine_gpa(request->mem_bytes - 1) + 1;
	out->heap = (struct kvl_range){ at, KVL_HEAP_BYTES };
	at += KVL_HEAP_BYTES;
	out->arena = (struct kvl_range){ 0, KVL_ARENA_BYTES };
	if (!request->arena_highmem) {
		out->arena.start = at;
		at += KVL_ARENA_BYTES;
	}
	out->frames.start = ALIGN_UP(at, LARGE_BYTES);
	out->frames.bytes =
		ALIGN_UP((out->ram_end_gpa >> PAGE_SHIFT) * KVL_FRAME_ENTRY_BYTES, LARGE_BYTES);
	out->core = (struct kvl_range){ KVL_BOOT_GPA, end_of(out->frames) - KVL_BOOT_GPA };
}

/*
 * The regions keep their size, lowmem gets what is left of kernel space but at least the core; with
 * less RAM than that, vmalloc takes the rest.
 */
static int place_regions(const struct kvl_layout_request *request, struct kvl_layout *out,
			 struct kvl_layout_failure *why)
{
	const u64 fixed = GAP_BYTES + UKVA_BYTES + FIXMAP_BYTES;
	u64 vmalloc = request->vmalloc_bytes ? request->vmalloc_bytes : KVL_VMALLOC_DEFAULT;
	u64 kva = request->kva_bytes ? request->kva_bytes : KVL_KVA_DEFAULT;
	u64 space = SPACE_END - request->page_offset;
	u64 bytes[KVL_REGIONS];
	u64 wanted, at = request->page_offset;

	/* Each capped, so that the sum cannot wrap. */
	wanted = end_of(out->core) + fixed + least(vmalloc, GiB(1024)) + least(kva, GiB(1024));
	if (wanted > space)
		return fail(why, KVL_LAYOUT_NO_ROOM, wanted - space);

	out->lowmem_end_gpa = least(space - fixed - vmalloc - kva, request->mem_bytes);
	out->lowmem_end_gpa = least(out->lowmem_end_gpa, KVL_LOW_RAM_END_GPA);
	bytes[KVL_REGION_PAGEABLE] = PAGEABLE_BYTES;
	bytes[KVL_REGION_LOWMEM] = out->lowmem_end_gpa - PAGEABLE_BYTES;
	bytes[KVL_REGION_GAP] = GAP_BYTES;
	bytes[KVL_REGION_VMALLOC] = space - out->lowmem_end_gpa - fixed - kva;
	bytes[KVL_REGION_KVA] = kva;
	bytes[KVL_REGION_UKVA] = UKVA_BYTES;
	bytes[KVL_REGION_FIXMAP] = FIXMAP_BYTES;
	for (u32 i = 0; i < KVL_REGIONS; i++) {
		out->region[i] = (struct kvl_range){ at, bytes[i] };
		at += bytes[i];
	}
	return 0;
}

/* Last of the RAM below 4 GiB: the first CPU loads its root in 32-bit mode. */
static int place_high_arena(const struct kvl_layout_request *request, struct kvl_layout *out,
			    struct kvl_layout_failure *why)
{
	if (!request->arena_highmem)
		return 0;
	out->arena.start = least(out->ram_end_gpa, KVL_LOW_RAM_END_GPA) - KVL_ARENA_BYTES;
	if (out->arena.start < out->lowmem_end_gpa)
		return fail(why, KVL_LAYOUT_NO_HIGHMEM, out->lowmem_end_gpa);
	return 0;
}

/* Behind all that is placed; not across the device gap, because it is mapped as one piece. */
static struct kvl_range place_behind(struct kvl_layout *out, u64 bytes)
{
	u64 offset = out->machine_bytes;

	bytes = ALIGN_UP(bytes, LARGE_BYTES);
	if (offset < KVL_LOW_RAM_END_GPA && offset + bytes > KVL_LOW_RAM_END_GPA)
		offset = KVL_LOW_RAM_END_GPA;
	out->machine_bytes = offset + bytes;
	return (struct kvl_range){ kvl_machine_gpa(offset), bytes };
}

_Static_assert(KVL_MAX_CPUS *(KVL_SOFT_FIXED_PAGES *PAGE_BYTES +
			      KVL_SOFT_MAX * (PAGE_BYTES + KVL_SOFT_ENTRY_BYTES)) <=
		       KVL_WINDOW_VA + GiB(1) - KVL_SOFT_VA,
	       "one directory maps the window");

static u64 soft_cpu_bytes(u32 entries)
{
	return ALIGN_UP(KVL_SOFT_FIXED_PAGES * PAGE_BYTES +
				(u64)entries * (PAGE_BYTES + KVL_SOFT_ENTRY_BYTES),
			PAGE_BYTES);
}

static void place_testbed(const struct kvl_layout_request *request, struct kvl_layout *out)
{
	u64 rings = (u64)request->ncpus * KVL_RING_PACKETS * KVL_PACKET_BYTES;

	out->machine_bytes = request->mem_bytes;
	out->shared = place_behind(out, KVL_RINGS_OFFSET + rings);
	out->soft = (struct kvl_range){ 0, 0 };
	if (request->soft_entries)
		out->soft =
			place_behind(out, request->ncpus * soft_cpu_bytes(request->soft_entries));
}

u64 kvl_soft_gpa(const struct kvl_layout *layout, u32 entries, u32 cpu)
{
	return layout->soft.start + cpu * soft_cpu_bytes(entries);
}

bool kvl_is_soft(const struct kvl_layout *layout, u64 va)
{
	return va < layout->region[KVL_REGION_LOWMEM].start ||
	       (va >= layout->region[KVL_REGION_VMALLOC].start &&
		va < layout->region[KVL_REGION_FIXMAP].start);
}

/* Is it one piece of RAM? RAM is [2 MiB, 3 GiB) and, if there is more, [4 GiB, ram_end). */
static bool is_ram(const struct kvl_layout *layout, struct kvl_range range)
{
	u64 end = end_of(range);

	if (end < range.start || range.start < KVL_RAM_START_GPA || end > layout->ram_end_gpa)
		return false;
	return end <= KVL_LOW_RAM_END_GPA || range.start >= KVL_HIGH_RAM_GPA;
}

static int check_hole(const struct kvl_layout *layout, struct kvl_range hole, u32 index,
		      struct kvl_layout_failure *why)
{
	if (!hole.bytes || hole.start % PAGE_BYTES || hole.bytes % PAGE_BYTES)
		return fail_hole(why, KVL_LAYOUT_HOLE_ALIGN, index, 0, 0);
	if (!is_ram(layout, hole))
		return fail_hole(why, KVL_LAYOUT_HOLE_OUTSIDE, index, 0, layout->ram_end_gpa);
	if (overlap(hole, layout->core))
		return fail_hole(why, KVL_LAYOUT_HOLE_CORE, index, 0, end_of(layout->core));
	if (overlap(hole, layout->arena))
		return fail_hole(why, KVL_LAYOUT_HOLE_CORE, index, 1, end_of(layout->arena));
	return 0;
}

static int check_holes(const struct kvl_layout_request *request, const struct kvl_layout *layout,
		       struct kvl_layout_failure *why)
{
	if (request->nholes > KVL_MAX_HOLES)
		return fail(why, KVL_LAYOUT_HOLES, KVL_MAX_HOLES);
	for (u32 i = 0; i < request->nholes; i++) {
		if (check_hole(layout, request->hole[i], i, why))
			return -1;
		for (u32 j = 0; j < i; j++)
			if (overlap(request->hole[j], request->hole[i]))
				return fail_hole(why, KVL_LAYOUT_HOLE_OVERLAP, j, i, 0);
	}
	return 0;
}

static void sort_holes(const struct kvl_layout_request *request, struct kvl_layout *out)
{
	out->nholes = 0;
	for (u32 i = 0; i < request->nholes; i++) {
		u32 at = out->nholes++;

		for (; at > 0 && out->hole[at - 1].start > request->hole[i].start; at--)
			out->hole[at] = out->hole[at - 1];
		out->hole[at] = request->hole[i];
	}
}

static void add_usable(struct kvl_layout *out, u64 start, u64 end)
{
	if (start < end)
		out->usable[out->nusable++] = (struct kvl_range){ start, end - start };
}

/* One piece of RAM, less the holes that lie in it. */
static void take_out_holes(struct kvl_layout *out, u64 start, u64 end)
{
	for (u32 i = 0; i < out->nholes; i++) {
		if (out->hole[i].start < start || out->hole[i].start >= end)
			continue;
		add_usable(out, start, out->hole[i].start);
		start = end_of(out->hole[i]);
	}
	add_usable(out, start, end);
}

int kvl_layout_plan(const struct kvl_layout_request *request, struct kvl_layout *out,
		    struct kvl_layout_failure *why)
{
	if (check_sizes(request, why))
		return -1;
	out->page_offset = request->page_offset;
	place_core(request, out);
	if (place_regions(request, out, why) || place_high_arena(request, out, why) ||
	    check_holes(request, out, why))
		return -1;
	place_testbed(request, out);
	sort_holes(request, out);
	out->nusable = 0;
	take_out_holes(out, KVL_RAM_START_GPA, least(out->ram_end_gpa, KVL_LOW_RAM_END_GPA));
	take_out_holes(out, KVL_HIGH_RAM_GPA, out->ram_end_gpa);
	why->error = KVL_LAYOUT_OK;
	return 0;
}
